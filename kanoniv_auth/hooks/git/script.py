"""The hook as a file: its text, and whether a file is one of ours. Pure.

The script holds the interpreter, git and the roots as they were when it was installed; a digest of its own lines tells
one that was changed by hand.
"""

from __future__ import annotations

import hashlib

# the second name, under which a hook that was there before goes on
SUFFIX = ".kanoniv-next"
NONE, OURS, CHANGED, PUBLISHED, FOREIGN = "none", "ours", "changed", "published", "foreign"

_HEAD = b"#!/bin/sh\n# kanoniv-auth pre-push hook; sha256 of the lines below: "
_ROOTS = b"\nroots="
# what kanoniv-auth 0.2.6 to 0.3.0 copied into .git/hooks
_PUBLISHED = b"#!/usr/bin/env bash\n# kanoniv-auth pre-push hook\n"
_IMPORT = (
    "import sys\n"
    "try: from kanoniv_auth.cli.main import main\n"
    'except ImportError as error: sys.exit(f"error: {error}\\n'
    'fix: install kanoniv-auth again, then: kanoniv-auth install-hook")\n'
    "main()"
)
_BODY = """\
# Every ref of a push needs a scope; without one, and on any error, the push is refused. `git push --no-verify` goes
# around it. Made by `kanoniv-auth install-hook`, taken out by `kanoniv-auth uninstall-hook`.
roots={roots}
python={python}
git={git}
for program in "$python" "$git"; do
  if [ ! -x "$program" ]; then
    echo "error: the push is refused: $program, which checks it, is gone" >&2
    echo "fix: kanoniv-auth install-hook" >&2
    exit 1
  fi
done
exec "$python" -I -c {program} hook pre-push --root-did "$roots" --git "$git"{following} -- "$1" "$2"
"""


def write(python: bytes, git: bytes, roots: str, *, chained: bool) -> bytes:
    """Write the script.

    python, git: paths of the two programs · roots: separated by commas · chained: a hook comes after
    """
    following = f' --next "${{0%/*}}/pre-push{SUFFIX}"' if chained else ""
    body = _BODY.format(
        roots=_quoted(roots),
        python="{python}",
        git="{git}",
        program=_quoted(_IMPORT),
        following=following,
    ).encode("ascii")
    for name, path in ((b"{git}", git), (b"{python}", python)):
        body = body.replace(name, b"'" + path.replace(b"'", b"'\\''") + b"'", 1)
    return _HEAD + _digest(body) + b"\n" + body


def kind(data: bytes | None) -> str:
    """What a file is, None for one that is not there."""
    if data is None:
        return NONE
    if data.startswith(_HEAD):
        said, _, body = data[len(_HEAD) :].partition(b"\n")
        return OURS if said == _digest(body) else CHANGED
    return PUBLISHED if data.startswith(_PUBLISHED) else FOREIGN


def roots_of(data: bytes) -> str:
    """The roots in a script of ours that nobody changed."""
    line = data.partition(_ROOTS)[2].partition(b"\n")[0]
    return line.decode("ascii").strip("'")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii")
