"""Reading one input at a time while every problem is kept: the tool behind `inputs`.

Pure. Knows forms (switch, choice, number, pattern), not what an input means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import AuthError
from kanoniv_ci.commands import one_line
from kanoniv_ci.faults import Problem, of_core, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")

TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_URL = re.compile(r"https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]{0,200})?")
_LOOPBACK = re.compile(
    r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]{0,200})?"
)
_SHOWN = 80


class Reader:
    """Reads one input after the other and keeps every problem."""

    def __init__(
        self, environ: Mapping[str, str], defaults: Mapping[str, str], secrets: tuple[str, ...]
    ) -> None:
        self._environ, self._defaults, self._secrets = environ, defaults, secrets
        self.problems: list[Problem] = []

    def raw(self, name: str) -> str:
        """The text of an input, its default when none was given."""
        return self._environ.get(f"INPUT_{name.upper()}", "").strip() or self._defaults[name]

    def given(self, name: str) -> bool:
        """Whether the workflow gave it."""
        return bool(self._environ.get(f"INPUT_{name.upper()}", "").strip())

    def bad(self, name: str, wanted: str, example: str) -> None:
        """Keep a problem: the value is not of the form that is wanted."""
        found = (
            repr(one_line(self.raw(name))[:_SHOWN]) if name not in self._secrets else "malformed"
        )
        self.problems.append(
            problem("KAN-INPUT-003", input=name, found=found, wanted=wanted, example=example)
        )

    def text(self, name: str, limit: int = 200) -> str:
        """Free text up to a length."""
        value = self.raw(name)
        if len(value) > limit:
            self.problems.append(problem("KAN-INPUT-006", input=name, limit=limit))
        return value

    def switch(self, name: str) -> bool:
        """True or false, as YAML 1.2 writes them."""
        value = self.raw(name)
        if value not in (*TRUE, *_FALSE):
            self.bad(name, "true or false is wanted", self._defaults[name])
        return value in TRUE

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.raw(name)
        if value not in choices:
            self.bad(name, f"one of {', '.join(choices)} is wanted", self._defaults[name])
        return value

    def number(self, name: str, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self.raw(name)
        if re.fullmatch(r"[0-9]{1,6}", value) and least <= int(value) <= most:
            return int(value)
        self.bad(name, f"a number from {least} to {most} is wanted", self._defaults[name])
        return int(self._defaults[name])

    def form(self, name: str, pattern: re.Pattern[str], wanted: str, example: str) -> str:
        """Text of a form, or empty."""
        value = self.raw(name)
        if value and pattern.fullmatch(value) is None:
            self.bad(name, wanted, example)
        return value

    def of_core(self, name: str, read: Callable[[str], T], fallback: T) -> T:
        """Read with a function of the core; its refusal becomes a problem of this input."""
        try:
            return read(self.raw(name))
        except AuthError as error:
            self.problems.append(of_core(error, name))
            return fallback

    def url(self, name: str) -> str:
        """An https address; http for loopback alone."""
        value = self.raw(name)
        if value and _URL.fullmatch(value) is None and _LOOPBACK.fullmatch(value) is None:
            example = (
                "https://api.github.com" if name == "github_api_url" else "https://auth.example"
            )
            self.bad(name, "an https address is wanted", example)
        return value.rstrip("/")
