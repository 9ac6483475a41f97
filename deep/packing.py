"""Several folds trained side by side on one GPU, which a single small network leaves idle.

Each fold has a network, a stream and a CUDA graph of its own, which together are a slot: a `Training`. When a slot's
fold is done, the next fold starts over in its place. As many slots are made as pay, found by a few steps, or as fit
into the GPU's memory.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deep.architectures import Builder
from deep.classifier import ImageClassifier, predict_probabilities
from deep.device import choose_dtype, ran_out_of_memory, seeded
from deep.training import Recipe, Training, train
from febench.core.method import FoldOutcome, FoldTask

PAYS = 1.15  # times as many steps per second
TRIED_STEPS = 10
RANDOM_LAYERS = ("Dropout", "StochasticDepth")


@dataclass(frozen=True)
class Start:
    """Where the training of a fold begins."""

    classes: NDArray[np.int64]
    network: nn.Module
    rows: Tensor
    targets: Tensor
    generator: torch.Generator

    def begin(self, slot: Training) -> None:
        """Put it into a slot."""
        weights = {name: value.clone() for name, value in self.network.state_dict().items()}
        slot.begin(weights, self.rows, self.targets, self.generator)


class PackedClassifier(ImageClassifier):
    """An `ImageClassifier` that can also train several folds side by side.

    Parameters
    ----------
    network, recipe, **options
        As of `ImageClassifier`.
    pack : int
        How many folds `fit_predict_folds` trains at a time; 0 for as many as pay on this device.
    """

    def __init__(self, network: Builder, recipe: Recipe, *, pack: int = 0, **options: Any) -> None:
        super().__init__(network, recipe, **options)
        self.pack = pack

    def fit_predict_folds(self, X: NDArray[np.uint8], folds: Sequence[FoldTask]) -> list[FoldOutcome]:
        """Train and test several folds, side by side where one does not fill the device; see `febench.core.method`.

        The predictions are those of `fit` and `predict` fold by fold: on a GPU bit by bit only if `deterministic`.
        Where a pack does not fit into the GPU's memory, half of it is tried, with a warning.

        Parameters
        ----------
        X : ndarray
            All images, or what `extract` made of them.
        folds : sequence of FoldTask
            What to train and test on.

        Raises
        ------
        RuntimeError
            If a training does not even fit alone.
        """
        if not packable(self.network(2)):
            return [self._alone(X, fold) for fold in folds]
        pixels = self.on_device(X)
        outcomes: list[FoldOutcome] = []
        slots: list[Training] = []
        pack = self.pack
        while len(outcomes) < len(folds):
            left = folds[len(outcomes) :]
            width = pack or (1 if pixels.device.type == "cpu" else len(left))
            try:
                slots = slots or self._slots(pixels, left[0], min(width, len(left)), grow=not pack)
                outcomes += self._side_by_side(pixels, left[: len(slots)], slots)
            except RuntimeError as error:
                if not ran_out_of_memory(error):
                    raise
                tried = len(slots) or pack or 1
                if tried < 2:
                    raise RuntimeError(
                        "one training alone does not fit into the GPU's memory; choose a smaller size or batch_size"
                    ) from error
                pack = tried // 2
                warnings.warn(f"{tried} trainings do not fit into the GPU's memory; going on with {pack}", stacklevel=2)
                slots = []
                torch.cuda.empty_cache()
        return outcomes

    def _alone(self, X: NDArray[np.uint8], fold: FoldTask) -> FoldOutcome:
        one = copy.copy(self)
        one.random_state = fold.random_state
        begun = perf_counter()
        one.fit(X[fold.train], fold.y_train)
        fitted = perf_counter()
        probabilities = one.predict_proba(X[fold.test])
        seconds = {"fit": fitted - begun, "predict": perf_counter() - fitted}
        predictions, info = one.classes_[probabilities.argmax(axis=1)], {**one.fit_info_, "pack": 1}
        return FoldOutcome(predictions, probabilities, one.classes_, seconds, info)

    def _start(self, pixels: Tensor, fold: FoldTask) -> Start:
        classes, codes = np.unique(fold.y_train, return_inverse=True)
        rows = torch.from_numpy(np.array(fold.train)).to(pixels.device)
        targets = torch.from_numpy(codes.reshape(-1)).to(pixels.device)
        with seeded(fold.random_state, pixels.device) as generator:
            network = self.new_network(pixels[rows], targets, len(classes))
        return Start(classes, network, rows, targets, generator)

    def _side_by_side(self, pixels: Tensor, folds: Sequence[FoldTask], slots: Sequence[Training]) -> list[FoldOutcome]:
        """Train and test as many folds as there are slots, or fewer."""
        starts = [self._start(pixels, fold) for fold in folds]
        used = []
        for slot, start in zip(slots, starts, strict=False):
            same_shapes = all(
                mine.shape == theirs.shape
                for mine, theirs in zip(slot.network.parameters(), start.network.parameters(), strict=True)
            )  # unless a fold has another number of classes
            used.append(slot if same_shapes else Training(start.network, pixels, slot.recipe, slot.dtype))
        for slot, start in zip(used, starts, strict=True):
            start.begin(slot)
        train(used)
        outcomes = []
        for slot, start, fold in zip(used, starts, folds, strict=True):
            begun = perf_counter()
            test = pixels[torch.from_numpy(np.array(fold.test)).to(pixels.device)]
            on_gpu = predict_probabilities(slot.network, test, slot.normalise, flip=self.mirrors)
            probabilities = on_gpu.cpu().numpy()
            seconds = {"fit": slot.seconds, "predict": perf_counter() - begun}
            predictions, info = start.classes[probabilities.argmax(axis=1)], {**self.info(slot), "pack": len(used)}
            outcomes.append(FoldOutcome(predictions, probabilities, start.classes, seconds, info))
        return outcomes

    def _slots(self, pixels: Tensor, fold: FoldTask, width: int, *, grow: bool) -> list[Training]:
        """As many slots as asked for, or as pay."""
        dtype = choose_dtype(self.precision, pixels.device)

        def make(count: int) -> list[Training]:
            starts = [self._start(pixels, fold) for _ in range(count)]
            slots = [Training(start.network, pixels, self.recipe, dtype) for start in starts]
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


def packable(network: nn.Module) -> bool:
    """Whether a network's training draws nothing from torch's global generator, which trainings would share."""
    return not any(type(module).__name__.startswith(RANDOM_LAYERS) for module in network.modules())


def _rate(slots: Sequence[Training]) -> float:
    """Steps per second of all slots together."""
    begun = perf_counter()
    for _ in range(TRIED_STEPS):
        for slot in slots:
            slot.advance()
    for slot in slots:
        slot.wait()
    return TRIED_STEPS * len(slots) / (perf_counter() - begun)
