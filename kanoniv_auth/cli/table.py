"""All commands. A row is what click's commands, completion and docs/reference/cli.md are made of."""

from __future__ import annotations

from kanoniv_auth.cli.argv import ACTION, LIGHT, MANY, TOKEN, TRUST, Command, Option

_SIGNED_WITH = (
    Option("-t --token", "TOKEN"),
    Option("--token-file", "PATH"),
    Option("--agent", "NAME"),
)
_KEY = Option("-k --key", "PATH")
_REPOSITORY = Option("-r --repo", "DIR")
_WHERE = Option("--where", "folder|config|global")
_PLACE = (Option("--user"), Option("--project", "DIR"))

COMMANDS = {
    command.name: command
    for command in (
        Command(
            "init", "issuing:init",
            Option("-o --output", "PATH"), Option("--force"), Option("--print-secret"),
        ),
        Command(
            "delegate", "issuing:delegate",
            Option("-s --scopes", "SCOPES", kind=MANY, required=True), Option("-t --ttl", "TTL"),
            Option("-n --name", "NAME"), _KEY, Option("--to", "DID_KEY|NAME"),
            Option("--parent", "TOKEN|-"), Option("--audience", "NAME"), Option("--home", "DIR"),
            Option("--dry-run"), Option("--export"), Option("--format", "v1|v2"), Option("--embed-key"),
        ),
        Command(
            "accept", "issuing:accept",
            Option("--audience", "NAME"), Option("--root-did", "DID"), Option("--home", "DIR"),
            Option("--latest"),
            rest="[FILE|-|GRANT]",
        ),
        *LIGHT.values(),
        Command("whoami", "checking:whoami", *TOKEN, *TRUST),
        Command("status", "checking:status", *TOKEN, *TRUST),
        Command(
            "request-scope", "asking:request_scope",
            ACTION, Option("--ttl", "TTL"), *TOKEN, Option("--from", "DID"),
        ),
        Command(
            "sign", "recording:sign",
            Option("-a --action", "SCOPE", required=True), *_SIGNED_WITH, Option("--target", "TEXT"),
            Option("--result", "TEXT"), Option("--metadata", "KEY=VALUE", kind=MANY),
        ),
        Command("audit", "recording:audit", Option("--root-did", "DID"), rest="FILE|-|TEXT..."),
        Command(
            "audit-log", "logbook:show",
            Option("-n --limit", "N"), Option("-a --agent", "NAME"), Option("--since", "TIME"),
            Option("--action", "EVENT"),
        ),
        Command("audit-log verify", "logbook:verify", Option("--checkpoint", "FILE|-")),
        Command("audit-log checkpoint", "logbook:checkpoint"),
        Command("tokens", "listing:tokens"),
        Command("agents list", "listing:agents"),
        Command("agents register", "listing:register_agent", rest="NAME"),
        Command("agents show", "listing:show_agent", rest="NAME"),
        Command("agents rename", "listing:rename_agent", rest="OLD NEW"),
        Command("agents remove", "listing:remove_agent", Option("--yes"), rest="NAME"),
        Command(
            "revoke", "revoking:revoke",
            *TOKEN, Option("--id", "HEX"), Option("--holder", "DID_KEY"), _KEY,
        ),
        Command("revocations list", "revoking:listed"),
        Command("revocations export", "revoking:exported", Option("--root-did", "DID")),
        Command("revocations import", "revoking:imported", rest="FILE|-"),
        Command(
            "revocations sync", "cloud:sync",
            Option("--endpoint", "URL"), Option("--tenant", "NAME"), Option("--max-staleness", "TTL"),
        ),
        Command("roots list", "rooting:listed"),
        Command("roots add", "rooting:add", Option("--rotation", "FILE|-"), rest="[LABEL] [KEY]"),
        Command("roots remove", "rooting:remove", rest="LABEL"),
        Command("roots rotate", "rooting:rotate", Option("--overlap", "TTL")),
        Command(
            "login", "cloud:login",
            Option("--endpoint", "URL", required=True), Option("--api-key-file", "PATH|-"),
        ),
        Command("logout", "cloud:logout"),
        Command(
            "cloud delegate", "cloud:delegate",
            Option("-s --scopes", "SCOPES", kind=MANY, required=True), Option("-t --ttl", "TTL"),
            Option("-n --name", "NAME"), Option("--to", "DID_KEY|NAME"), Option("--audience", "NAME"),
        ),
        Command("cloud list", "cloud:listed", Option("-n --limit", "N"), Option("--before", "N")),
        Command(
            "cloud revoke", "cloud:revoke",
            Option("-t --token", "TOKEN"), Option("--token-file", "PATH"), Option("--id", "HEX"),
            Option("--holder", "DID_KEY"), Option("--endpoint", "URL"),
        ),
        Command("migrate", "migrating:migrate", Option("--from", "DIR"), Option("--dry-run")),
        Command(
            "install-hook", "hooking:install",
            _REPOSITORY, _WHERE, Option("--root-did", "DID"), Option("--force"),
        ),
        Command("uninstall-hook", "hooking:uninstall", _REPOSITORY, _WHERE),
        Command("install-skill", "skilling:install", *_PLACE, Option("--root-did", "DID")),
        Command("uninstall-skill", "skilling:uninstall", *_PLACE),
        Command("uninstall", "skilling:uninstall_all"),
        Command(
            "wrap-mcp", "wrapping:wrap_mcp",
            Option("-m --mode", "strict|warn|audit"), Option("-k --root-key", "PATH"),
            Option("--root-did", "DID"), Option("--name", "SERVER"), Option("--scope-prefix", "SCOPE"),
            Option("--audience", "NAME"), Option("--token-file", "PATH"),
            Option("--deny-as", "error|result"), Option("--guard", "tools|all"), Option("--require-audit"),
            rest="CMD...",
        ),
        Command(
            "prove", "wrapping:prove",
            Option("-s --scope", "SCOPE"), Option("--tool", "NAME"), Option("--name", "SERVER"),
            Option("--scope-prefix", "SCOPE"), Option("--args", "JSON|-"), Option("--audience", "NAME"),
            *TOKEN,
        ),
        Command("completion", "completing:completion", rest="bash|zsh|fish"),
    )
}  # fmt: skip
