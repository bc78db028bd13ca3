"""The action that is asked for: whole segments, one spelling, nothing repaired."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import CI, TWO, begin, case

DEPLOY = begin(CI, ["deploy", "git.push.main"]).seal()


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    for action in (
        "deploy",
        "deploy.prod",
        "deploy.a.b.c",
        "git.push.main",
        "git.push.main.x",
        "deploy.%2e",
    ):
        yield case(
            f"asks for {action}", "allow", "A22", f"{action} is covered", DEPLOY, action=action
        )
    uncovered = {
        "test": "",
        "git": "A22",
        "git.push": "A22",
        "git.push.mai": "A22",
        "git.push.main2": "A22",
        "deployment": "A22",
        "deploy-prod": "A22",
        "deploy_prod": "A22",
        "deploy%2eprod": "A23",
        "git.push.main%2eevil": "A23",
        "git.push.main%2fx": "A23",
        "git.push.Main": "A23",
        "DEPLOY": "A23",
        "git.push.m%c3%a4in": "A23",
        "git.push.%c3%a9": "A23",
        "git.push.e%cc%81": "A23",
        "git.push.depl%d0%bey": "A23",
    }
    for action, rows in uncovered.items():
        yield case(
            f"asks for {action}",
            "scope",
            f"{rows} A9",
            f"{action} is a scope, and not covered",
            DEPLOY,
            action=action,
        )
    malformed = {
        "": ("A24", "nothing"),
        "*": ("A24", "a star"),
        "deploy.*": ("A24", "a star below"),
        "deploy.": ("A22", "a dot after"),
        ".deploy": ("A22", "a dot before"),
        "deploy..prod": ("A22", "an empty segment"),
        ".": ("A22", "a dot"),
        "deploy/prod": ("A23", "a slash"),
        "deploy:prod": ("A23", "a colon"),
        "deploy.prod\n": ("A34", "a newline"),
        " deploy": ("A23", "a space before"),
        "deploy.%2E": ("A23", "a capital escape"),
        "deploy.%61": ("A23", "an escape of a letter"),
        "deploy.%": ("A23", "half an escape"),
        "deploy.%2": ("A23", "another half"),
        "deploy.%5f": ("A23", "an escape of an underscore"),
        "deploy.\u0430": ("A23", "a Cyrillic letter"),
        "deploy.e\u0301": ("A23", "a decomposed letter"),
        "deploy." + "a" * 201: ("A29", "a segment of 201"),
        "deploy" + ".a" * 16: ("A29", "17 segments"),
        "deploy\0": ("A34", "a zero"),
        "deploy.a b": ("A23", "a space inside"),
        "deploy.\uff41": ("A23", "a fullwidth letter"),
    }
    for number, (action, (rows, why)) in enumerate(malformed.items()):
        yield case(
            f"malformed action {number}",
            "scope",
            rows,
            f"an action with {why} is covered by nothing",
            DEPLOY,
            action=action,
        )
    yield case(
        "the parent's scope",
        "scope",
        "A9",
        "what a link gave up is gone",
        TWO.seal(),
        action="test",
    )
    yield case(
        "the parent of the scope",
        "scope",
        "A22",
        "a scope does not cover its parent",
        TWO.seal(),
        action="deploy",
    )
    yield case(
        "asked by a pop",
        "scope",
        "A27",
        "a signed request for what was not granted",
        TWO.pop("deploy.prod"),
        action="deploy.prod",
        seen=[],
    )
