"""Cut the event payloads we use from npm `@octokit/webhooks-examples`.

    npm pack @octokit/webhooks-examples@7.6.1 && tar xzf octokit-webhooks-examples-7.6.1.tgz
    python tests/support/data/events/cut.py package/api.github.com/index.json

`pull_request.json` and `push.json` are recorded payloads as they stand. The package records no pull request from a
fork, from Dependabot or from a repository deleted since; those three are the recorded one with the named fields
exchanged, the fork's repository taken from the recorded `fork` event.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

DEPENDABOT = {
    "login": "dependabot[bot]",
    "id": 49699333,
    "node_id": "MDM6Qm90NDk2OTkzMzM=",
    "html_url": "https://github.com/apps/dependabot",
    "url": "https://api.github.com/users/dependabot%5Bbot%5D",
    "type": "Bot",
    "site_admin": False,
}


def recorded(index: list[dict[str, Any]], name: str, **fields: object) -> dict[str, Any]:
    """The first recorded example of an event whose top-level fields are these."""
    examples = next(entry["examples"] for entry in index if entry["name"] == name)
    found = next(e for e in examples if all(e.get(key) == value for key, value in fields.items()))
    return copy.deepcopy(dict(found))


def from_fork(event: dict[str, Any], fork: dict[str, Any]) -> dict[str, Any]:
    """The pull request as it would come from the fork."""
    event, forkee = copy.deepcopy(event), copy.deepcopy(fork["forkee"])
    owner = forkee["owner"]
    head = event["pull_request"]["head"]
    head |= {
        "repo": forkee | {"fork": True},
        "user": owner,
        "label": f"{owner['login']}:{head['ref']}",
    }
    event["pull_request"] |= {"user": owner, "author_association": "NONE"}
    return event | {"sender": owner}


def by_dependabot(event: dict[str, Any]) -> dict[str, Any]:
    """The pull request as Dependabot opens it: a branch of the same repository, a bot as author and sender."""
    event = copy.deepcopy(event)
    bot = event["sender"] | DEPENDABOT
    event["pull_request"] |= {"user": bot, "title": "Bump click from 8.1.7 to 8.1.8"}
    event["pull_request"]["head"] |= {
        "ref": "dependabot/pip/click-8.1.8",
        "label": "Codertocat:dependabot/pip/click-8.1.8",
    }
    return event | {"sender": bot}


def from_nowhere(event: dict[str, Any]) -> dict[str, Any]:
    """The pull request of a fork that has been deleted: GitHub sends null for its repository."""
    event = copy.deepcopy(event)
    event["pull_request"]["head"] |= {"repo": None, "user": None, "label": "unknown repository"}
    return event


def main() -> int:
    index = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    opened = recorded(index, "pull_request", action="opened", number=2)
    events = {
        "pull_request": opened,
        "pull_request_fork": from_fork(opened, recorded(index, "fork")),
        "pull_request_dependabot": by_dependabot(opened),
        "pull_request_deleted_head": from_nowhere(opened),
        "push": recorded(index, "push", ref="refs/heads/master"),
    }
    for name, event in events.items():
        text = json.dumps(event, indent=1, ensure_ascii=False) + "\n"
        Path(__file__).with_name(f"{name}.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
