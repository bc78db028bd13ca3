"""The `kanoniv-auth` command. `main` dispatches; `verify` and `exec` never load click."""
