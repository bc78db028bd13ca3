"""The one base of the values on the verify path: immutable, slotted, compared by their fields.

Not a general record library: elsewhere frozen, slotted dataclasses do this job. They are kept off this path
because importing `dataclasses` alone costs more than two signature checks of a whole process.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


class Value:
    """Base class: fields are the `__slots__` of the subclass, set once by `_fill`, in that order."""

    __slots__: tuple[str, ...] = ()
    _setters: tuple[Callable[[object, object], None], ...] = ()

    def __init_subclass__(cls) -> None:
        # the slots' own setters pass by __setattr__ below, and are twice as fast as
        # object.__setattr__
        cls._setters = tuple(getattr(cls, name).__set__ for name in cls.__slots__)

    def _fill(self, *fields: object) -> None:
        # the six that every token is made of call their setters themselves: a third faster (docs/bench.md)
        for assign, value in zip(self._setters, fields):  # noqa: B905 - strict costs time
            assign(self, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"{type(self).__name__} is immutable"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        msg = f"{type(self).__name__} is immutable"
        raise AttributeError(msg)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self.__slots__)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"
