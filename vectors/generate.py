"""Writes `vectors/*.json` from the themes beside this file: no clock, no randomness, the same bytes each time.

Run it as `python -m vectors.generate`, or through `make vectors`, which also compares with what is committed.
The expected verdicts are written by hand in the themes; no verifier is asked for them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vectors.themes import (
    caveats,
    chain,
    envelopes,
    form,
    lists,
    names,
    order,
    payload,
    proof,
    revoked,
    roots,
    rotations,
    scopes,
    signature,
    time,
    valid,
)

HERE = Path(__file__).resolve().parent
TOKENS = (
    valid,
    form,
    payload,
    signature,
    chain,
    proof,
    time,
    caveats,
    roots,
    revoked,
    scopes,
    order,
)


def files() -> dict[str, dict[str, Any]]:
    """Every file of vectors by its name."""
    made: dict[str, dict[str, Any]] = {}
    for theme in (*TOKENS, envelopes, lists, rotations):
        about = (theme.__doc__ or "").strip().splitlines()[0]
        name = theme.__name__.rpartition(".")[2]
        made[f"{name}.json"] = {"about": about, "cases": list(theme.cases())}
    made["names.json"] = names.tables()
    return made


def texts() -> dict[str, str]:
    """The same as text; one line for each value, so that a difference can be read."""
    return {name: json.dumps(content, indent=1) + "\n" for name, content in files().items()}


def main() -> None:
    """Write them all."""
    for name, text in texts().items():
        (HERE / name).write_text(text, encoding="ascii")
    for name, content in files().items():
        print(f"{len(content.get('cases', content)):4} {name}")


if __name__ == "__main__":
    main()
