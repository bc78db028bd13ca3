"""`agents …` and `tokens`: what this home has, and the names of its agents."""

from __future__ import annotations

import os
import sys
import time

from kanoniv_auth.api import agents as api, tokens as api_tokens
from kanoniv_auth.api.verification import prove
from kanoniv_auth.cli.columns import on_terminal, rows
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import plain
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.keys import short_did
from kanoniv_auth.store.agents import check_name, unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.agents import AgentRecord
    from kanoniv_auth.api.tokens import SavedToken
    from kanoniv_auth.cli.argv import Arguments

_ACTIVE = "active"
_DECLINED = 1


def agents(_arguments: Arguments) -> Outcome:
    """List the registered agents by name."""
    found = api.list_agents()
    facts = {"count": len(found), "agents": [_agent_facts(row) for row in found]}
    lines = [(row.name, row.did, row.created_at) for row in found]
    text = rows(("NAME", "DID", "CREATED"), lines) if found else ""
    notes = (
        ()
        if found
        else ("note: no agent is registered; kanoniv-auth agents register NAME makes one",)
    )
    return Outcome(f"{len(found)} agent(s)", text, facts, notes=notes)


def register_agent(arguments: Arguments) -> Outcome:
    """Make an agent and its key; one that is there already is shown."""
    name = arguments.rest[0]
    new = api.resolve_name(check_name(name)) is None
    key = api.register_agent(name)
    facts = {"name": name, "did": key.did, "did_key": key.did_key, "new": new}
    message = "registered" if new else "registered already"
    return Outcome(message, f"{message}: {name}\n  DID: {key.did}\n  Key: {key.did_key}", facts)


def show_agent(arguments: Arguments) -> Outcome:
    """Show one agent; refused when its key is not what the registry says."""
    row = _registered(arguments.rest[0])
    key = api.get_agent(row.name)
    if key is None:
        raise unknown(row.name)
    states = [_state(saved) for saved in api_tokens.list_tokens() if saved.agent_did == row.did]
    alive = states.count(_ACTIVE)
    facts = {
        **_agent_facts(row),
        "did_key": key.did_key,
        "tokens": len(states),
        "tokens_active": alive,
    }
    text = (
        f"Agent\n  Name:    {row.name}\n  DID:     {row.did}\n  Key:     {key.did_key}"
        f"\n  Created: {plain(row.created_at)}\n  Tokens:  {len(states)} saved, {alive} active"
    )
    return Outcome("agent", text, facts)


def rename_agent(arguments: Arguments) -> Outcome:
    """Give an agent another name."""
    old, new = arguments.rest
    row = api.rename_agent(old, new)
    facts = {**_agent_facts(row), "old_name": old}
    return Outcome("renamed", f"{old} is now {new}: {row.did}", facts)


def remove_agent(arguments: Arguments) -> Outcome:
    """Remove an agent and its key, once somebody said yes."""
    row = _registered(arguments.rest[0])
    did_key = _did_key(row)
    if not arguments.flag("yes") and not _confirmed(row, as_json=arguments.flag("json")):
        note = (f"note: {row.name} is still there",)
        return Outcome("not removed", "", {}, notes=note, exit=_DECLINED, code="declined")
    if not api.remove_agent(row.name):
        raise unknown(row.name)
    stop = None if did_key is None else f"kanoniv-auth revoke --holder {did_key}"
    notes = ["note: tokens it was given stay valid until they end"]
    if stop is not None:
        notes[0] += f"; to stop them: {stop}"
    facts = {**_agent_facts(row), "did_key": did_key, "stop": stop}
    return Outcome("removed", f"removed {row.name}: {row.did}", facts, notes=tuple(notes))


def _agent_facts(row: AgentRecord) -> dict[str, object]:
    return {"name": row.name, "did": row.did, "created_at": plain(row.created_at)}


def _registered(name: str) -> AgentRecord:
    check_name(name)
    for row in api.list_agents():
        if row.name == name:
            return row
    raise unknown(name)


def _did_key(row: AgentRecord) -> str | None:
    """The whole public key, which revoking needs; None when the key file cannot say it."""
    try:
        key = api.key_of(row.did)
    except AuthError:
        return None  # an agent whose key is spoilt can be removed all the same
    return None if key is None else key.did_key


def _confirmed(row: AgentRecord, *, as_json: bool) -> bool:
    """Ask. Raises: UsageError where nobody can answer."""
    if as_json or not (os.isatty(0) and os.isatty(2)):
        detail = f"removing {row.name} deletes its key for good, and there is nobody to ask"
        fix = f"kanoniv-auth agents remove {row.name} --yes"
        raise UsageError("usage", detail=detail, fix=fix)
    question = f"Remove {row.name} ({row.did})? Its key is deleted for good. [y/N] "
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def tokens(_arguments: Arguments) -> Outcome:
    """List the saved tokens, newest first."""
    found = list(reversed(api_tokens.list_tokens()))
    names = {row.did: row.name for row in api.list_agents()}
    states = [_state(row) for row in found]
    facts = [
        {
            **{field: row[field] for field in row.keys()},  # noqa: SIM118 - a record is no dict
            "name": names.get(row.agent_did),
            "state": state,
        }
        for row, state in zip(found, states, strict=True)
    ]
    lines = [_shown(row, names, state) for row, state in zip(found, states, strict=True)]
    count = f"{len(found)} saved token(s)"
    text = count
    if lines and on_terminal():
        text += ":\n" + rows(("AGENT", "SCOPES", "TTL", "FILE"), lines)
    elif lines:
        text += ":\n" + "\n".join([_block(*line) for line in lines])
    return Outcome(count, text, {"count": len(found), "tokens": facts})


def _shown(row: SavedToken, names: dict[str, str], state: str) -> tuple[str, str, str, str]:
    agent = names.get(row.agent_did) or short_did(row.agent_did)
    left = None if row.expires_at is None else row.expires_at - int(time.time())
    ttl = "ended" if left is not None and left <= 0 else format_ttl(left)
    return agent, ", ".join(row.scopes), f"{ttl} [{state}]", row.file


def _block(agent: str, scopes: str, ttl: str, file: str) -> str:
    """The published block."""
    return f"  {plain(file)}\n    Agent:  {agent}\n    Scopes: {plain(scopes)}\n    TTL:    {ttl}"


def _state(row: SavedToken) -> str:
    """What proving the token says: active, or the reason it is refused."""
    try:
        prove(api_tokens.load_token(row.file))
    except AuthError as error:
        # for another verifier's eyes is no defect of the token
        return _ACTIVE if error.slug == "audience" else error.slug
    return _ACTIVE
