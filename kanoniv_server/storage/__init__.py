"""Where the service keeps things: in memory, in one SQLite file, or in PostgreSQL; `opening` chooses by address."""
