"""What a check is, what it finds, and the list of all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from febench.audit.audited import Audited

Severity = Literal["error", "warning", "info"]
EXAMPLES = 20


@dataclass(frozen=True)
class Found:
    """What one check found.

    Attributes
    ----------
    count : int
        How many, in the unit of the examples.
    examples : tuple of str
        The first of them, in words.
    detail : str
        What else must be said of these findings.
    severity : str or None
        Where it differs from the check's own.
    """

    count: int
    examples: tuple[str, ...]
    detail: str = ""
    severity: Severity | None = None


@dataclass(frozen=True)
class Finding:
    """One finding of an audit.

    Attributes
    ----------
    code : str
        Which check: `FEB001`, ….
    severity : str
        `error`: numbers made like this mislead; `warning`: they may; `info`.
    title : str
        What was found, in a few words.
    count : int
        How many.
    examples : tuple of str
        The first of them; they quote names as the data set has them.
    detail : str
        What else must be said of it.
    detected, why, action : str
        How the check looks, why it matters, and what to do.
    """

    code: str
    severity: Severity
    title: str
    count: int
    examples: tuple[str, ...]
    detail: str
    detected: str
    why: str
    action: str


Look = Callable[["Audited"], Found | None]


@dataclass(frozen=True)
class Check:
    """A coded check: `look` says what it found, or None."""

    code: str
    severity: Severity
    title: str
    detected: str
    why: str
    action: str
    look: Look

    def __call__(self, audited: Audited) -> Finding | None:
        """What it found; a check that raises is itself a finding, and stops nothing."""
        try:
            found = self.look(audited)
        except Exception as error:
            return self._undone(error)
        return self._finding(self.title, found) if found else None

    def _undone(self, error: Exception) -> Finding:
        told = Found(1, (f"{type(error).__name__}: {error}",), severity="warning")
        return self._finding(f"This check could not be done: {self.title[0].lower()}{self.title[1:]}", told)

    def _finding(self, title: str, found: Found) -> Finding:
        severity = found.severity or self.severity
        texts = (found.detail, self.detected, self.why, self.action)
        return Finding(self.code, severity, title, found.count, found.examples, *texts)


CHECKS: dict[str, Check] = {}


def check(code: str, *, severity: Severity, title: str, detected: str, why: str, action: str) -> Callable[[Look], Look]:
    """Register a function `(Audited) -> Found | None` as the check of that code."""

    def register(look: Look) -> Look:
        CHECKS[code] = Check(code, severity, title, detected, why, action, look)
        return look

    return register


def found(count: int, examples: Iterable[str], detail: str = "") -> Found | None:
    """What was found, with the first examples; None where there is nothing."""
    return Found(count, tuple(islice(examples, EXAMPLES)), detail) if count else None
