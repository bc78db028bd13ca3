"""The GitHub Action's program: inputs in, one scoped token out, and a report of what was granted.

A surface over `kanoniv_auth.core` and `kanoniv_auth.store`; never imported by them. Only `main` knows the order.
"""
