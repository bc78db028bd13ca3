"""Sizes, pinned exactly; and how much there is to read."""

from __future__ import annotations

import ast
import io
import tokenize

from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.token import MAX_TOKEN
from tests.core.authority import AGENT, CHILD, NOW, PARENT, granted, key, passed_on
from tests.core.vector_files import ROOT

CORE = sorted((ROOT / "kanoniv_auth" / "core").glob("*.py"))


def links_of(chain: Chain) -> list[int]:
    return [len(link) for link in chain.text.removeprefix("kd2.").split(".")]


def test_one_short_scope_a_link() -> None:
    first = granted("deploy.staging", to=PARENT)
    second = passed_on(first, PARENT, AGENT, "deploy.staging")
    third = passed_on(second, AGENT, CHILD, "deploy.staging")
    assert links_of(third) == [346, 276, 276]
    assert links_of(third)[0] <= 360
    assert max(links_of(third)[1:]) <= 300


def test_without_an_expiry_or_with_a_name() -> None:
    bare = granted("deploy", to=PARENT, ttl=None)
    assert links_of(bare) == [312]
    named = passed_on(bare, PARENT, AGENT, "deploy", name="builder", ttl=None)
    assert links_of(named) == [312, 264]


def test_proofs() -> None:
    chain = granted("deploy")
    sealed = seal(chain, AGENT, now=NOW)
    assert len(sealed) - len(chain.text) == len("~s") + 96
    asked = pop(
        chain, AGENT, action="deploy", args_sha256=bytes(32), audience="", now=NOW, nonce=bytes(16)
    )
    assert len(asked) - len(chain.text) == len("~p") + 118


def test_sixteen_links_fit_with_room_to_spare() -> None:
    chain, holder = granted("deploy.staging"), AGENT
    for number in range(15):
        following = key(f"agent {number}")
        chain, holder = passed_on(chain, holder, following, "deploy.staging"), following
    assert len(seal(chain, holder, now=NOW)) < MAX_TOKEN / 3


def code_lines(source: str) -> int:
    """Lines that hold code: no blank ones, no comments, no docstrings."""
    prose: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if ast.get_docstring(node) is not None:
            prose |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    silent = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
    }  # fmt: skip
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - prose)


def read_by(module: str) -> set[str]:
    """The modules of core that this one stands on, itself among them; what only a type checker reads is left out."""
    found, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        tree = ast.parse(
            (ROOT / "kanoniv_auth" / "core" / f"{name}.py").read_text(encoding="utf-8")
        )
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                head, _, tail = node.module.partition("kanoniv_auth.core")
                if not head and (tail or node.module == "kanoniv_auth.core"):
                    waiting += [tail[1:]] if tail else [alias.name for alias in node.names]
    return found


def test_the_verifier_can_be_read_in_an_afternoon() -> None:
    assert code_lines('"""Doc."""\n# no\n\nx = (\n    1\n)\n') == 3
    trusted = read_by("verification")
    assert {"token", "chain", "proof", "scopes", "caveats", "sodium", "errors"} <= trusted
    sizes = {path.stem: code_lines(path.read_text(encoding="utf-8")) for path in CORE}
    assert sum(sizes[name] for name in trusted) < 1500
    # receipts, lists, the log's form, version 1: beside it, and none of them under it
    assert not {
        name for name in trusted if name.startswith(("legacy", "audit", "trail", "envelope"))
    }
