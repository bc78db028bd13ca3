"""Values handed to users: read by attribute or, as the published product's dicts were, by name in brackets."""

from __future__ import annotations

from kanoniv_auth.core.value import Value


class Record(Value):
    """Base class: `record.agent_did` and `record["agent_did"]` are the same."""

    __slots__ = ()

    def __getitem__(self, name: str) -> object:
        if name in self.__slots__:
            return getattr(self, name)
        raise KeyError(name)

    def keys(self) -> tuple[str, ...]:
        """Names of the fields; with `[]` this makes `dict(record)` work."""
        return tuple(self.__slots__)
