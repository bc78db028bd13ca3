"""The four sets of scopes that most sessions need, under names that can be typed. Pure."""

from __future__ import annotations

from kanoniv_auth.core.value import Value


class Preset(Value):
    """One named set. scopes: `{repo}` and `{branch}` stand for those of the checkout · use: for people."""

    __slots__ = ("name", "title", "scopes", "use")

    name: str
    title: str
    scopes: tuple[str, ...]
    use: str

    def __init__(self, name: str, title: str, scopes: tuple[str, ...], use: str) -> None:
        self._fill(name, title, scopes, use)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "full-dev", "Full dev",
            ("code.edit", "test.run", "git.commit", "git.push"), "trusted development",
        ),
        Preset(
            "read-only", "Read-only + test", ("code.read", "test.run"), "code review, investigation"
        ),
        Preset(
            "repo-scoped", "Repo-scoped", ("code.edit", "test.run", "git.push.{repo}.{branch}"),
            "locked to one repository and branch",
        ),
        Preset("build-only", "Build only", ("code.edit", "test.run"), "compile and test, no git"),
    )
}  # fmt: skip


def menu() -> str:
    """The presets, a line each."""
    rows = PRESETS.values()
    wide = max([len(row.name) for row in rows])
    return "\n".join(
        [f"  {row.name:<{wide}}  {', '.join(row.scopes)}  ({row.use})" for row in rows]
    )
