"""The client of the delegation service, on urllib. What it brings is checked elsewhere: nothing here decides."""
