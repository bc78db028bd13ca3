"""What the tests stand on: the GitHub stand-in, the workflow runner, the Docker Engine, recorded events."""
