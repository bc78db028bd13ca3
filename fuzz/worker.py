"""One target under the fuzzer, in the environment that has it.

    python -m fuzz.worker TARGET PLANT [libFuzzer's options] CORPUS

PLANT: the name of a bug to plant in memory first, "" for none.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from random import Random

import atheris  # type: ignore[import-untyped]

# name -> module and class
TARGETS = {
    "token": ("fuzz.token", "Tokens"),
    "envelope": ("fuzz.envelope", "Envelopes"),
    "legacy": ("fuzz.legacy", "Legacy"),
    "calls": ("fuzz.calls", "Calls"),
    "lists": ("fuzz.lists", "Statements"),
    "names": ("fuzz.names", "Names"),
}


def main() -> None:
    """Instrument core, plant what is to be planted, and let the fuzzer go."""
    name, plant, *options = sys.argv[1:]
    module, kind = TARGETS[name]
    with atheris.instrument_imports(include=["kanoniv_auth.core"]):
        target = getattr(importlib.import_module(module), kind)()
    corpus = Path(options[-1])
    corpus.mkdir(parents=True, exist_ok=True)
    # a planted bug is to be found by changing what is right, not by a vector that is about it
    seeds = list(target.seeds(honest=bool(plant)))
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number:04}").write_bytes(seed)
    if plant:
        target.plants()[plant]()

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        random = Random(seed)
        for _ in range(4):
            made: bytes = target.mutate(data, random)
            if made and len(made) <= limit:
                return made
        return bytes(data)

    # `seeds` are never lost: libFuzzer hands over one byte when it has nothing better
    def one_input(data: bytes) -> None:
        target.check(data if len(data) > 1 else seeds[0])

    def mutate_or_begin(data: bytes, limit: int, seed: int) -> bytes:
        return mutate(data if len(data) > 1 else seeds[seed % len(seeds)], limit, seed)

    atheris.Setup([sys.argv[0], *options], one_input, custom_mutator=mutate_or_begin)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
