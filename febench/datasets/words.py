"""Words that people write in folders, tables and lists: for expressions, and for the parts of a split."""

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
"""For each class, the papers' seven in their order and contempt, how it is spelled."""

ORDER = tuple(SPELLINGS)
WORDS = "|".join(sorted((word for words in SPELLINGS.values() for word in words), key=len, reverse=True))
"""Regular expression for any of the spellings."""

PART_SPELLINGS = {
    "train": ("train", "training", "trn"),
    "validation": ("val", "valid", "validation", "dev", "publictest"),
    "test": ("test", "testing", "tst", "eval", "evaluation", "privatetest"),
}

_CLASSES = {word: name for name, words in SPELLINGS.items() for word in words}
_PARTS = {word: name for name, words in PART_SPELLINGS.items() for word in words}
_NUMBER = re.compile(r"\d+[\s._)-]+")
_PART_PREFIX = re.compile(r"^(?:images?|faces?|data|set)")
_PART_SUFFIX = re.compile(r"(?:images?|faces?|data|set|split|part)$")


def expression(word: str) -> str | None:
    """Return the class of a word (`sad`, `Sadness`, `4_SAD` are `sadness`); None if it names no expression."""
    plain = word.strip().casefold()
    return _CLASSES.get(plain) or _CLASSES.get(_NUMBER.sub("", plain, count=1))


def meaning(code: str, codes: Mapping[str, str]) -> str | None:
    """Return the class of a code or word in a set with these codes; None if it has none."""
    plain = code.strip()
    known = codes.get(plain.upper(), codes.get(plain.lower()))
    word = expression(plain)
    return known or (word if word in codes.values() else None)


def part_of_split(name: str) -> str | None:
    """Return the part that a folder is named after (`train`, `Training_set`, `images-train` are `train`), or None."""
    plain = re.sub(r"[^a-z]", "", name.casefold())
    for word in (plain, _PART_SUFFIX.sub("", plain), _PART_PREFIX.sub("", plain)):
        if word in _PARTS:
            return _PARTS[word]
    return None


def part_in_words(name: str) -> str | None:
    """Return the part of the first word of a file name that is one (`data/train-00000-of-00001.parquet`), or None."""
    return next((_PARTS[word] for word in re.split(r"[^a-z]+", name.casefold()) if word in _PARTS), None)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return class names without repetition: the papers' in their order, then all others alphabetically."""
    ranks = {name: rank for rank, name in enumerate(ORDER)}
    return tuple(sorted(set(names), key=lambda name: (ranks.get(name, len(ORDER)), name)))
