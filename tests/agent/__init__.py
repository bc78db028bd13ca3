"""A real coding agent, offline, against its hooks. `make test-agent` sets up what these tests need."""
