"""One way to name a thing and its parameters everywhere: `name`, or `name[key=value,other="any text"]`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from febench.core.errors import UsageError

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SELECTOR = re.compile(rf"(?P<name>[A-Za-z0-9][A-Za-z0-9_.:-]*)(?:\[(?P<params>(?:{_QUOTED}|[^\[\]\"])*)\])?")
_PARAMETER = re.compile(rf"(?:{_QUOTED}|[^,])+")
_LISTED = re.compile(rf"(?:\[(?:{_QUOTED}|[^\]\"])*\]|[^,])+")
_PLAIN = re.compile(r"[A-Za-z0-9_./+-][A-Za-z0-9_./+:@-]*")


def parse_selector(text: str) -> tuple[str, dict[str, str]]:
    """Split `name[key=value,...]` into the name and its raw parameters; a value in double quotes may hold anything.

    Raises
    ------
    UsageError
        If the text is not of that form.
    """
    found = _SELECTOR.fullmatch(text.strip())
    if not found:
        raise UsageError(f"cannot read {text!r}: write a name, or name[parameter=value,...]")
    return found["name"], dict(_assignment(part, text) for part in _split(_PARAMETER, found["params"] or ""))


def split_selectors(text: str) -> list[str]:
    """Split a comma-separated list of selectors; commas inside brackets belong to their selector."""
    return _split(_LISTED, text)


def format_selector(name: str, params: Mapping[str, Any]) -> str:
    """Write a name and its parameters so that `parse_selector` reads them back."""
    inside = ",".join(f"{key}={format_value(value)}" for key, value in params.items())
    return f"{name}[{inside}]" if inside else name


def with_params(text: str, params: Mapping[str, Any]) -> str:
    """Return a selector with these parameters set in place of its own.

    Raises
    ------
    UsageError
        If the text is no selector.
    """
    name, given = parse_selector(text)
    return format_selector(name, {**given, **params})


def format_value(value: Any) -> str:
    """Write a parameter's value as it is typed on the command line, in quotes if it could not be read back without."""
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else json.dumps(value)


def coerce(text: Any, default: Any, where: str, kind: type | None = None) -> Any:
    """Read a parameter's value as the type of its default; `where` names the parameter in the error.

    With a default of None any value is taken, or, if `kind` is given, None and values of that type.

    Raises
    ------
    UsageError
        If the value is not of that type.
    """
    if isinstance(default, str):
        return text if text is None or isinstance(text, str) else format_value(text)
    value = _literal(text) if isinstance(text, str) else text
    kind = kind if default is None else type(default)
    if kind is None or value is None:
        return value
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        kinds = {bool: "true or false", int: "a whole number", float: "a number"}
        raise UsageError(
            f"{where} takes {kinds.get(kind, f'a {kind.__name__}')} (its default is {default!r}), not {text!r}"
        )
    return value


def _literal(text: str) -> Any:
    words = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value if isinstance(value, (int, float)) else text


def _split(part: re.Pattern[str], text: str) -> list[str]:
    return [found.strip() for found in part.findall(text) if found.strip()]


def _assignment(part: str, text: str) -> tuple[str, str]:
    """A parameter and its raw value; one in quotes is written as in JSON."""
    key, equals, value = (side.strip() for side in part.partition("="))
    if not equals or not key:
        raise UsageError(f"cannot read {part!r} in {text!r}: write parameter=value")
    if not value.startswith('"'):
        return key, value
    try:
        return key, str(json.loads(value))
    except json.JSONDecodeError as error:
        raise UsageError(f"cannot read {value} in {text!r}: a value in quotes is written as in JSON") from error
