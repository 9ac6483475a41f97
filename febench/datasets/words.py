"""The words for expressions: what people write in folders, tables and lists, and the name that febench uses for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SPELLINGS = {
    "anger": ("anger", "angry", "mad"),
    "disgust": ("disgust", "disgusted", "disgusting"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "happy": ("happy", "happiness", "hapiness", "happyness", "joy", "joyful"),
    "neutral": ("neutral", "neutrality", "natural", "normal"),
    "sadness": ("sadness", "sad", "saddness", "sorrow"),
    "surprise": ("surprise", "surprised", "surprize", "suprise", "suprised"),
    "contempt": ("contempt", "contemptuous", "contemptous"),
}
"""The papers' names of seven expressions in their order, and contempt; for each, how it is written."""

ORDER = tuple(SPELLINGS)
WORDS = "|".join(sorted((word for words in SPELLINGS.values() for word in words), key=len, reverse=True))
"""Every spelling, as a piece of a regular expression."""

_NAMES = {word: name for name, words in SPELLINGS.items() for word in words}
_NUMBER = re.compile(r"\d+[\s._)-]+")


def expression(word: str) -> str | None:
    """The papers' name of an expression (`sad`, `Sadness`, `4_SAD` are `sadness`), or None if it is no such word."""
    plain = word.strip().casefold()
    return _NAMES.get(plain) or _NAMES.get(_NUMBER.sub("", plain, count=1))


def meaning(code: str, codes: Mapping[str, str]) -> str | None:
    """The class that a code or a word stands for in a set whose codes are given; None if it stands for none."""
    plain = code.strip()
    known = codes.get(plain.upper(), codes.get(plain.lower()))
    word = expression(plain)
    return known or (word if word in codes.values() else None)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names, each once: the papers' in their order, then all others by the alphabet."""
    known = {name: place for place, name in enumerate(ORDER)}
    return tuple(sorted(set(names), key=lambda name: (known.get(name, len(ORDER)), name)))
