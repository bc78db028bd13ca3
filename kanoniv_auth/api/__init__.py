"""Where the library meets the world: home directory, clock, environment and entropy go into core here.

The names people import stand in `kanoniv_auth` itself; each module here is one noun of theirs.
"""
