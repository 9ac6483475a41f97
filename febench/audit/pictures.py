"""Checks of what the pictures are."""

from __future__ import annotations

import numpy as np

from febench.audit.audited import Audited
from febench.audit.checks import Found, check, found

BLANK = 2


@check(
    "FEB008",
    severity="warning",
    title="Images are blank",
    detected=f"Every channel spans at most {BLANK} grey levels over the whole image.",
    why="There is no face to recognise: whatever the label, it can only be guessed.",
    action="Leave them out, or say how many there are; no method can be right about them.",
)
def blank_images(audited: Audited) -> Found | None:
    """Images."""
    blank = np.flatnonzero(audited.likeness.spans <= BLANK)
    return found(len(blank), audited.names(blank))


@check(
    "FEB014",
    severity="warning",
    title="The files are not the set as published",
    detected="What the loader noted when it read the files.",
    why="Results on other files than the published ones cannot be held against anybody else's.",
    action="Get the missing files, or tell with every result what was left out.",
)
def not_as_published(audited: Audited) -> Found | None:
    """The loader's notes."""
    return found(len(audited.dataset.notes), audited.dataset.notes)
