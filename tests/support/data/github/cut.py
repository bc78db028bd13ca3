"""Cut the paths we use, and what they refer to, from GitHub's OpenAPI description as npm ships it.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
    python tests/support/data/github/cut.py package/generated/api.github.com.json

Writes `rest-extract.json` beside itself. Nothing is changed on the way, only left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PATHS = {
    "/repos/{owner}/{repo}": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("get", "post"),
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ("get", "patch", "delete"),
    "/repos/{owner}/{repo}/pulls/{pull_number}": ("get",),
    "/repos/{owner}/{repo}/pulls/{pull_number}/files": ("get",),
    "/repos/{owner}/{repo}/check-runs": ("post",),
    "/repos/{owner}/{repo}/statuses/{sha}": ("post",),
    "/repos/{owner}/{repo}/commits/{ref}": ("get",),
    "/repos/{owner}/{repo}/dispatches": ("post",),
    "/repos/{owner}/{repo}/actions/runs/{run_id}": ("get",),
    "/repos/{owner}/{repo}/contents/{path}": ("get", "put"),
}


def references(node: Any) -> set[str]:
    """Every `$ref` under a node."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """The extract: PATHS with their methods, and the components they reach."""
    part: dict[str, Any] = {
        key: whole[key] for key in ("openapi", "info", "servers", "externalDocs") if key in whole
    }
    part["paths"] = {
        path: {method: whole["paths"][path][method] for method in methods}
        for path, methods in PATHS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    wanted, done = references(part["paths"]), set[str]()
    while wanted:
        reference = wanted.pop()
        done.add(reference)
        _, section, name = reference.removeprefix("#/").split("/")
        found = whole["components"][section][name]
        components.setdefault(section, {})[name] = found
        wanted |= references(found) - done
    part["components"] = {
        section: {
            name: components[section][name]
            for name in whole["components"][section]
            if name in components[section]
        }
        for section in whole["components"]
        if section in components
    }
    return part


def main() -> int:
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    target = Path(__file__).with_name("rest-extract.json")
    target.write_text(json.dumps(cut(whole), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
