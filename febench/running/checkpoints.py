"""Where long trainings keep their state, and how far they say they are."""

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
    """How far the training of a cell is, by its word of `age` seconds ago."""

    method: str
    run: int
    fold: int
    step: int
    steps: int
    age: float


def checkpoint_of(path: Path, cell: Cell) -> Path:
    """Where the training of a cell may keep its state: of use to the same cell in the same environment alone."""
    name = f"{cell.row.method.name} {cell.run} {cell.fold} {cell.key[:32]}-{environment_id()}.pt"
    return path / CHECKPOINTS / name


def forget_checkpoint(checkpoint: Path) -> None:
    """Delete what a training kept on its way: its result is stored."""
    for file in (checkpoint, checkpoint.with_suffix(STEP)):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other trainings have theirs there, or there never were any
        checkpoint.parent.rmdir()


def underway(path: Path) -> list[Underway]:
    """The long trainings of a results directory that are not done, with what they last said of themselves."""
    trainings = []
    for file in sorted(path.glob(f"{CHECKPOINTS}/*{STEP}")):
        with contextlib.suppress(OSError, ValueError):  # being written or deleted at this moment, or not ours
            method, run, fold, _ = file.stem.split(" ")
            step, steps = map(int, file.read_text().split())
            trainings.append(Underway(method, int(run), int(fold), step, steps, time.time() - file.stat().st_mtime))
    return trainings
