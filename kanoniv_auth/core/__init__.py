"""The pure core: what a reviewer must read to trust a token.

Nothing in here opens a file, reads a clock, the environment or a source of entropy: bytes, keys and a time come
in as arguments, a value goes out or an `AuthError` is raised. Spec: docs/spec/token.md.
"""
