"""The real job in a real runner, on the host and in a container."""
