"""A network from torch behind scikit-learn's `fit` and `predict`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deep.architectures import Builder
from deep.device import autocast, choose_device, choose_dtype, peak_memory, seeded, watch_memory
from deep.images import Normalisation, as_input, on_device, resize
from deep.probe import fit_head
from deep.training import Checkpoint, Recipe, Training, train
from deep.weights_file import provenance, save

PREDICTION_BATCH = 32
WARM_UP_STEPS = 1
TIMED_STEPS = 3
"""Steps of a forecast that are timed; the fastest counts, as libraries still choose their kernels in the first ones."""


@torch.no_grad()
def predict_probabilities(
    network: nn.Module,
    pixels: Tensor,
    normalise: Normalisation,
    *,
    dtype: torch.dtype = torch.float32,
    flip: bool = True,
) -> Tensor:
    """Return class probabilities (n, classes), float32; with `flip` the mean over each image and its mirror image.

    Every batch is filled up to the same shape, so that an image's probabilities do not depend on the number of images
    beside it: libraries choose their kernels by shape.

    Parameters
    ----------
    network : nn.Module
        Put into evaluation mode.
    pixels : Tensor
        uint8, shape (n, channels, height, width).
    normalise : Normalisation
        Of the training images.
    dtype : torch.dtype
        float32, or what autocast lowers to.
    """
    network.eval()
    parts = []
    for part in torch.split(pixels, PREDICTION_BATCH):
        missing = PREDICTION_BATCH - len(part)
        x = as_input(normalise(torch.cat([part, part[:1].expand(missing, -1, -1, -1)]) if missing else part))
        views = [x, x.flip(3)] if flip else [x]
        with autocast(pixels.device, dtype):
            logits = [network(view).float() for view in views]
        parts.append(torch.stack(logits).softmax(2).mean(0)[: len(part)])
    return torch.cat(parts)


class ImageClassifier:
    """Trains a network on labelled images for a number of steps.

    Validation images are only watched: the last weights are kept, whatever the validation curve is.

    Parameters
    ----------
    network : Builder
        Builds the network with its first weights, for images of 3 channels.
    recipe : Recipe
        Budget, optimiser and augmentation.
    size : int
        Images are resized to this many pixels a side.
    probe_first : bool
        Whether to train the last layer alone first, as logistic regression on the outputs of the other layers.
    precision : {"auto", "bf16", "fp32"}
        Of convolutions and matrix products while training; "auto" is bf16 where the device computes in it.
        Predictions are always made in fp32.
    random_state : int, optional
        Seed of the first weights, of the order of the images and of the augmentation.
    device : {"auto", "cpu", "cuda"}
        "auto" is a GPU if there is one.
    deterministic : bool
        Whether a GPU must give the same bits each time; a CPU always does.
    checkpoint : Path, optional
        File for the state of a long training, written every few minutes; a training continues from it if it exists.

    Attributes
    ----------
    classes_ : ndarray
        The class indices seen in `fit`, ascending: the columns of `predict_proba`.
    fit_info_ : dict
        device, pack (trainings side by side), dtype, steps, images_per_second (of the training alone), parameters,
        train_loss; on a GPU peak_gpu_memory_mb (of all trainings side by side); if the weights were not random weights
        and two fields about their file; if the training continued from a checkpoint resumed_at_step and seconds_before;
        with validation images validation_accuracy (of `predict`, at the end) and validation_curve, pairs of step and
        accuracy (in the precision of the training, without mirror images).

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    RuntimeError
        If the device is cuda and there is none.
    """

    def __init__(
        self,
        network: Builder,
        recipe: Recipe,
        *,
        size: int = 64,
        probe_first: bool = False,
        precision: str = "auto",
        random_state: int | None = None,
        device: str = "auto",
        deterministic: bool = False,
        checkpoint: Path | None = None,
    ) -> None:
        if precision not in ("auto", "bf16", "fp32"):
            raise ValueError(f"precision must be auto, bf16 or fp32, not {precision!r}")
        if size < 1:
            raise ValueError(f"size must be at least 1 pixel, not {size}")
        self.network = network
        self.recipe = recipe
        self.size = size
        self.probe_first = probe_first
        self.precision = precision
        self.random_state = random_state
        self.device = choose_device(device, deterministic=deterministic)
        self.checkpoint = checkpoint

    def extract(self, X: NDArray[np.uint8]) -> NDArray[Any]:
        """Resize each image to `size` x `size` (bilinear, antialiased); images of that size are returned unchanged.

        Parameters
        ----------
        X : ndarray
            uint8, shape (n, height, width) or (n, height, width, 3).

        Returns
        -------
        ndarray
            uint8, shape (n, size, size) or (n, size, size, 3).

        Raises
        ------
        ValueError
            If `X` has another shape or type.
        """
        return resize(X, self.size)

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.integer[Any]],
        X_val: NDArray[np.uint8] | None = None,
        y_val: NDArray[np.integer[Any]] | None = None,
    ) -> ImageClassifier:
        """Train on images, or on the result of `extract`.

        Parameters
        ----------
        X : ndarray
            uint8, shape (n, height, width) grey or (n, height, width, 3) RGB.
        y : ndarray
            Class indices, shape (n,).
        X_val, y_val : ndarray, optional
            Images and class indices on which the accuracy is recorded; they do not change the training.

        Returns
        -------
        ImageClassifier
            This classifier, trained.

        Raises
        ------
        ValueError
            If there are no images, or not as many classes as images.
        """
        if len(X) == 0 or len(X) != len(y):
            raise ValueError(f"fit needs at least one image and a class for each, not {len(X)} and {len(y)}")
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        watch_memory(self.device)
        pixels, rows = self.on_device(X), torch.arange(len(X), device=self.device)
        dtype = choose_dtype(self.precision, self.device)
        validation = None if X_val is None or y_val is None or len(X_val) == 0 else (self.on_device(X_val), y_val)
        measure = None if validation is None else lambda _: self._accuracy(*validation, dtype=dtype, flip=False)
        with seeded(self.random_state, self.device) as generator:
            training = self.begin(pixels, rows, codes, generator)
            self._network, self._normalise = training.network, training.normalise
            about = {
                "recipe": repr(self.recipe),
                "device": self.device.type,
                "dtype": str(dtype),
                "images": len(X),
                "size": self.size,
                "seed": self.random_state,
                "threads": torch.get_num_threads(),
                "torch": str(torch.__version__),
            }
            train([training], measure, Checkpoint(self.checkpoint, about))
        self.fit_info_ = self.info(training)
        if validation is not None:
            accuracy = self._accuracy(*validation, dtype=torch.float32, flip=self.mirrors)
            self.fit_info_ |= {"validation_accuracy": accuracy, "validation_curve": training.curve}
        return self

    def forecast(self, X: NDArray[np.uint8], y: NDArray[np.integer[Any]], n: int) -> float:
        """Return the seconds that `fit` on n images will take on this device, by timing a few steps.

        Parameters
        ----------
        X, y
            Some images and their class indices, as for `fit`.
        n : int
            Number of training images to forecast for.
        """
        start = perf_counter()
        _, codes = np.unique(np.asarray(y), return_inverse=True)
        with seeded(0, self.device) as generator:
            rows = torch.arange(len(X), device=self.device)
            training = self.begin(self.on_device(X), rows, codes, generator)
            for _ in range(WARM_UP_STEPS):
                training.advance()
            training.wait()
            moments = [perf_counter()]
            for _ in range(TIMED_STEPS):
                training.advance()
                training.wait()
                moments.append(perf_counter())
        step = min(after - before for before, after in pairwise(moments))
        return moments[0] - start + step * self.recipe.steps_for(n)

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return class probabilities (n, len(classes_)), float32.

        They are means over each image and its mirror image if the training used mirror images.
        """
        if len(X) == 0:
            return np.empty((0, len(self.classes_)), dtype=np.float32)
        pixels = self.on_device(X)
        return predict_probabilities(self._network, pixels, self._normalise, flip=self.mirrors).cpu().numpy()

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.integer[Any]]:
        """Return the most probable class index of each image, shape (n,)."""
        classes: NDArray[np.integer[Any]] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return classes

    def _accuracy(self, pixels: Tensor, y: NDArray[np.integer[Any]], *, dtype: torch.dtype, flip: bool) -> float:
        probabilities = predict_probabilities(self._network, pixels, self._normalise, dtype=dtype, flip=flip)
        predicted = self.classes_[probabilities.argmax(dim=1).cpu().numpy()]
        return round(float(np.mean(predicted == np.asarray(y))), 4)

    def save_weights(self, path: Path, origin: Mapping[str, Any]) -> None:
        """Write the trained network as safetensors.

        Parameters
        ----------
        path : Path
            Ends in `.safetensors`.
        origin : mapping
            Keywords of `deep.weights_file.provenance`: data set, images, classes, method, seed.
        """
        metadata = provenance(
            **origin,
            architecture=self.network.architecture,
            mean=self._normalise.mean.flatten().tolist(),
            sd=self._normalise.sd.flatten().tolist(),
        )
        save(path, self._network, metadata=metadata)

    def on_device(self, X: NDArray[np.uint8]) -> Tensor:
        """Return images of the network's size, on its device."""
        return on_device(X, self.size, self.device)

    def new_network(self, pixels: Tensor, targets: Tensor, classes: int) -> nn.Module:
        """Build the network with its first weights, on its device; torch's global generator draws them."""
        network: nn.Module = self.network(classes).to(self.device).to(memory_format=torch.channels_last)
        if self.probe_first:
            fit_head(network, pixels, targets, Normalisation.of(pixels))
        return network

    def begin(
        self, pixels: Tensor, rows: Tensor, codes: NDArray[np.int64], generator: torch.Generator, slot: int = 0
    ) -> Training:
        """Return the training of a new network on some rows of the images; `codes` are their classes, from 0 on."""
        targets = torch.from_numpy(codes.reshape(-1)).to(self.device)
        network = self.new_network(pixels[rows], targets, int(codes.max()) + 1)
        dtype = choose_dtype(self.precision, self.device)
        return Training(network, pixels, rows, targets, generator, self.recipe, dtype, slot)

    def info(self, training: Training, pack: int = 1) -> dict[str, Any]:
        """Return `fit_info_` of a finished training, one of `pack` side by side."""
        info = {
            "device": str(self.device),
            "pack": pack,
            "dtype": str(training.dtype).removeprefix("torch."),
            "steps": training.steps,
            "images_per_second": round(training.steps * self.recipe.batch_size / training.seconds, 1),
            "parameters": sum(p.numel() for p in training.network.parameters()),
            "train_loss": round(training.loss, 4),
            **peak_memory(self.device),
            **self.network.origin,
        }
        if training.resumed:
            info |= {"resumed_at_step": training.resumed, "seconds_before": round(training.seconds_before, 1)}
        return info

    @property
    def mirrors(self) -> bool:
        """True if predictions are means over images and their mirror images."""
        return self.recipe.augmentation.flip > 0
