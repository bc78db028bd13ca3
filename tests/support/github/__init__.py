"""A stand-in for GitHub's REST API: its own process, held to GitHub's own OpenAPI description.

What it is: routes, parameters, bodies and answers come from `tests/support/data/github/rest-extract.json` alone, and
openapi-core checks each request and each answer against it. What it is not: a model of permissions, rate limits or
anything else the description does not hold, beyond the few faults a test arms.

`python -m tests.support.github --log FILE [--port N]` runs it; see `__main__` for the commands it takes on stdin.
"""
