"""Several folds trained side by side on one GPU, as a single small network would leave most of it idle.

Each fold has a network, a stream and a CUDA graph of its own: a `Training`. The folds are trained batch by batch, with
as many side by side as requested, or as fit into the GPU's memory, estimated by the memory of the first training.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from deep.architectures import Builder
from deep.classifier import ImageClassifier, predict_probabilities
from deep.device import free_memory, ran_out_of_memory, seeded, watch_memory
from deep.training import Recipe, Training, train
from febench.core.method import LARGEST_PACK, FoldOutcome, FoldTask

USABLE_MEMORY_SHARE = 0.9
"""Of the memory that is free after the first training; the rest is for predictions and the driver."""

RANDOM_LAYERS = ("Dropout", "StochasticDepth")
"""Names of layers that draw random numbers begin so."""


class PackedClassifier(ImageClassifier):
    """An `ImageClassifier` that can also train several folds side by side, of a network that is `packable`.

    Parameters
    ----------
    network, recipe, **options
        As of `ImageClassifier`.
    pack : int
        Number of folds that `fit_predict_folds` trains side by side, at most.

    Raises
    ------
    ValueError
        If `pack` is below 1 or above the number of streams.
    """

    def __init__(self, network: Builder, recipe: Recipe, *, pack: int = 1, **options: Any) -> None:
        super().__init__(network, recipe, **options)
        if not 1 <= pack <= LARGEST_PACK:
            raise ValueError(f"pack must be from 1 to {LARGEST_PACK}, not {pack}")
        self.pack = pack

    def fit_predict_folds(self, X: NDArray[np.uint8], folds: Sequence[FoldTask]) -> list[FoldOutcome]:
        """Train and test several folds, some of them side by side; see `febench.core.method`.

        The predictions are those of `fit` and `predict` fold by fold. On a GPU their bits are the same only if
        `deterministic`, and while memory is not short, as cuDNN chooses its algorithms by the free memory. If fewer
        than `pack` trainings fit into the GPU's memory, as many as fit are trained side by side, with a warning.

        Parameters
        ----------
        X : ndarray
            All images, or the result of `extract`.
        folds : sequence of FoldTask
            The folds.

        Raises
        ------
        RuntimeError
            If a single training does not fit.
        """
        pixels = self.on_device(X)
        outcomes: list[FoldOutcome] = []
        width = self.pack
        while len(outcomes) < len(folds):
            batch = folds[len(outcomes) :][:width]
            finished: list[FoldOutcome] = []
            cuda_message = ""
            try:
                finished = self._side_by_side(pixels, batch)
            except RuntimeError as error:
                if not ran_out_of_memory(error):
                    raise
                cuda_message = str(error)
            # after the except clause, as the error's traceback keeps the tensors of failed trainings in memory
            if not finished and len(batch) == 1:
                message = "one training alone does not fit into the GPU's memory; choose a smaller size or batch_size"
                raise RuntimeError(f"{message} ({cuda_message})")
            if len(finished) < len(batch):
                width = len(finished) or len(batch) // 2
                message = f"{len(batch)} trainings do not fit into the GPU's memory; going on with {width}"
                warnings.warn(message, stacklevel=2)
            outcomes += finished
        return outcomes

    def _side_by_side(self, pixels: torch.Tensor, folds: Sequence[FoldTask]) -> list[FoldOutcome]:
        """Train and test folds at the same time: all of them, or the first ones if not all fit into memory."""
        watch_memory(self.device)
        free_before, capacity = free_memory(self.device), len(folds)
        trainings: list[Training] = []
        preparation_s: list[float] = []
        while len(trainings) < min(capacity, len(folds)):
            start, fold = perf_counter(), folds[len(trainings)]
            rows = torch.from_numpy(np.array(fold.train)).to(self.device)
            _, codes = np.unique(fold.y_train, return_inverse=True)
            with seeded(fold.random_state, self.device) as generator:
                trainings.append(self.begin(pixels, rows, codes, generator, slot=len(trainings)))
            preparation_s.append(perf_counter() - start)
            if len(trainings) == 1:
                free = free_memory(self.device)
                capacity = 1 + int(USABLE_MEMORY_SHARE * free / max(free_before - free, 1))
        train(trainings)
        infos = [self.info(training, len(trainings)) for training in trainings]
        outcomes = []
        for training, fold, prepared_s, info in zip(trainings, folds, preparation_s, infos, strict=False):
            start, classes = perf_counter(), np.unique(fold.y_train)
            test = pixels[torch.from_numpy(np.array(fold.test)).to(self.device)]
            on_device = predict_probabilities(training.network, test, training.normalise, flip=self.mirrors)
            probabilities = on_device.cpu().numpy()
            seconds = {"fit": prepared_s + training.seconds, "predict": perf_counter() - start}
            predictions = classes[probabilities.argmax(axis=1)]
            outcomes.append(FoldOutcome(predictions, probabilities, classes, seconds, info))
        return outcomes


@cache
def packable(network: Builder) -> bool:
    """Return whether a training leaves torch's global generator alone, which trainings side by side would share."""
    builder = replace(network, weights="none")
    try:
        with torch.device("meta"):  # no memory, no first weights
            module = builder(2)
    except NotImplementedError:  # RegNets compute their widths with tensors
        module = builder(2)
    return not any(type(layer).__name__.startswith(RANDOM_LAYERS) for layer in module.modules())
