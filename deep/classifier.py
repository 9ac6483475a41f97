"""A network from torch behind scikit-learn's `fit` and `predict`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deep.training import Normalisation, Recipe, predict_probabilities, train

RESIZE_BYTES = 64 * 2**20


class ImageClassifier:
    """Trains a network from random weights on labelled images, for a fixed number of steps.

    The validation images, where given, are only watched: what is kept are the last weights, whatever the curve says.

    Parameters
    ----------
    network : callable
        `network(num_classes)` builds the network with random weights; it takes images of 3 channels.
    recipe : Recipe
        Budget, optimiser and augmentation.
    size : int
        Images are resized to this many pixels a side.
    precision : {"auto", "bf16", "fp32"}
        Of convolutions and matrix products while training; "auto" is bf16 where the device computes in it.
        Predictions are always made in fp32.
    random_state : int, optional
        Seed of the first weights, the order and the augmentation.
    device : {"auto", "cpu", "cuda"}
        "auto" is a GPU where there is one.

    Attributes
    ----------
    classes_ : ndarray
        The class indices seen in `fit`, ascending: the columns of `predict_proba`.
    fit_info_ : dict
        device, dtype, steps, images_per_second (training alone), parameters, train_loss; with validation images also
        validation_accuracy (of `predict`, at the end) and validation_curve, pairs of step and accuracy (unflipped).

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    RuntimeError
        If CUDA is asked for and there is none.
    """

    def __init__(
        self,
        network: Callable[[int], nn.Module],
        recipe: Recipe,
        *,
        size: int = 64,
        precision: str = "auto",
        random_state: int | None = None,
        device: str = "auto",
    ) -> None:
        if precision not in ("auto", "bf16", "fp32"):
            raise ValueError(f"precision must be auto, bf16 or fp32, not {precision!r}")
        if size < 1:
            raise ValueError(f"size must be at least 1 pixel, not {size}")
        self.network = network
        self.recipe = recipe
        self.size = size
        self.precision = precision
        self.random_state = random_state
        self.device = choose_device(device)

    def extract(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize each image to `size` x `size` (bilinear, antialiased); images of that size come back as they are.

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
            If `X` is not of such a shape or type.
        """
        return resize(X, self.size)

    def fit(
        self,
        X: NDArray[np.uint8],
        y: NDArray[np.integer[Any]],
        X_val: NDArray[np.uint8] | None = None,
        y_val: NDArray[np.integer[Any]] | None = None,
    ) -> ImageClassifier:
        """Train on images, or on what `extract` made of them.

        Parameters
        ----------
        X : ndarray
            uint8, shape (n, height, width) grey or (n, height, width, 3) RGB.
        y : ndarray
            Class indices, shape (n,).
        X_val, y_val : ndarray, optional
            Images and classes whose accuracy is watched; they change nothing.

        Returns
        -------
        ImageClassifier
            This classifier, trained.

        Raises
        ------
        ValueError
            If there are no images, or not one class for each.
        """
        if len(X) == 0 or len(X) != len(y):
            raise ValueError(f"fit needs at least one image and a class for each, not {len(X)} and {len(y)}")
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        images, targets = self._on_device(X), torch.from_numpy(codes.reshape(-1)).to(self.device, torch.int64)
        self._normalise = Normalisation.of(images)
        dtype = choose_dtype(self.precision, self.device)
        watch = None if X_val is None or y_val is None or len(X_val) == 0 else Watch(self, X_val, y_val, dtype)
        with seeded(self.random_state, self.device) as generator:
            network = self.network(len(self.classes_)).to(self.device)
            self._network = network.to(memory_format=torch.channels_last)
            trained = train(
                self._network,
                images,
                targets,
                self.recipe,
                normalise=self._normalise,
                generator=generator,
                dtype=dtype,
                at_checkpoint=watch,
            )
        self.fit_info_: dict[str, Any] = {
            "device": str(self.device),
            "dtype": str(dtype).removeprefix("torch."),
            "steps": self.recipe.steps,
            "images_per_second": round(self.recipe.steps * self.recipe.batch_size / trained.seconds, 1),
            "parameters": sum(p.numel() for p in self._network.parameters()),
            "train_loss": round(trained.loss, 4),
        }
        if watch is not None:
            self.fit_info_ |= {"validation_accuracy": watch.accuracy(), "validation_curve": watch.curve}
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class probabilities, shape (n, len(classes_)), float32.

        They are the mean over each image and its mirror image if the training had mirror images in it.
        """
        if len(X) == 0:
            return np.empty((0, len(self.classes_)), dtype=np.float32)
        return self._probabilities(self._on_device(X)).cpu().numpy()

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.integer[Any]]:
        """Give the most probable class index of each image, shape (n,)."""
        classes: NDArray[np.integer[Any]] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return classes

    def _probabilities(self, images: Tensor) -> Tensor:
        flip = self.recipe.augmentation.flip > 0
        return predict_probabilities(self._network, images, self._normalise, flip=flip)

    def _on_device(self, X: NDArray[np.uint8]) -> Tensor:
        """uint8 images of the network's size, shape (n, channels, size, size), on the device."""
        return _channels_first(np.array(self.extract(X))).contiguous().to(self.device)


