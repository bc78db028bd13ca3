"""What every route stands on: the gate in front of them, who calls, limits, bodies, problems, logs, metrics."""
