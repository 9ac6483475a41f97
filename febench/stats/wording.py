"""How a p value is written."""

from __future__ import annotations


def p_value(p: float) -> str:
    """A p value in three digits, so that 0.0496 does not read as 0.05; a tiny one is not spelled out."""
    return "< 0.001" if p < 0.001 else f"{p:.3g}"


def p_words(p: float) -> str:
    """A p value as it stands in a sentence."""
    return f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"
