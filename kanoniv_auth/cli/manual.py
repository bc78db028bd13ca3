"""Every word of `--help`."""

from __future__ import annotations

from kanoniv_auth.cli import argv

PROGRAM = (
    "Scoped, time-bounded, verifiable delegation for agents: a root key signs what an agent may do."
)

GROUPS = {
    "agents": "The agents registered in this home: a name, a DID, a key.",
    "audit-log": "Show what happened in this home, newest first. `verify` finds what was changed or cut.",
    "revocations": "Signed lists of what a root has revoked.",
    "cloud": "What the delegation service does for this home.",
    "roots": "The roots that this home trusts.",
    "hook": "What an installed hook runs; not for typing.",
}

COMMANDS = {
    "init": "Make the root key of this machine. Its base64 (--print-secret) is what CI takes as KANONIV_ROOT_KEY.",
    "delegate": "Give an agent some scopes for some time. Prints the token, or with --to a grant.",
    "accept": "Turn a grant for a key of this home into a token. Shows root and scopes. Without a file it reads stdin.",
    "verify": "Ask whether the token grants the scope now. Exit 0 when it does, 1 when not, 2 when nobody can tell.",
    "whoami": "Show whose token this is and what it grants.",
    "status": "Show whether the token is alive. Exit 0 when it is, 1 when it expired or is refused, 2 without one.",
    "exec": "Verify, run a command, sign a receipt. The command gets the exit status, stdin, stdout and stderr.",
    "sign": "Sign a receipt that an action happened. Prints the envelope.",
    "audit": "Verify receipts, and show them. From files (one a line), folders, stdin (-), or the text itself.",
    "request-scope": "Print the command that grants one more scope. For the holder of the root key; nothing is sent.",
    "audit-log": GROUPS["audit-log"],
    "audit-log verify": "Check the chain of the log and its checkpoint. Names the first line that does not follow.",
    "audit-log checkpoint": "Sign the end of the log and print that. A checkpoint is to be kept somewhere else.",
    "tokens": "List the saved tokens, newest first.",
    "agents list": "List the registered agents.",
    "agents register": "Make an agent with a key of its own. Prints the did:key that delegate --to takes.",
    "agents show": "Show one agent: its DID, its did:key, its tokens.",
    "agents rename": "Give an agent another name; its DID and key stay.",
    "agents remove": "Remove an agent and its key for good.",
    "revoke": "Revoke a token, or every token of an agent. With the root key; without one, by this home's service.",
    "revocations list": "Show the lists this home has.",
    "revocations export": "Print a signed list, for other verifiers to import.",
    "revocations sync": "Fetch the list of a service and take it up. From a trusted root, never an older one.",
    "login": "Log this home in to a delegation service. The API key is tried first and kept in a private file.",
    "logout": "Forget the service and its API key.",
    "cloud delegate": "Have the service give an agent some scopes. Prints the token, or with --to a grant.",
    "cloud list": "List what the service has issued, newest first.",
    "cloud revoke": "Have the service revoke a token or a key. Without an API key, links of a key that is here.",
    "revocations import": "Take up a list that a trusted root has signed. Never an older one.",
    "roots list": "List the trusted roots, the local one first.",
    "roots add": "Trust a root, by its public key or did:key. Or by a --rotation that a trusted root has signed.",
    "roots remove": "Stop trusting a root.",
    "roots rotate": "Make a new root key, signed for by the old one. Prints the rotation, for other verifiers.",
    "migrate": "Take over a home of the published product (0.3). Its root key, agents and tokens; names the old hook.",
    "install-hook": "Have git ask for the scope of every push. Advisory: --no-verify and other clones go around it.",
    "uninstall-hook": "Take the hook out again. The one that was there before is put back.",
    "install-skill": "Hold Claude Code to a token. Hooks for every tool, and five commands that a person types.",
    "uninstall-skill": "Take Claude Code's hooks out again. Hooks of somebody else's stay as they are.",
    "uninstall": "Undo install-skill, and name what stays. Keys, tokens and the audit log do.",
    "hook pre-push": "Decide a push from what git says on stdin.",
    "hook claude-code": "Decide a tool call from what Claude Code says on stdin.",
    "hook codex": "Decide a tool call from what Codex says on stdin.",
    "hook gemini": "Decide a tool call from what Gemini CLI says on stdin.",
    "hook copilot": "Decide a tool call from what GitHub Copilot says on stdin.",
    "hook cursor": "Decide a tool call from what Cursor says on stdin.",
    "hook windsurf": "Decide a tool call from what Windsurf says on stdin.",
    "wrap-mcp": "Run an MCP server behind a guard. Each tool call needs a scope; stdin and stdout are MCP's.",
    "prove": "Sign one tool call as the token's holder. Prints the proof: for that call, once, within a minute.",
    "completion": "Print a completion script for a shell.",
}

