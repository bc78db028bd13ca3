"""Every word of `--help`."""

from __future__ import annotations

PROGRAM = (
    "Scoped, time-bounded, verifiable delegation for agents: a root key signs what an agent may do."
)

COMMANDS = {
    "init": "Make the root key of this machine. Its base64 (--print-secret) is what CI takes as KANONIV_ROOT_KEY.",
    "delegate": "Give an agent some scopes for some time; prints the token, or with --to a grant.",
    "accept": "Turn a grant for a key of this home into a token (default: read it from stdin); shows root and scopes.",
    "verify": "Exit 0 when the token grants the scope now, 1 when it does not, 2 when that cannot be told.",
    "whoami": "Show whose token this is and what it grants.",
    "status": "Exit 0 for a token that is alive, 1 for one that expired or is refused, 2 for none.",
    "exec": "Verify, run a command, sign a receipt. The command gets the exit status, stdin, stdout and stderr.",
    "sign": "Sign a receipt that an action happened; prints the envelope.",
    "audit": "Verify receipts: files (one receipt a line), folders of them, - for stdin, or the text itself.",
}

OPTIONS = {
    "json": "Print one JSON object instead of lines.",
    "output": "Write the key here instead of $KANONIV_HOME/root.key.",
    "force": "Replace an existing key; the old one is kept beside it.",
    "print_secret": "Print the key as base64 and nothing else, also of an existing key.",
    "scopes": "Scopes to give, separated by commas.",
    "scope": "The scope the action needs.",
    "action": "The scope the action used.",
    "ttl": "How long: 30s, 15m, 4h, 1d, 1h30m or never.  [default: 4h]",
    "name": "A registered agent, made the first time: the same name has the same DID.",
    "key": "File with the root's private key; - reads stdin.",
    "to": "Make a grant for this did:key or registered name instead of a token.",
    "parent": "Delegate from this token instead of the root; - reads stdin.",
    "audience": "Name of the one verifier the token is for; when verifying, this verifier's own name.",
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
}
