"""What the commands that make something tell people: the other half of `cli.render`, not loaded by `verify`."""

from __future__ import annotations

from kanoniv_auth.cli.quoting import plain, quoted
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.keys import short_did
from kanoniv_auth.core.token import is_v1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from kanoniv_auth.api.orders import Delegated, Order
    from kanoniv_auth.core.envelope import Envelope


def root_made(did: str, did_key: str, path: str, *, own_path: bool) -> str:
    """`init`. own_path: the key is not the home's, so the command that prints it must name it."""
    where = f" -o {quoted(path)}" if own_path else ""
    return (
        f"Root key generated.\n  DID:  {did}\n  Key:  {did_key}\n  Path: {plain(path)}\n"
        "\nWhoever has this file can grant anything. For CI, put the output of\n"
        f"  kanoniv-auth init{where} --print-secret\n"
        "into the secret KANONIV_ROOT_KEY; verifiers elsewhere need only KANONIV_ROOT_DID."
    )


def old_root_kept(path: str, by: str | None = "") -> str:
    """`init --force`. by: what trusts the old root all the same, "" for nothing, None when there is no telling."""
    kept = f"note: the old key is kept at {plain(path)}"
    if by is None:
        return kept
    if not by:
        return f"{kept}; its tokens are no longer trusted here"
    return f"{kept}; its tokens are still trusted here: {by}"


def former_root(did: str, left: int, label: str) -> str:
    """`init --force`, of a root that was rotated out before. left: seconds."""
    end = f"kanoniv-auth roots remove {quoted(label)}"
    return f"note: the former root {did} is still trusted here for {format_ttl(left)}: {end}"


def dry_run(order: Order, made: Delegated) -> str:
    """`delegate --dry-run`: the published block."""
    kind = "sub-delegation" if made.chain.depth > 1 else "root delegation"
    agent = order.name or order.to or "a new key"
    return (
        "[DRY RUN] Would create delegation:"
        f"\n  Scopes: {', '.join(order.scopes)}"
        f"\n  TTL:    {format_ttl(order.ttl)}"
        f"\n  Agent:  {agent}"
        f"\n  Type:   {kind}"
    )


def bare_number(ttl: str | None) -> tuple[str, ...]:
    """Said when a time has no unit, which the published grammar takes for seconds and most people do not."""
    number = (ttl or "").strip()
    if not number.isdecimal():
        return ()
    return (
        f"note: {number} without a unit is seconds; minutes and hours are {number}m, {number}h",
    )


def cut(made: Delegated) -> tuple[str, ...]:
    """Said whenever the parent ends before the asked time."""
    return ("note: cut to the parent's expiry, which comes first",) if made.cut else ()


def next_step(order: Order, made: Delegated) -> tuple[str, ...]:
    """What to do with a grant, or with a token in a home of its own."""
    if made.is_grant:
        return (
            f"note: a grant for {short_did(made.chain.holder_did)}; its holder runs: kanoniv-auth accept",
        )
    if is_v1(made.text):
        return (
            "note: this token holds its agent's private key: whoever reads it is that agent until it ends",
        )
    if order.home is not None:
        where, root = quoted(order.home.path), made.chain.root_did
        return (f"note: for the agent: KANONIV_HOME={where} KANONIV_ROOT_DID={root}",)
    return ()


def accepted(made: Delegated, *, latest: bool) -> tuple[str, ...]:
    """`accept`: what was accepted, from whom."""
    chain = made.chain
    first = "used when no token is named" if latest else "not the default: name it, or say --latest"
    return (
        f"  Root:   {chain.root_did}",
        f"  Agent:  {chain.holder_did}",
        f"  Scopes: {', '.join(chain.scopes)}",
        f"  Chain:  {chain.depth} link(s)",
        f"  Kept:   {plain(made.path or '')} ({first})",
    )


def receipts(found: Sequence[Envelope], ended: Container[bytes]) -> str:
    """`audit`: each receipt, then its chain. Target, result and facts are the signer's claims. ended: revoked now."""
    blocks = []
    for envelope in found:
        verdict = "REVOKED NOW, true when it was signed" if envelope.id in ended else "VALID"
        lines = [f"Execution Envelope: {verdict}", f"  Id:       {envelope.id.hex()}"]
        rows = (
            ("Agent", envelope.agent_did),
            ("Root", envelope.root_did),
            ("Action", envelope.action),
            ("Target", envelope.target or "-"),
            ("Result", envelope.result),
            ("Signed", f"{envelope.issued_at} (claimed by the signer)"),
            (
                "Facts",
                ", ".join(f"{key}={value}" for key, value in sorted(envelope.facts.items())) or "-",
            ),
            (
                "Metadata",
                ", ".join(f"{key}={value}" for key, value in sorted(envelope.metadata.items()))
                or "-",
            ),
            ("Stream", f"{envelope.stream.hex()} #{envelope.seq}"),
        )
        lines += [f"  {label + ':':<10}{plain(str(value))}" for label, value in rows]
        lines += ["Delegation Chain", f"  {short_did(envelope.root_did)} (root)"]
        lines += [
            f"  {'    ' * depth}|-- {link.name or 'key'} [{', '.join(link.scopes)}]"
            for depth, link in enumerate(envelope.chain.links)
        ]
        lines.append(f"  Chain depth: {envelope.chain.depth}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
