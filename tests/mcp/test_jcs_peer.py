"""Another implementation of RFC 8785 writes the same bytes."""

from __future__ import annotations

import json
import random
import struct
import subprocess

from kanoniv_auth.core.jcs import jcs
from tests.support.mcp_peers import python_sdk

_PEER = """
import json, sys, rfc8785
for line in sys.stdin:
    print(rfc8785.dumps(json.loads(line)).hex())
"""


def _value(source: random.Random, depth: int) -> object:
    kind = source.randrange(7 if depth else 4)
    if kind == 0:
        return source.choice([None, True, False, "", 0, -0.0, 1e21, 1e-7, 123456789012345680000.0])
    if kind == 1:
        return source.randint(-(2**53) + 1, 2**53 - 1)
    if kind == 2:
        (number,) = struct.unpack("<d", source.randbytes(8))
        return number if number - number == 0 else source.uniform(-1e9, 1e9)
    if kind == 3:
        letters = 'ab"\\/\x00\x1f\x7f\x80\u00e9\u2028\ud7ff\ue000\ufffd\U0001f600\U0010ffff'
        return "".join(source.choices(letters, k=source.randrange(8)))
    if kind == 4:
        return [_value(source, depth - 1) for _ in range(source.randrange(4))]
    names = [str(_value(random.Random(source.random()), 0)) for _ in range(source.randrange(5))]  # noqa: S311 - test data
    return {name: _value(source, depth - 1) for name in names}


def test_rfc8785_writes_the_same() -> None:
    source = random.Random(8785)  # noqa: S311 - test data
    values = [_value(source, 4) for _ in range(5000)]
    # repr() is not JSON: numbers travel in Python's text, which both read as the same double
    lines = "".join([json.dumps(value) + "\n" for value in values])
    done = subprocess.run(
        [python_sdk(), "-I", "-c", _PEER], input=lines, capture_output=True, text=True, check=True
    )
    found = [bytes.fromhex(line) for line in done.stdout.split()]
    assert len(found) == len(values)
    assert [(a, b) for a, b in zip(map(jcs, values), found, strict=True) if a != b] == []
