"""The names of expressions: the papers' seven in their order, and what data sets call them."""

from __future__ import annotations

from collections.abc import Iterable

ORDER = ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise", "contempt")

_ALIASES = {
    "angry": "anger",
    "afraid": "fear",
    "fearful": "fear",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "happiness": "happy",
    "joy": "happy",
    "sad": "sadness",
    "surprised": "surprise",
}


def expression(word: str) -> str | None:
    """The papers' name of an expression (`sad`, `Sadness` and `SAD` are `sadness`), or None if it is no such word."""
    name = _ALIASES.get(word.casefold(), word.casefold())
    return name if name in ORDER else None


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names, each once: the papers' in their order, then all others by the alphabet."""
    known = {name: place for place, name in enumerate(ORDER)}
    return tuple(sorted(set(names), key=lambda name: (known.get(name, len(ORDER)), name)))
