"""Which files a repository's settings have git start or follow: who edits those runs code by `git status`. Pure.

Read line by line, and more is found rather than less: what looks like a path in one of these settings is one.
"""

from __future__ import annotations

# the last part of a setting whose value is a file or folder, or has a program in it
_FOLLOWED = ("hookspath", "path", "attributesfile")
_STARTED = (
    "fsmonitor", "textconv", "clean", "smudge", "process", "driver", "command", "cmd", "helper", "program", "external",
    "pager", "editor", "sshcommand", "gitproxy", "uploadpack", "receivepack", "vcs",
)  # fmt: skip


def named(text: str) -> tuple[str, ...]:
    """The paths, as they are written: absolute, or relative to the work tree or to the settings' folder.

    text: of a repository's `config`
    """
    found: list[str] = []
    for line in text.replace("\\\n", " ").split("\n"):
        # a first setting may stand behind its section's name
        name, sign, value = line.rpartition("]")[2].partition("=")
        key = name.strip().lower()
        if not sign or key not in (*_FOLLOWED, *_STARTED):
            continue
        words = [word.strip("\"'!();&|") for word in value.split()]
        found += words if key in _FOLLOWED else [word for word in words if "/" in word]
    return tuple([word for word in found if word.strip("./") and word[0] not in "-~#;"])
