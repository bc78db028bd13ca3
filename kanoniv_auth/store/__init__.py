"""What lies in `$KANONIV_HOME`: paths, files, keys, tokens, trusted roots, receipts and agent names.

Every function takes the home it works on. No clock, no verdicts: those are core's and api's business.
Light to import, because `verify` and `exec` pass through here: no pathlib, json or re at import.
"""
