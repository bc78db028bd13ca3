"""What `make bench-server` measures, and how: docs/bench-server.md is its output. Not part of the distribution.

Services and a no-op application of the same stack run on one core (`services`), `wrk` on another (`load`); they take
turns, round after round, over tokens that were made beforehand (`tokens`). What counts are ratios of one round.
"""