OPTIONS = {
    "json": "Print one JSON object instead of lines.",
    "output": "Write the key here instead of $KANONIV_HOME/root.key.",
    "force": "Replace an existing key; the old one is kept beside it.",
    "print_secret": "Print the key as base64 and nothing else, also of an existing key.",
    "scopes": "Scopes to give, separated by commas; may be said several times.",
    "scope": "The scope the action needs.",
    "action": "The scope the action used.",
    "ttl": "How long: 30s, 15m, 4h, 1d, 1h30m or never.  [default: 4h]",
    "name": "A registered agent, made the first time: the same name has the same DID.",
    "key": "File with the root's private key; - reads stdin.",
    "to": "Make a grant for this did:key or registered name instead of a token.",
    "parent": "Delegate from this token instead of the root; - reads stdin.",
    "audience": "Name of the one verifier the token is for.",
    "home": "The agent's own directory: its key and token go there, and nothing else does.",
    "dry_run": "Check everything and make nothing.",
    "export": "Print a shell command that sets KANONIV_TOKEN.",
    "latest": "Make it the token that is used when none is named.",
    "token": "The token; - reads stdin. Others can see what stands in a command line: prefer --token-file.",
    "token_file": "File with the token.",
    "agent": "Newest live token of this registered agent.",
    "root_did": "The trusted root: its DID, did:key or public key.",
    "context": "A fact for a context caveat, declared by whoever runs this.",
    "target": "What the action was done to.",
    "result": "How it ended.  [default: success]",
    "metadata": "More to put into the receipt.",
    "max_staleness": "Refuse when the root's revocation list is older than this, or is not here.",
    "require_audit": "Refuse when the decision cannot be written to the audit log.",
    "format": "v2, or v1 for verifiers of the published product.  [default: v2]",
    "embed_key": "Put the agent's key into a version 1 token, which needs it to be used.",
    "limit": "How many.  [default: 50]",
    "before": "Older ones than those before: the number that was printed with them.",
    "since": "Only what happened at or after this time: ISO 8601, or how long ago, such as 2h.",
    "checkpoint": "A checkpoint that was kept elsewhere; - reads stdin.",
    "yes": "Do not ask.",
    "id": "A link's id, 64 hex digits.",
    "holder": "A holder's did:key: every token of that key.",
    "from": "The DID of the root that would have to grant it.",
    "rotation": "File with a rotation; - reads stdin.",
    "overlap": "How long the old root still counts.  [default: 30d]",
    "repo": "The repository.  [default: here]",
    "user": "In ~/.claude, for every session of yours.  [default]",
    "project": "In the .claude of this folder alone, in settings that are not committed.",
    "endpoint": "Address of the service: https, or http on this machine.",
    "api_key_file": "File with the API key; - reads stdin. Without it the key is asked for.",
    "tenant": "The tenant whose list it is.  [default: the login's, or default]",
    "where": "The folder of hooks, the repository's git configuration, or the user's for all repositories; the last "
    "two need git 2.54.  [default: the folder, or the configuration where core.hooksPath is somebody else's]",
    "mode": "strict refuses what is not granted; warn and audit let it go on.  [default: strict]",
    "root_key": "File with the trusted root's key; of a private one only the public half is kept.",
    "scope_prefix": "What stands before a tool's name in the scope it needs.  [default: nothing]",
    "deny_as": "How a refusal is told: an error of the call, or a result of the tool with isError.  [default: error]",
    "guard": "What needs a scope: tools, or resources, prompts and tasks, too.  [default: tools]",
    "tool": "The tool to be called; its name is the scope, after --name or --scope-prefix.",
    "args": "The call's arguments, a JSON object; - reads stdin.  [default: {}]",
    "git": "The git that says what is an ancestor of what.  [default: the system's, whatever PATH says]",
    "next": "The hook that was there before, to be run after.",
    "site": "A folder to import from, and to let nobody change; may be said several times.",
}

# where a word means something else to one command
_OWN = {
    **{
        (name, "audience"): "This verifier's own name."
        for name in ("verify", "exec", "whoami", "status")
    },
    (
        "revocations export",
        "root_did",
    ): "The root whose list it is.  [default: the only one there is]",
    ("accept", "home"): "The directory that has the grant's key; the token goes there.",
    ("audit-log", "agent"): "Only this agent's lines.",
    ("audit-log", "action"): "Only this event, such as verify or delegate.",
    ("migrate", "from"): "The home to take over.  [default: ~/.kanoniv]",
    (
        "cloud revoke",
        "endpoint",
    ): "Address of the service.  [default: where this home is logged in]",
    (
        "revocations sync",
        "endpoint",
    ): "Address of the service.  [default: where this home is logged in]",
    (
        "revocations sync",
        "max_staleness",
    ): "Refuse when even the newest list was signed longer ago.",
    (
        "wrap-mcp",
        "name",
    ): "The server's name: a tool needs mcp.SERVER.TOOL, and a proof names SERVER.",
    (
        "wrap-mcp",
        "audience",
    ): "This proxy's own name.  [default: $KANONIV_AUDIENCE; for proofs, else --name]",
    ("wrap-mcp", "token_file"): "File with the caller's token, read anew at each call.",
    (
        "wrap-mcp",
        "require_audit",
    ): "Refuse a call that cannot be written to the audit log, in every mode.",
    (
        "prove",
        "name",
    ): "The server's name: the scope is mcp.SERVER.TOOL, and SERVER is the audience.",
    ("prove", "audience"): "The proxy's own name.  [default: the server's name]",
    ("prove", "scope"): "The scope of the call, instead of --tool.",
    ("revoke", "agent"): "Every token of this registered agent, by its key.",
    **{
        (
            f"hook {host}",
            "home",
        ): "The home of tokens, revocations and the audit log.  [default: $KANONIV_HOME]"
        for host in argv.AGENT_HOSTS
    },
    (
        "uninstall-hook",
        "where",
    ): "Only there; global is the user's git configuration.  [default: folder and config]",
    ("install-hook", "force"): "Replace a hook of ours that was changed by hand.",
    ("install-hook", "root_did"): "The root the hook trusts.  [default: what this home trusts now]",
    (
        "install-skill",
        "root_did",
    ): "The root the hook trusts.  [default: what this home trusts now]",
}


def option(command: str, dest: str) -> str:
    """The help of one option of one command."""
    return _OWN.get((command, dest)) or OPTIONS[dest]
