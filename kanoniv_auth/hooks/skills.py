"""The five commands as Claude Code reads them, and the hooks beside them: what a plugin and what settings hold. Pure.

The commands do nothing themselves: the hook answers when a person types one. `disable-model-invocation` is what keeps
the model from calling or scheduling them.
"""

from __future__ import annotations

from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_TEMPLATE = """---
name: {name}
description: {description}
argument-hint: {hint}
disable-model-invocation: true
---
The person typed `/kanoniv:{name}`. The hook of kanoniv-auth has carried it out and shown the person the result; what
this session may do now stands in the hook's context. Run no command for it. {then}
"""
_GO_ON = "Say in one short sentence that it is done, and go on with what was asked before, if anything was."
_SHOWN = "The person has the answer on the screen: reply `Shown.` and nothing more."


class Skill(Value):
    """One command. name: typed after `/kanoniv:` · description, hint: for the host's list of commands."""

    __slots__ = ("name", "description", "hint", "then")

    name: str
    description: str
    hint: str
    then: str

    def __init__(self, name: str, description: str, hint: str, then: str) -> None:
        self._fill(name, description, hint, then)

    @property
    def text(self) -> str:
        """The file."""
        return _TEMPLATE.format(
            name=self.name, description=self.description, hint=self.hint, then=self.then
        )


SKILLS = (
    Skill(
        "delegate",
        "Start a scoped session. Agent, scopes or a preset, time.",
        '"[agent] scopes|full-dev|read-only|repo-scoped|build-only [time]"',
        _GO_ON,
    ),
    Skill("scope", "Change the scopes of this session.", '"scopes|preset"', _GO_ON),
    Skill("ttl", "Change how long this session lasts from now.", '"time, such as 2h"', _GO_ON),
    Skill("status", "Show what this session may do, and for how long.", '""', _SHOWN),
    Skill("audit", "Show what this session did, and what it was refused.", '"[how many]"', _SHOWN),
)

# event: seconds it may take. An event that is left out here is one that no hook of ours has an answer to
_SECONDS = {
    "PreToolUse": 30,
    "PostToolUse": 30,
    "PostToolUseFailure": 30,
    "UserPromptExpansion": 30,
    "ConfigChange": 30,
    "SessionStart": 10,
    "SessionEnd": 5,
}


def entries(command: str, args: Iterable[str]) -> dict[str, list[dict[str, object]]]:
    """The `hooks` of a settings file or plugin: for every tool, without a shell, and a failure is a refusal."""
    words = list(args)
    return {
        event: [
            {
                "matcher": "*",
                "hooks": [
                    {
                        "type": "command",
                        "command": command,
                        "args": words,
                        "timeout": seconds,
                        "onFailure": "block",
                    }
                ],
            }
        ]
        for event, seconds in _SECONDS.items()
    }
