"""Every type of caveat: it holds, it does not, there is no fact, it is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import BUILDER, CI, NOW, ONE, begin, case


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _context()
    yield from _audience()
    yield from _resource()
    yield from _cost()
    yield from _unknown()
    yield from _together()


def sealed(*rows: list[Any], **seal: Any) -> str:
    """A token of one link with these caveats."""
    return begin(CI, ["deploy"], cav=list(rows)).seal(**seal)


def _context() -> Iterator[dict[str, Any]]:
    token = sealed(["context", "ref", "refs/heads/main"])
    main = {"ref": "refs/heads/main"}
    yield case(
        "context holds", "allow", "A25", "the fact is exactly the value", token, context=main
    )
    yield case(
        "context beside others",
        "allow",
        "A25",
        "facts nobody asked for do no harm",
        token,
        context={**main, "actor": "x"},
    )
    facts: dict[str, dict[str, str]] = {
        "another value": {"ref": "refs/heads/evil"},
        "a longer value": {"ref": "refs/heads/main2"},
        "no fact": {},
        "another key": {"REF": "refs/heads/main"},
        "an empty value": {"ref": ""},
        "a space after": {"ref": "refs/heads/main "},
    }
    for name, context in facts.items():
        yield case(
            f"context: {name}",
            "caveat",
            "A25 A9",
            f"the caveat asks for ref, and there is {name}",
            token,
            context=context,
        )


def _audience() -> Iterator[dict[str, Any]]:
    row = ["audience", "deploys.example"]
    yield case(
        "audience holds",
        "allow",
        "A26",
        "issuer and holder mean the same verifier",
        sealed(row, audience="deploys.example"),
        audience="deploys.example",
    )
    yield case(
        "audience: holder seals for another",
        "caveat",
        "A26",
        "the issuer's caveat outlasts the holder's new seal",
        sealed(row, audience="other.example"),
        audience="other.example",
    )
    yield case(
        "audience: verifier without a name", "caveat", "A26", "no name is no fact", sealed(row)
    )
    yield case(
        "audience: holder seals for none",
        "caveat",
        "A26",
        "and an empty name is none either",
        sealed(row),
        audience="",
    )


def _resource() -> Iterator[dict[str, Any]]:
    holds = {
        "itself": ("src/app", "src/app"),
        "below": ("src/*", "src/app"),
        "far below": ("src/*", "src/a/b/c"),
        "any": ("*", "x/y"),
        "a name with a dot": ("src/*", "src/.github"),
    }
    for name, (pattern, resource) in holds.items():
        yield case(
            f"resource: {name}",
            "allow",
            "A25",
            f"{resource} is within {pattern}",
            sealed(["resource", pattern]),
            resource=resource,
        )
    fails = {
        "another": ("src/app", "src/api"),
        "below without a star": ("src/app", "src/app/x"),
        "its parent": ("src/*", "src"),
        "an empty last segment": ("src/*", "src/"),
        "a longer word": ("src/*", "src2/app"),
        "a capital": ("src/*", "Src/app"),
        "two dots": ("src/*", "src/../etc/passwd"),
        "a dot": ("src/*", "src/./app"),
        "an empty segment": ("src/*", "src//app"),
        "any, and two dots": ("*", ".."),
        "any, and nothing": ("*", ""),
        "any, from the top": ("*", "/etc"),
        "itself with a slash": ("src/app", "src/app/"),
        "a star as fact": ("src/app", "*"),
    }
    for name, (pattern, resource) in fails.items():
        yield case(
            f"resource: {name}",
            "caveat",
            "A25",
            f"{resource!r} is not within {pattern}",
            sealed(["resource", pattern]),
            resource=resource,
        )
    for pattern in ("src/*", "*"):
        yield case(
            f"resource: none for {pattern}",
            "caveat",
            "A25",
            f"no resource is named, the caveat says {pattern}",
            sealed(["resource", pattern]),
        )


def _cost() -> Iterator[dict[str, Any]]:
    token = sealed(["max_cost", "EUR", 500])
    for amount in (0, 499, 500):
        yield case(
            f"cost {amount}",
            "allow",
            "A25",
            f"{amount} is at most 500",
            token,
            cost=["EUR", amount],
        )
    wrong: dict[str, list[Any]] = {
        "one more": ["EUR", 501],
        "less than nothing": ["EUR", -1],
        "another currency": ["USD", 1],
        "a small currency": ["eur", 1],
        "a boolean": ["EUR", True],
        "a float": ["EUR", 1.0],
        "a text": ["EUR", "1"],
    }
    for name, cost in wrong.items():
        yield case(
            f"cost: {name}",
            "caveat",
            "A25 A13",
            f"the ceiling is 500 EUR, the cost is {name}",
            token,
            cost=cost,
        )
    yield case("cost: none", "caveat", "A25", "a ceiling without a cost", token)
    yield case(
        "cost: free of charge only",
        "caveat",
        "A25",
        "a ceiling of zero",
        sealed(["max_cost", "EUR", 0]),
        cost=["EUR", 1],
    )


def _unknown() -> Iterator[dict[str, Any]]:
    rows: dict[str, list[Any]] = {
        "a new type": ["only_on", "monday"],
        "a type alone": ["frozen"],
        "a type like ours": ["Context", "ref", "x"],
        "a type with a space": ["max_cost ", "EUR", 1],
        "numbers for arguments": ["rate", 10, 60],
    }
    for name, row in rows.items():
        yield case(
            f"unknown: {name}",
            "unknown_caveat",
            "A25",
            f"nobody here can say whether {name} holds",
            sealed(row),
            context={"ref": "x"},
            cost=["EUR", 1],
        )
    child = ONE.to(BUILDER, ["deploy.staging"], cav=[["region", "eu"]])
    yield case(
        "unknown: in a child",
        "unknown_caveat",
        "A25",
        "a holder may add what this verifier cannot judge",
        child.seal(),
    )
    yield case(
        "unknown: prove",
        "allow",
        "A25",
        "whose token it is can be said all the same",
        child.seal(),
        check="prove",
    )
    yield case(
        "unknown: as parent",
        "allow",
        "A25",
        "and it may be passed on, with its caveat",
        child.grant,
        check="parent",
    )


def _together() -> Iterator[dict[str, Any]]:
    env = ["context", "env", "staging"]
    chain = begin(CI, ["deploy"], cav=[env]).to(
        BUILDER, ["deploy"], cav=[["context", "ref", "main"]]
    )
    yield case(
        "caveats add up",
        "allow",
        "A25",
        "both links' caveats hold",
        chain.seal(),
        context={"env": "staging", "ref": "main"},
    )
    for name, left in (("first", {"ref": "main"}), ("second", {"env": "staging"})):
        yield case(
            f"caveats add up: the {name} fails",
            "caveat",
            "A25",
            f"the {name} link's caveat has no fact",
            chain.seal(),
            context=left,
        )
    against = begin(CI, ["deploy"], cav=[env]).to(
        BUILDER, ["deploy"], cav=[["context", "env", "prod"]]
    )
    for value in ("staging", "prod"):
        yield case(
            f"contradiction: {value}",
            "caveat",
            "A25",
            f"a child cannot replace a caveat: env is {value}",
            against.seal(),
            context={"env": value},
        )
    order = begin(CI, ["deploy"], cav=[env]).to(BUILDER, ["deploy"], cav=[["zone", "eu"]])
    yield case(
        "order of links: known first",
        "caveat",
        "A25 A40",
        "the first link's caveat fails before the second's is met",
        order.seal(),
    )
    turned = begin(CI, ["deploy"], cav=[["zone", "eu"]]).to(BUILDER, ["deploy"], cav=[env])
    yield case(
        "order of links: unknown first",
        "unknown_caveat",
        "A25 A40",
        "the first link's caveat is met first",
        turned.seal(),
    )
    late = sealed(["context", "env", "staging"], ["not_before", NOW + 5])
    yield case(
        "order in a link: context first",
        "caveat",
        "A40",
        "caveats stand sorted, context before not_before",
        late,
    )
    yield case(
        "order in a link: then the time",
        "not_yet_valid",
        "A28 A40",
        "the second caveat is held too",
        late,
        context={"env": "staging"},
    )
