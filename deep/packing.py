"""Several folds trained side by side on one GPU, which a single small network leaves idle.

Each fold has a network, a stream and a CUDA graph of its own; when it is done, the next fold starts over in its place.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deep.device import choose_dtype, ran_out_of_memory, seeded
from deep.images import Images
from deep.loop import train
from deep.prediction import predict_probabilities
from deep.training import Training
from febench.core.method import FoldOutcome, FoldTask

if TYPE_CHECKING:
    from deep.classifier import ImageClassifier

PAYS = 1.15
TRIED_STEPS = 10
RANDOM_LAYERS = ("Dropout", "StochasticDepth")


@dataclass(frozen=True)
class Start:
    """Where the training of a fold begins."""

    fold: FoldTask
    classes: NDArray[np.int64]
    network: nn.Module
    rows: Tensor
    targets: Tensor
    generator: torch.Generator

    def begin(self, slot: Training) -> None:
        """Put it into a slot."""
        weights = {name: value.clone() for name, value in self.network.state_dict().items()}
        slot.begin(weights, self.rows, self.targets, self.generator)


def fit_predict_folds(
    model: ImageClassifier, X: NDArray[np.uint8], folds: Sequence[FoldTask], pack: int = 0
) -> list[FoldOutcome]:
    """Train and test folds, `pack` at a time; see `febench.core.method`.

    Parameters
    ----------
    model : ImageClassifier
        How to train.
    X : ndarray
        All images, or what `extract` made of them.
    folds : sequence of FoldTask
        What to train and test on.
    pack : int
        How many at a time; 0 for as many as pay on this device, found by a few steps.
    """
    if not packable(model.network(2)):
        return [_alone(model, X, fold) for fold in folds]
    pixels = model.on_device(X)
    outcomes: list[FoldOutcome] = []
    slots: list[Training] = []
    while len(outcomes) < len(folds):
        left = folds[len(outcomes) :]
        width = pack or (1 if pixels.device.type == "cpu" else len(left))
        try:
            slots = slots or _slots(model, pixels, left[0], min(width, len(left)), grow=not pack)
            outcomes += _side_by_side(model, pixels, left[: len(slots)], slots)
        except RuntimeError as error:
            if not ran_out_of_memory(error):
                raise
            pack = _halved(len(slots) or pack or 1)
            slots = []
            torch.cuda.empty_cache()
    return outcomes


def packable(network: nn.Module) -> bool:
    """Whether a network's training draws nothing from torch's global generator, which trainings would share."""
    return not any(type(module).__name__.startswith(RANDOM_LAYERS) for module in network.modules())


def _alone(model: ImageClassifier, X: NDArray[np.uint8], fold: FoldTask) -> FoldOutcome:
    one = copy.copy(model)
    one.random_state = fold.random_state
    begun = perf_counter()
    one.fit(X[fold.train], fold.y_train)
    fitted = perf_counter()
    found = one.predict_proba(X[fold.test])
    seconds = {"fit": fitted - begun, "predict": perf_counter() - fitted}
    return FoldOutcome(one.classes_[found.argmax(axis=1)], found, one.classes_, seconds, {**one.fit_info_, "pack": 1})


def _side_by_side(
    model: ImageClassifier, pixels: Tensor, folds: Sequence[FoldTask], slots: Sequence[Training]
) -> list[FoldOutcome]:
    starts = [_start(model, pixels, fold) for fold in folds]
    used = [_fitting(slot, start) for slot, start in zip(slots, starts, strict=False)]
    for slot, start in zip(used, starts, strict=True):
        start.begin(slot)
    train(used)
    return [_outcome(model, slot, start, pixels, len(used)) for slot, start in zip(used, starts, strict=True)]


def _fitting(slot: Training, start: Start) -> Training:
    """The slot, or a new one where a fold has another number of classes."""
    same = all(
        mine.shape == theirs.shape
        for mine, theirs in zip(slot.network.parameters(), start.network.parameters(), strict=True)
    )
    return slot if same else Training(start.network, Images(slot.images.pixels), slot.recipe, slot.dtype)


def _start(model: ImageClassifier, pixels: Tensor, fold: FoldTask) -> Start:
    classes, codes = np.unique(fold.y_train, return_inverse=True)
    rows = torch.from_numpy(np.array(fold.train)).to(pixels.device)
    targets = torch.from_numpy(codes.reshape(-1)).to(pixels.device)
    with seeded(fold.random_state, pixels.device) as generator:
        network = model.new_network(Images(pixels[rows]), targets, len(classes))
    return Start(fold, classes, network, rows, targets, generator)


def _outcome(model: ImageClassifier, slot: Training, start: Start, pixels: Tensor, pack: int) -> FoldOutcome:
    begun = perf_counter()
    test = pixels[torch.from_numpy(np.array(start.fold.test)).to(pixels.device)]
    found = predict_probabilities(slot.network, test, slot.images.normalise, flip=model.mirrors).cpu().numpy()
    seconds = {"fit": slot.seconds, "predict": perf_counter() - begun}
    info = {**model.info(slot), "pack": pack}
    return FoldOutcome(start.classes[found.argmax(axis=1)], found, start.classes, seconds, info)


def _slots(model: ImageClassifier, pixels: Tensor, fold: FoldTask, width: int, *, grow: bool) -> list[Training]:
    """As many slots as asked for, or as pay."""
    dtype = choose_dtype(model.precision, pixels.device)

    def make(count: int) -> list[Training]:
        starts = [_start(model, pixels, fold) for _ in range(count)]
        slots = [Training(start.network, Images(pixels), model.recipe, dtype) for start in starts]
        for slot, start in zip(slots, starts, strict=True):
            start.begin(slot)
        return slots

    if not grow or width == 1:
        return make(width)
    slots = make(1)
    rate = _rate(slots)
    while len(slots) < width:
        try:
            more = make(min(len(slots), width - len(slots)))
            faster = _rate([*slots, *more])
        except RuntimeError as error:
            if not ran_out_of_memory(error):
                raise
            torch.cuda.empty_cache()
            break
        if faster < PAYS * rate:
            break
        slots, rate = [*slots, *more], faster
    return slots


def _rate(slots: Sequence[Training]) -> float:
    """Steps per second of all slots together."""
    begun = perf_counter()
    for _ in range(TRIED_STEPS):
        for slot in slots:
            slot.advance()
    for slot in slots:
        slot.wait()
    return TRIED_STEPS * len(slots) / (perf_counter() - begun)


def _halved(pack: int) -> int:
    """Half as many folds at a time, with a word.

    Raises
    ------
    RuntimeError
        If it was one already.
    """
    if pack < 2:
        raise RuntimeError("one training alone does not fit into the GPU's memory; choose a smaller size or batch_size")
    warnings.warn(f"{pack} trainings do not fit into the GPU's memory; going on with {pack // 2}", stacklevel=2)
    return pack // 2