class Watch:
    """Follows the accuracy on the validation images during a training; `curve` holds pairs of step and accuracy."""

    def __init__(
        self, model: ImageClassifier, X: NDArray[np.uint8], y: NDArray[np.integer[Any]], dtype: torch.dtype
    ) -> None:
        self.model = model
        self.images = model._on_device(X)
        self.labels = np.asarray(y)
        self.dtype = dtype
        self.curve: list[list[float]] = []

    def __call__(self, step: int) -> None:
        """Add a point: cheaper than `predict`, in the precision of the training and without mirror images."""
        model = self.model
        found = predict_probabilities(model._network, self.images, model._normalise, dtype=self.dtype, flip=False)
        self.curve.append([step, self._share_right(found)])

    def accuracy(self) -> float:
        """Accuracy of what `predict` says now."""
        return self._share_right(self.model._probabilities(self.images))

    def _share_right(self, probabilities: Tensor) -> float:
        predicted = self.model.classes_[probabilities.argmax(dim=1).cpu().numpy()]
        return round(float(np.mean(predicted == self.labels)), 4)


def resize(X: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize uint8 images to `size` pixels a side, a few at a time; see `ImageClassifier.extract`."""
    if X.dtype != np.uint8 or X.ndim not in (3, 4) or X.shape[3:] not in ((), (3,)) or 0 in X.shape[1:3]:
        raise ValueError(f"images must be uint8, (n, height, width) or (n, height, width, 3), not {X.dtype} {X.shape}")
    if X.shape[1:3] == (size, size):
        return X
    resized = np.empty((len(X), size, size, *X.shape[3:]), dtype=np.uint8)
    chunk = max(1, RESIZE_BYTES // (4 * int(np.prod(X.shape[1:]))))
    for start in range(0, len(X), chunk):
        images = _channels_first(np.array(X[start : start + chunk])).float().contiguous()
        small = nn.functional.interpolate(
            images, size=(size, size), mode="bilinear", antialias=True, align_corners=False
        )
        last = small.round_().clamp_(0, 255).byte().permute(0, 2, 3, 1).numpy()
        resized[start : start + chunk] = last.reshape(resized[start : start + chunk].shape)
    return resized


def choose_device(name: str) -> torch.device:
    """Look up a device by name; "auto" is a GPU where there is one.

    Raises
    ------
    RuntimeError
        If CUDA is asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"device {name!r} was asked for, but torch finds no CUDA device here")
    return device


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Resolve a precision; "auto" is bfloat16 where the hardware of the device computes in it, else float32."""
    bf16 = precision == "bf16" or (precision == "auto" and has_bf16(device))
    return torch.bfloat16 if bf16 else torch.float32


def has_bf16(device: torch.device) -> bool:
    """Whether the hardware has bfloat16 instructions: emulated ones are slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if hasattr(torch.cpu, "get_capabilities"):
        found = torch.cpu.get_capabilities()
        return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())  # torch < 2.12


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[torch.Generator]:
    """Give a generator on the device; torch's global ones are seeded inside, and afterwards are as they were before."""
    seed = secrets.randbits(63) if seed is None else seed
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        yield torch.Generator(device=device).manual_seed(seed)


def _channels_first(X: NDArray[np.uint8]) -> Tensor:
    images = torch.from_numpy(X)
    return images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
