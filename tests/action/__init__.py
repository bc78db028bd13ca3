"""The Action, one scenario a file: entrypoint.py as a process, its stdout, its command files and its HTTP requests."""
