"""The checkpoints of long trainings, and how far these trainings are."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from febench.core.environment import environment_id
from febench.running.plan import Cell

CHECKPOINTS = ".checkpoints"
STEP = ".step"


@dataclass(frozen=True)
class Underway:
    """How far the training of a cell was `age` seconds ago."""

    method: str
    run: int
    fold: int
    step: int
    steps: int
    age: float


def checkpoint_of(path: Path, cell: Cell) -> Path:
    """Return the checkpoint of a cell, which only the same cell in the same environment can use."""
    name = f"{cell.row.method.name} {cell.run} {cell.fold} {cell.key[:32]}-{environment_id()}.pt"
    return path / CHECKPOINTS / name


def forget_checkpoint(checkpoint: Path) -> None:
    """Delete the checkpoint of a training whose result is stored."""
    for file in (checkpoint, checkpoint.with_suffix(STEP)):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other trainings have checkpoints there, or the folder does not exist
        checkpoint.parent.rmdir()


def underway(path: Path) -> list[Underway]:
    """Return the unfinished long trainings of a results directory."""
    trainings = []
    for file in sorted(path.glob(f"{CHECKPOINTS}/*{STEP}")):
        with contextlib.suppress(OSError, ValueError):  # written or deleted at this moment, or another program's
            method, run, fold, _ = file.stem.split(" ")
            step, steps = map(int, file.read_text().split())
            trainings.append(Underway(method, int(run), int(fold), step, steps, time.time() - file.stat().st_mtime))
    return trainings
