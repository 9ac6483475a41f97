"""The state of a long training on disk: how far it is, and all it needs to go on if it is killed."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic
from typing import Any

import torch

SECONDS = 180.0
TOLD = 10.0


class Checkpoint:
    """A file that holds the last state of one training.

    Parameters
    ----------
    path : Path or None
        Where it is; None keeps nothing. Whoever gives the path deletes the file when the training is of no more use.
    about : dict
        What the training is; a file that says otherwise is not gone on from.
    """

    def __init__(self, path: Path | None, about: dict[str, Any]) -> None:
        self.path = path
        self.about = about
        self._saved = self._told = monotonic()

    def tell(self, step: int, steps: int) -> None:
        """Say beside the checkpoint, every few seconds, how far the training is; `febench status` reads it."""
        if self.path is not None and monotonic() - self._told >= TOLD:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.with_suffix(".step").write_text(f"{step} {steps}")
            self._told = monotonic()

    @property
    def due(self) -> bool:
        """Whether some minutes have passed since the last state was kept."""
        return self.path is not None and monotonic() - self._saved >= SECONDS

    def load(self) -> dict[str, Any] | None:
        """The state that was kept, or None: a file that is not whole, or is of another training, counts as none."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            found: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
            return found["state"] if found["about"] == self.about else None
        except Exception:  # whatever is wrong with it, the training can start anew
            return None

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state in place of the last one; a crash meanwhile leaves the last one."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            torch.save({"about": self.about, "state": state}, partial)
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)
        self._saved = monotonic()
