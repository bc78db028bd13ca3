"""OIDC tokens of allow-listed issuers: their keys, their claims, whom they let in. RS256 lives here alone."""
