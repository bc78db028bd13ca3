"""`init`, `delegate`, `accept`: the commands that make keys and tokens. These alone print a secret, on stdout."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import delegation, pins, roots
from kanoniv_auth.api.orders import Order
from kanoniv_auth.cli import inputs, quoting, words
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core.errors import AuthError, KeyInvalid, UsageError
from kanoniv_auth.core.keys import KeyPair, parse_secret
from kanoniv_auth.core.token import BUNDLE_PREFIX, is_v1
from kanoniv_auth.store.home import find_home
from kanoniv_auth.store.roots import from_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.api.orders import Delegated
    from kanoniv_auth.cli.argv import Arguments


def init(arguments: Arguments) -> Outcome:
    """Make a root key; with --print-secret print the base64 alone, also of one that is there."""
    secret, force = arguments.flag("print_secret"), arguments.flag("force")
    try:
        key, path, kept = roots.create_root(arguments.text("output"), force=force)
    except UsageError as error:
        if not secret or "path" not in error.facts:
            raise
        path, kept = str(error.facts["path"]), None
        key = roots.read_root(path, named=False)
    facts: dict[str, object] = {"did": key.did, "did_key": key.did_key, "path": path, "kept": kept}
    notes = () if kept is None else _replaced(kept)
    if secret:
        text = key.secret_text()
        return Outcome("root key", text, {**facts, "secret": text}, notes=notes)
    own = arguments.text("output") is not None
    made = words.root_made(key.did, key.did_key, path, own_path=own)
    return Outcome("root key generated", made, facts, notes=notes)


def _replaced(kept: str) -> tuple[str, ...]:
    """What is to be known of the key that was replaced, and of former roots that go on. kept: its path."""
    now = int(time.time())
    try:
        old, pinned = roots.read_root(kept, named=False), pins.listed()
        named = from_environment(os.environ)
        trusted = roots.trusted_roots(find_home(os.environ))
    except AuthError:
        return (
            words.old_root_kept(kept, None),
        )  # what lay there was no key, or no root is trusted as it is
    if named is not None:
        by, others = "KANONIV_ROOT_PUB or KANONIV_ROOT_DID names it", []
    else:
        labels = [one.label for one in pinned if one.did == old.did and one.label != "local"]
        ways = [f"kanoniv-auth roots remove {quoting.quoted(label)}" for label in labels]
        by = " and ".join(ways) or "it is this home's own root"
        others = [one for one in pinned if one.did != old.did and (one.until or 0) > now]
    try:
        trusted.require(old.public, now)
    except AuthError:
        by = ""
    former = [words.former_root(one.did, (one.until or 0) - now, one.label) for one in others]
    return (words.old_root_kept(kept, by), *former)


def delegate(arguments: Arguments) -> Outcome:
    """Print a token, or with --to a grant; with --dry-run what would be made."""
    parent, key, dry = arguments.text("parent"), arguments.text("key"), arguments.flag("dry_run")
    if parent == "-" and key == "-":
        raise UsageError(
            "usage", detail="--parent and --key cannot both read stdin", fix="name a file for one"
        )
    if arguments.flag("export") and arguments.text("to") is not None:
        fix = "leave --export out: a grant is no token until its holder accepts it"
        raise UsageError("usage", detail="--export has no token to export with --to", fix=fix)
    order = Order(
        ",".join(arguments.many("scopes")),
        arguments.text("ttl"),
        to=arguments.text("to"),
        name=arguments.text("name"),
        audience=arguments.text("audience"),
        home=arguments.text("home"),
    )
    place = _placing(arguments)
    made = place(
        order,
        root=None if key is None else root_key(key),
        parent=_parent(parent),
        dry_run=dry,
    )
    facts, notes = _facts(made), (*words.bare_number(arguments.text("ttl")), *words.cut(made))
    if dry:
        facts["dry_run"] = True
        return Outcome("dry run", words.dry_run(order, made), facts, notes=notes)
    facts["grant" if made.is_grant else "token"] = made.text
    text = f"export KANONIV_TOKEN={made.text}" if arguments.flag("export") else made.text
    return Outcome("delegated", text, facts, notes=(*notes, *words.next_step(order, made)))


def _placing(arguments: Arguments) -> Callable[..., Delegated]:
    """What makes a token of the asked format. Raises: UsageError."""
    given, embed = arguments.text("format"), arguments.flag("embed_key")
    if given not in (None, "v1", "v2"):
        fix = "leave --format out, or for a verifier of the published product: --format v1 --embed-key"
        raise UsageError("usage", detail=f"there is no format {given}", fix=fix)
    if given != "v1":
        if embed:
            fix = (
                "leave --embed-key out, or for a verifier of the published product add --format v1"
            )
            raise UsageError("usage", detail="no token but version 1 holds a private key", fix=fix)
        return delegation.place
    if not embed:
        detail = "a version 1 token holds its agent's private key: whoever reads it is that agent until it ends"
        fix = "accept that with --embed-key, or leave --format out"
        raise UsageError("usage", detail=detail, fix=fix)
    from kanoniv_auth.api.legacy import place_v1  # noqa: PLC0415 - seldom wanted, and 900 lines

    return place_v1


def _parent(given: str | None) -> str | None:
    if given is None:
        return None
    text = inputs.read_stdin() if given == "-" else given.strip()
    if not text:
        # a variable that failed to expand must not mean: from the root
        raise UsageError(
            "usage", detail="--parent is empty", fix="pipe the parent token in and say --parent -"
        )
    return text


def root_key(given: str) -> KeyPair:
    """Read the key that --key names. Raises: UsageError for a key in its place, and key errors."""
    if given == "-":
        return parse_secret(inputs.read_stdin())
    path = os.path.abspath(os.path.expanduser(given))  # noqa: PTH100, PTH111 - paths are text in this package
    if not os.path.exists(path):  # noqa: PTH110 - as above
        try:
            parse_secret(given)
        except KeyInvalid:
            pass
        else:
            # never repeated in the message: it is a key, and now it stands in the shell's history too
            fix = "put it into a file of mode 0600, or into KANONIV_ROOT_KEY"
            raise UsageError(
                "usage", detail="--key takes a path, and this is a key itself", fix=fix
            )
    return roots.read_root(path)


def _facts(made: Delegated) -> dict[str, object]:
    chain = made.chain
    return {
        "agent_did": chain.holder_did,
        "root_did": chain.root_did,
        "scopes": list(chain.scopes),
        "expires_at": chain.expires_at,
        "chain_depth": chain.depth,
        "path": made.path,
        "cut_to_parent": made.cut,
    }


def accept(arguments: Arguments) -> Outcome:
    """Seal a grant with the key it was made for; prints the token, and on stderr what it says."""
    made = delegation.accept(
        _grant(arguments.rest[0] if arguments.rest else "-"),
        root_did=arguments.text("root_did"),
        audience=arguments.text("audience"),
        home=arguments.text("home"),
        latest=arguments.flag("latest"),
    )
    facts = {**_facts(made), "token": made.text, "latest": arguments.flag("latest")}
    return Outcome(
        "accepted", made.text, facts, notes=words.accepted(made, latest=arguments.flag("latest"))
    )


def _grant(given: str) -> str:
    if given == "-":
        text = inputs.read_stdin()
        if not text:
            fix = "pipe in what kanoniv-auth delegate --to printed"
            raise UsageError("usage", detail="there is no grant on standard input", fix=fix)
        return text
    if given.startswith(BUNDLE_PREFIX):
        fix = "pipe the bundle into: kanoniv-auth accept"
        raise UsageError(
            "usage",
            detail="a bundle holds a private key and does not belong in a command line",
            fix=fix,
        )
    return given if given.startswith("kd2.") or is_v1(given) else inputs.read_text_file(given)
