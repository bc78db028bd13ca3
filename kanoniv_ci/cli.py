"""`kanoniv-ci`: the Action's tools for people and pipelines, outside of the Action itself."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kanoniv_auth.core.errors import AuthError, StorageError, UsageError
from kanoniv_ci.faults import FIXES
from kanoniv_ci.policy import DEFAULT_PATH, LARGEST, Answer, check

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIPE = 141


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError("usage", detail=message, fix=f"{self.prog} --help")


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line: 0 valid or allowed, 1 refused, 2 unusable. words: default, this process's own."""
    given = list(sys.argv[1:] if words is None else words)
    try:
        return _say(_answer(given), as_json="--json" in given)
    except BrokenPipeError:
        sys.stderr.close()
        return _PIPE


def _answer(given: list[str]) -> Answer:
    try:
        asked = _parser().parse_args(given)
        claims = None if asked.claims is None else _text(asked.claims)
        return check(asked.paths or [DEFAULT_PATH], claims, asked.scopes, asked.ttl)
    except AuthError as error:
        message = "".join([c if c.isprintable() else ascii(c)[1:-1] for c in str(error)])
        fix = str(error.facts.get("fix") or FIXES[error.slug])
        lines = (f"error: {message} [{error.slug}]", f"fix: {fix}")
        return Answer(error.reason.exit, error.slug, message, "", lines, fix)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="kanoniv-ci", description="Tools around the GitHub Action.", allow_abbrev=False
    )
    nouns = parser.add_subparsers(metavar="COMMAND", required=True)
    policy = nouns.add_parser(
        "policy", help="trust policies: which workflows may have which scopes"
    )
    verbs = policy.add_subparsers(metavar="COMMAND", required=True)
    about = "Check trust policies. With --claims, explain every condition: exit 0 allowed, 1 refused, 2 unusable."
    one = verbs.add_parser(
        "check", help="check files, and explain them", description=about, allow_abbrev=False
    )
    one.add_argument("paths", nargs="*", metavar="DIR|FILE", help=f"default: {DEFAULT_PATH}")
    one.add_argument(
        "--claims",
        metavar="FILE",
        help="the claims of a token, as a JSON object; - for standard input",
    )
    one.add_argument("--scopes", metavar="A,B", help="the scopes that the workflow asks for")
    one.add_argument("--ttl", metavar="TIME", help="how long it asks for, such as 1h")
    one.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser


def _text(path: str) -> str:
    """Read the claims. Raises: StorageError, UsageError."""
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as file:
            return file.read(LARGEST + 1).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("usage", detail="the claims are not UTF-8", fix=None) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StorageError(
            "storage", detail=f"cannot read {path}: {reason}", fix="name a file"
        ) from None


def _say(answer: Answer, *, as_json: bool) -> int:
    if as_json:
        head = {
            "ok": answer.exit == 0,
            "code": answer.code,
            "message": answer.message,
            "fix": answer.fix,
        }
        sys.stdout.write(json.dumps({**head, **answer.facts}) + "\n")
    else:
        sys.stdout.write(f"{answer.text}\n" if answer.text else "")
        sys.stderr.write("".join([f"{line}\n" for line in answer.errors]))
    sys.stdout.flush()
    return answer.exit
