"""One way to refuse a parameter."""

from __future__ import annotations


def require(condition: bool, sentence: str) -> None:
    """Raise `ValueError` with this sentence unless the condition holds."""
    if not condition:
        raise ValueError(sentence)
