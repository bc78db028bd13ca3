"""The part of JSON Schema that our routes are described with, held against what arrives: one schema says and checks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kanoniv_server.web.problems import clean, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_server.web.service import Schema

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def check(value: Any, schema: Schema, where: str) -> None:
    """Refuse a value that its schema does not describe. where: its name. Raises: Refusal (invalid)."""
    flaw = _flaw(value, schema, where)
    if flaw is not None:
        raise refusal("invalid", clean(flaw))


def _flaw(value: Any, schema: Schema, where: str) -> str | None:
    if "anyOf" in schema:
        flaws = [_flaw(value, one, where) for one in schema["anyOf"]]
        return (
            None if None in flaws else f"{where}: {schema.get('description', 'of no known form')}"
        )
    wanted = schema["type"]
    if type(value) not in _TYPES[wanted]:
        return f"{where}: {wanted} is wanted"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: one of {', '.join(map(str, schema['enum']))} is wanted"
    if wanted == "string":
        return _flaw_of_text(value, schema, where)
    if wanted == "integer":
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        return None if low <= value <= high else f"{where}: not between {low} and {high}"
    if wanted == "array":
        return _flaw_of_list(value, schema, where)
    return _flaw_of_object(value, schema, where) if wanted == "object" else None


def _flaw_of_text(value: str, schema: Schema, where: str) -> str | None:
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if len(value) < low or (high is not None and len(value) > high):
        return f"{where}: {low} to {high} characters are wanted"
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        return f"{where}: {schema.get('description', 'of no known form')}"
    return None


def _flaw_of_list(value: list[Any], schema: Schema, where: str) -> str | None:
    low, high = schema.get("minItems", 0), schema["maxItems"]
    if not low <= len(value) <= high:
        return f"{where}: {low} to {high} items are wanted"
    flaws = (_flaw(one, schema["items"], f"{where}[{at}]") for at, one in enumerate(value))
    return next((flaw for flaw in flaws if flaw is not None), None)


def _flaw_of_object(value: Mapping[str, Any], schema: Schema, where: str) -> str | None:
    known = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        return f"{missing[0]}: missing"
    if len(value) > schema.get("maxProperties", len(value)):
        return f"{where}: too many members"
    rest = schema.get("additionalProperties", False)
    for name, one in value.items():
        inner = known.get(name, rest)
        if inner is False:
            return f"{name[:80]}: not a field of this route"
        flaw = _flaw(one, inner, name if where == "body" else f"{where}.{name[:80]}")
        if flaw is not None:
            return flaw
    return None


def from_query(text: str, schema: Schema, name: str) -> Any:
    """Read a parameter of a query as its schema has it. Raises: Refusal (invalid)."""
    value: Any = text
    if schema["type"] == "integer" and re.fullmatch("[0-9]{1,20}", text):
        value = int(text)
    elif schema["type"] == "boolean":
        value = {"true": True, "false": False, "1": True, "0": False}.get(text, text)
    check(value, schema, name)
    return value
