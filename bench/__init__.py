"""What `make bench` measures, and how: docs/bench.md is its output. Not part of the distribution.

Each contender is a worker process in an environment of its own (`bench.worker`); the driver
(`bench.__main__`) lets them take turns, round after round. Whole processes and the Action's start
take turns in the same way (`bench.processes`, `bench.starts`). Goals: ratios in one run, medians.
"""
