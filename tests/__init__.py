"""Tests of the whole tree. A package, so that `python -m tests.support.github` starts the GitHub stand-in by hand."""
