"""The delegation service, `kanoniv-auth-server`: issues grants, also for OIDC tokens, verifies them and revokes."""
