"""A network from torch behind scikit-learn's `fit` and `predict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deep.architectures import Builder
from deep.checkpoint import Checkpoint
from deep.device import choose_device, choose_dtype, seeded
from deep.images import Images
from deep.loop import train
from deep.packing import fit_predict_folds
from deep.prediction import predict_probabilities
from deep.probe import fit_head
from deep.resizing import on_device, resize
from deep.training import Recipe, Training
from deep.weights import provenance, save
from febench.core.method import FoldOutcome, FoldTask


class ImageClassifier:
    """Trains a network on labelled images for a number of steps.

    The validation images, where given, are only watched: what is kept are the last weights, whatever the curve says.

    Parameters
    ----------
    network : Builder
        Builds the network with its first weights; it takes images of 3 channels.
    recipe : Recipe
        Budget, optimiser and augmentation.
    size : int
        Images are resized to this many pixels a side.
    probe_first : bool
        Whether the last layer is first trained alone, as logistic regression on what the others make of the images.
    precision : {"auto", "bf16", "fp32"}
        Of convolutions and matrix products while training; "auto" is bf16 where the device computes in it.
        Predictions are always made in fp32.
    random_state : int, optional
        Seed of the first weights, the order and the augmentation.
    device : {"auto", "cpu", "cuda"}
        "auto" is a GPU where there is one.
    deterministic : bool
        Whether a GPU must give the same bits each time; a CPU always does.
    checkpoint : Path, optional
        Where a long training keeps its state every few minutes, and goes on from if it is there.
    pack : int
        How many folds `fit_predict_folds` trains at a time; 0 for as many as pay.

    Attributes
    ----------
    classes_ : ndarray
        The class indices seen in `fit`, ascending: the columns of `predict_proba`.
    fit_info_ : dict
        device, dtype, steps, images_per_second (training alone), parameters, train_loss; weights (and what is
        known of them) if they were not random; if it went on from a
        checkpoint also resumed_at_step and seconds_before; with validation images also
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
        pack: int = 0,
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
        self.pack = pack

    def extract(self, X: NDArray[np.uint8]) -> NDArray[Any]:
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
        images, targets = Images(self.on_device(X)), torch.from_numpy(codes.reshape(-1)).to(self.device)
        dtype = choose_dtype(self.precision, self.device)
        with seeded(self.random_state, self.device) as generator:
            self._network = self.new_network(images, targets, len(self.classes_))
            self._normalise = images.normalise
            weights = {name: value.clone() for name, value in self._network.state_dict().items()}
            training = Training(self._network, images, self.recipe, dtype)
            training.begin(weights, torch.arange(len(X), device=self.device), targets, generator)
            watch = None if X_val is None or y_val is None or len(X_val) == 0 else Watch(self, X_val, y_val, dtype)
            train([training], [watch], Checkpoint(self.checkpoint, self._about(training)))
        self.fit_info_ = self.info(training)
        if watch is not None:
            self.fit_info_ |= {"validation_accuracy": watch.accuracy(), "validation_curve": watch.curve}
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class probabilities, shape (n, len(classes_)), float32.

        They are the mean over each image and its mirror image if the training had mirror images in it.
        """
        if len(X) == 0:
            return np.empty((0, len(self.classes_)), dtype=np.float32)
        return self._probabilities(self.on_device(X)).cpu().numpy()

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.integer[Any]]:
        """Give the most probable class index of each image, shape (n,)."""
        classes: NDArray[np.integer[Any]] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return classes

    def fit_predict_folds(self, X: NDArray[np.uint8], folds: Sequence[FoldTask]) -> list[FoldOutcome]:
        """Train and test several folds, side by side where one does not fill the device; see `febench.core.method`.

        The predictions are those of `fit` and `predict` fold by fold: on a GPU bit by bit only if `deterministic`.
        """
        return fit_predict_folds(self, X, folds, self.pack)

    def save_weights(self, path: Path, origin: Mapping[str, Any]) -> None:
        """Write the trained network as safetensors.

        Parameters
        ----------
        path : Path
            Ends in `.safetensors`.
        origin : mapping
            Keywords of `deep.weights.provenance`: data set, images, classes, method, seed.
        """
        pixels = self._normalise
        metadata = provenance(
            **origin,
            architecture=self.network.architecture,
            mean=pixels.mean.flatten().tolist(),
            sd=pixels.sd.flatten().tolist(),
        )
        save(path, self._network, metadata=metadata)

    def on_device(self, X: NDArray[np.uint8]) -> Tensor:
        """Images of the network's size, on its device."""
        return on_device(X, self.size, self.device)

    def new_network(self, images: Images, targets: Tensor, classes: int) -> nn.Module:
        """Build the network with its first weights, on its device; torch's global generator draws them."""
        network: nn.Module = self.network(classes).to(self.device).to(memory_format=torch.channels_last)
        if self.probe_first:
            fit_head(network, images.pixels, targets, images.normalise.fit(images.pixels))
        return network

    def info(self, training: Training) -> dict[str, Any]:
        """What is worth telling of a training that is done."""
        found = {
            "device": str(self.device),
            "dtype": str(training.dtype).removeprefix("torch."),
            "steps": training.steps,
            "images_per_second": round(training.steps * self.recipe.batch_size / training.seconds, 1),
            "parameters": sum(p.numel() for p in training.network.parameters()),
            "train_loss": round(training.loss, 4),
            **self.network.origin,
        }
        if training.resumed:
            found |= {"resumed_at_step": training.resumed, "seconds_before": round(training.seconds_before, 1)}
        return found

    @property
    def mirrors(self) -> bool:
        """Whether predictions are means over images and their mirror images."""
        return self.recipe.augmentation.flip > 0

    def _probabilities(self, pixels: Tensor) -> Tensor:
        return predict_probabilities(self._network, pixels, self._normalise, flip=self.mirrors)

    def _about(self, training: Training) -> dict[str, Any]:
        """What a training must have in common with another to go on from where that was."""
        return {
            "recipe": repr(self.recipe),
            "dtype": str(training.dtype),
            "images": len(training.images),
            "size": self.size,
            "seed": self.random_state,
            "threads": torch.get_num_threads(),
            "torch": str(torch.__version__),
        }


class Watch:
    """Follows the accuracy on the validation images during a training; `curve` holds pairs of step and accuracy."""

    def __init__(
        self, model: ImageClassifier, X: NDArray[np.uint8], y: NDArray[np.integer[Any]], dtype: torch.dtype
    ) -> None:
        self.model = model
        self.pixels = model.on_device(X)
        self.labels = np.asarray(y)
        self.dtype = dtype
        self.curve: list[list[float]] = []

    def __call__(self, training: Training) -> None:
        """Add a point: cheaper than `predict`, in the precision of the training and without mirror images."""
        model = self.model
        found = predict_probabilities(model._network, self.pixels, model._normalise, dtype=self.dtype, flip=False)
        self.curve.append([training.step, self._share_right(found)])

    def accuracy(self) -> float:
        """Accuracy of what `predict` says now."""
        return self._share_right(self.model._probabilities(self.pixels))

    def _share_right(self, probabilities: Tensor) -> float:
        predicted = self.model.classes_[probabilities.argmax(dim=1).cpu().numpy()]
        return round(float(np.mean(predicted == self.labels)), 4)
