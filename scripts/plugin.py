"""Write the plugin: .claude-plugin/, hooks/hooks.json, skills/ from the tables in the code; `--check` compares."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import kanoniv_auth  # noqa: E402 - the path has to be set first
from kanoniv_auth.hooks.skills import SKILLS, entries  # noqa: E402 - as above

_NAME = "kanoniv"
_ABOUT = "Holds Claude Code to a signed token: scopes and a time, given by what a person types."
_HOME = "https://github.com/kanoniv/auth-action"


def files() -> dict[str, str]:
    """Every file by its path in the repository."""
    plugin = {
        "name": _NAME,
        "displayName": "kanoniv-auth",
        "version": kanoniv_auth.__version__,
        "description": _ABOUT,
        "author": {"name": "Kanoniv", "url": _HOME},
        "homepage": _HOME,
        "repository": _HOME,
        "license": "MIT",
        "keywords": ["authorization", "delegation", "security", "audit"],
    }
    marketplace = {
        "name": _NAME,
        "owner": {"name": "Kanoniv", "url": _HOME},
        "metadata": {"description": _ABOUT},
        "plugins": [{"name": _NAME, "source": "./", "description": _ABOUT}],
    }
    hooks = {
        "description": "Every tool call is held to the session's token; a hook that fails refuses.",
        "hooks": entries("${CLAUDE_PLUGIN_ROOT}/hooks/kanoniv-hook", ()),
    }
    return {
        ".claude-plugin/plugin.json": _json(plugin),
        ".claude-plugin/marketplace.json": _json(marketplace),
        "hooks/hooks.json": _json(hooks),
        **{f"skills/{skill.name}/SKILL.md": skill.text for skill in SKILLS},
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the files, or compare them."""
    check = "--check" in sys.argv[1:]
    for name, wanted in files().items():
        path = ROOT / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != wanted:
                return 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
