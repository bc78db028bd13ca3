"""`kanoniv-auth-server`: serve, check, tenants and keys. Prints what a person asked for; the service logs JSON."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import AuthError

if TYPE_CHECKING:
    from collections.abc import Sequence

UNUSABLE = 2
_NEEDED = ("alembic", "asyncpg", "httptools", "prometheus_client", "redis", "sqlalchemy", "uvicorn")
_MISSING = (
    "kanoniv-auth-server needs packages that are not installed ({}). "
    "Fix: pip install 'kanoniv-auth[server]'\n"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 done, 1 refused, 2 it cannot be done like that."""
    try:
        # the whole service, so not before it is known to be there
        from kanoniv_server import commands  # noqa: PLC0415
        from kanoniv_server.settings import SettingsRefused, read_settings  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        sys.stderr.write(_MISSING.format(error.name))
        return UNUSABLE
    arguments, flags = _parse(sys.argv[1:] if argv is None else argv)
    try:
        settings = read_settings(flags, os.environ)
        return commands.COMMANDS[arguments.command](settings, arguments, os.environ)
    except SettingsRefused as refused:
        lines = [fault.line for fault in refused.faults]
        fixes = "; ".join([fault.fix for fault in refused.faults])
        return _refused(arguments, lines, "usage", str(refused), fixes)
    except AuthError as error:
        fix = error.facts.get("fix")
        line = f"{error.reason.code} {error}{f'. Fix: {fix}' if fix else ''}"
        return _refused(arguments, [line], error.slug, str(error), fix)


def _refused(
    arguments: argparse.Namespace, lines: list[str], code: str, message: str, fix: object
) -> int:
    """Say a refusal: in lines for people, and to who asked for JSON as `kanoniv-auth` does."""
    if getattr(arguments, "json", False):
        from kanoniv_server.commands import say_json  # noqa: PLC0415 - as in main

        say_json(ok=False, code=code, message="; ".join(message.splitlines()), fix=fix)
    else:
        sys.stderr.write("".join([f"{line}\n" for line in lines]))
    return UNUSABLE


def _parse(argv: Sequence[str]) -> tuple[argparse.Namespace, dict[str, str]]:
    from kanoniv_server.settings import OPTIONS  # noqa: PLC0415 - as in main

    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    group = shared.add_argument_group("settings (or KANONIV_SERVER_… of the same name)")
    names = {}
    for option in OPTIONS:
        metavar = option.name.rpartition("-")[2].upper()
        more = {"nargs": "?", "const": "true"} if option.is_flag else {}
        default = f" ({option.default})" if option.default and not option.is_flag else ""
        group.add_argument(
            f"--{option.name}",
            metavar=metavar,
            default=argparse.SUPPRESS,
            help=option.text.replace("%", "%%") + default,
            **more,  # type: ignore[arg-type]
        )
        names[option.name.replace("-", "_")] = option.name
        if option.secret:
            file = f"{option.name}-file"
            group.add_argument(
                f"--{file}", metavar="FILE", default=argparse.SUPPRESS, help="the same, in a file"
            )
            names[file.replace("-", "_")] = file
    found = _parser(shared).parse_args(_with_command(argv))
    flags = {names[key]: value for key, value in vars(found).items() if key in names}
    return found, flags


def _with_command(argv: Sequence[str]) -> list[str]:
    # without a command it serves; help and version are asked of the whole
    if argv and (not argv[0].startswith("-") or argv[0] in {"-h", "--help", "--version"}):
        return list(argv)
    return ["serve", *argv]


def _parser(shared: argparse.ArgumentParser) -> argparse.ArgumentParser:
    from kanoniv_auth import __version__  # noqa: PLC0415 - for a question that is seldom asked

    parser = argparse.ArgumentParser(
        "kanoniv-auth-server",
        description="Issues, verifies and revokes delegations. Without a command: serve.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(
        to: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
    ) -> argparse.ArgumentParser:
        return to.add_parser(
            name, help=text, description=text, parents=[shared], allow_abbrev=False
        )

    add(commands, "serve", "serve; the first start makes tenant, root key and admin key")
    add(commands, "check", "say what is wrong with the configuration")
    tenant = commands.add_parser("tenant", help="tenants of this database")
    tenants = tenant.add_subparsers(dest="verb", metavar="VERB", required=True)
    add(tenants, "add", "make a tenant, its root key and its admin key").add_argument("name")
    listed = [add(tenants, "list", "show tenants and their roots")]
    key = commands.add_parser("key", help="API keys of a tenant")
    keys = key.add_subparsers(dest="verb", metavar="VERB", required=True)
    made = add(keys, "add", "make an API key, and print it, once")
    made.add_argument("label")
    made.add_argument("--rights", default="issue,revoke,read", help="of issue, revoke, read, admin")
    made.add_argument("--scopes", help="all it may issue or revoke; any, when not given")
    made.add_argument("--max-ttl", help="longest TTL it may issue, such as 4h")
    shown = add(keys, "list", "show keys, without their text, which nobody has")
    gone = add(keys, "revoke", "let a key work no more")
    gone.add_argument("id")
    listed.append(shown)
    for one in listed:
        one.add_argument("--json", action="store_true", help="one object, for programs")
    for one in (made, shown, gone):
        one.add_argument("--tenant", default="default")
    return parser


if __name__ == "__main__":
    sys.exit(main())
