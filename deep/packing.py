"""Several folds trained side by side on one GPU, which a single small network leaves idle.

Each fold has a network, a stream and a CUDA graph of its own: a `Training`. All of them are new in each group of folds,
which is as large as is asked for, or as fits into the GPU's memory by what its first training has taken of it.
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

USABLE = 0.9  # of the memory that is free after the first training; the rest is for predictions and the driver
RANDOM_LAYERS = ("Dropout", "StochasticDepth")


class PackedClassifier(ImageClassifier):
    """An `ImageClassifier` that can also train several folds side by side, of a network that is `packable`.

    Parameters
    ----------
    network, recipe, **options
        As of `ImageClassifier`.
    pack : int
        How many folds `fit_predict_folds` trains at a time, at most.

    Raises
    ------
    ValueError
        Also if `pack` is less than 1 or more than there are streams for.
    """

    def __init__(self, network: Builder, recipe: Recipe, *, pack: int = 1, **options: Any) -> None:
        super().__init__(network, recipe, **options)
        if not 1 <= pack <= LARGEST_PACK:
            raise ValueError(f"pack must be from 1 to {LARGEST_PACK}, not {pack}")
        self.pack = pack

    def fit_predict_folds(self, X: NDArray[np.uint8], folds: Sequence[FoldTask]) -> list[FoldOutcome]:
        """Train and test several folds, side by side where one does not fill the device; see `febench.core.method`.

        The predictions are those of `fit` and `predict` fold by fold: on a GPU bit by bit only if `deterministic`, and
        while memory is not short, for cuDNN chooses its algorithms by what is free.
        Where fewer than `pack` fit into the GPU's memory, as many as fit are trained at a time, with a warning.

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
        pixels = self.on_device(X)
        outcomes: list[FoldOutcome] = []
        width = self.pack
        while len(outcomes) < len(folds):
            group = folds[len(outcomes) :][:width]
            done: list[FoldOutcome] = []
            told = ""
            try:
                done = self._side_by_side(pixels, group)
            except RuntimeError as error:
                if not ran_out_of_memory(error):
                    raise
                told = str(error)
            # only out here nothing holds the tensors of trainings that failed: an error holds them by its traceback
            if not done and len(group) == 1:
                words = "one training alone does not fit into the GPU's memory; choose a smaller size or batch_size"
                raise RuntimeError(f"{words} ({told})")
            if len(done) < len(group):
                width = len(done) or len(group) // 2
                words = f"{len(group)} trainings do not fit into the GPU's memory; going on with {width}"
                warnings.warn(words, stacklevel=2)
            outcomes += done
        return outcomes

    def _side_by_side(self, pixels: torch.Tensor, folds: Sequence[FoldTask]) -> list[FoldOutcome]:
        """Train and test folds at the same time: all of these, or the first ones, as many as fit into memory."""
        watch_memory(self.device)
        free, fit = free_memory(self.device), len(folds)
        trainings: list[Training] = []
        preparing: list[float] = []
        while len(trainings) < min(fit, len(folds)):
            begun, fold = perf_counter(), folds[len(trainings)]
            rows = torch.from_numpy(np.array(fold.train)).to(self.device)
            _, codes = np.unique(fold.y_train, return_inverse=True)
            with seeded(fold.random_state, self.device) as generator:
                trainings.append(self.begin(pixels, rows, codes, generator, place=len(trainings)))
            preparing.append(perf_counter() - begun)
            if len(trainings) == 1:
                left = free_memory(self.device)
                fit = 1 + int(USABLE * left / max(free - left, 1))
        train(trainings)
        infos = [self.info(training, len(trainings)) for training in trainings]
        outcomes = []
        for training, fold, prepared, info in zip(trainings, folds, preparing, infos, strict=False):
            begun, classes = perf_counter(), np.unique(fold.y_train)
            test = pixels[torch.from_numpy(np.array(fold.test)).to(self.device)]
            on_device = predict_probabilities(training.network, test, training.normalise, flip=self.mirrors)
            probabilities = on_device.cpu().numpy()
            seconds = {"fit": prepared + training.seconds, "predict": perf_counter() - begun}
            predictions = classes[probabilities.argmax(axis=1)]
            outcomes.append(FoldOutcome(predictions, probabilities, classes, seconds, info))
        return outcomes


@cache
def packable(network: Builder) -> bool:
    """Whether training draws nothing from torch's global generator, which trainings side by side would share."""
    plain = replace(network, weights="none")
    try:
        with torch.device("meta"):  # no memory, no first weights
            built = plain(2)
    except NotImplementedError:  # RegNets compute their widths with tensors
        built = plain(2)
    return not any(type(module).__name__.startswith(RANDOM_LAYERS) for module in built.modules())
