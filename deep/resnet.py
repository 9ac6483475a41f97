"""ResNet-18 and ResNet-50 (He, Zhang, Ren & Sun 2016), trained from random weights on small images.

The papers compared here (Li, Li & Lima 2021 for ResNet-18; the ResNet-50 paper after it) state the network, a head of
seven classes, and that eight groups train, one validates and one tests. They leave open the size of the images, the
first weights, the optimiser, the number of epochs and the augmentation. Chosen here:

- torchvision's networks as they are, stem included, with one output a class seen in training, from random weights
  (He initialisation, the last BatchNorm of each block zeroed); pretrained weights would be another method.
- images resized to 64 x 64 pixels; mean and standard deviation from the training images alone.
- AdamW under a one-cycle learning rate, label smoothing 0.1, every image a little turned, scaled, shifted, mirrored and
  relit each time; predictions are the mean over the image and its mirror image.
- a fixed number of steps, whatever the number of images, and the last weights; the validation group is only watched.
- the preset `quick`: fewer steps on smaller images, without augmentation, which pays only in longer training.

RECIPE.md beside this file holds what was tried and measured before the values below were frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from febench import method

if TYPE_CHECKING:
    from torch import nn

    from deep.classifier import ImageClassifier

QUICK = {"size": 48, "lr": 2e-3, "augment": 0.0}


def cost(images_per_second: float, steps_per_second: float) -> Callable[[Mapping[str, Any], int], float]:
    """Rough seconds of one training on one core, from a network's two rates.

    Parameters
    ----------
    images_per_second : float
        Images of 64 pixels a side through the network and back, weights aside.
    steps_per_second : float
        Updates of the weights, images aside.

    Returns
    -------
    callable
        `cost(params, n_train)`; the number of images does not enter, since the budget is one of steps.
    """

    def seconds(params: Mapping[str, Any], n_train: int) -> float:
        images = params["batch_size"] * (params["size"] / 64) ** 2
        return 3.0 + int(params["steps"]) * float(images / images_per_second + 1 / steps_per_second)

    return seconds


def check_device(params: Mapping[str, Any], device: str) -> str | None:
    """Why these methods cannot run on a device, or None if they can."""
    if device != "cuda":
        return None
    import torch

    return None if torch.cuda.is_available() else "torch finds no CUDA device here"


@method(
    "resnet18",
    cite="He et al. 2016; Li, Li & Lima 2021",
    sets=("deep",),
    version="1",
    presets={"quick": {"steps": 240, **QUICK}},
    needs=("torch", "torchvision"),
    extra="deep",
    cost=cost(285, 35),
    check=check_device,
)
def resnet18(
    size: int = 64,
    steps: int = 2000,
    batch_size: int = 32,
    lr: float = 1e-3,
    warmup: float = 0.2,
    weight_decay: float = 0.05,
    label_smoothing: float = 0.1,
    augment: float = 1.0,
    precision: str = "auto",
    random_state: int | None = None,
    device: str = "auto",
) -> ImageClassifier:
    """ResNet-18 trained from random weights.

    Parameters
    ----------
    size : int
        Side of the images, in pixels.
    steps, batch_size : int
        Updates, and images in each.
    lr, warmup : float
        Peak of the one-cycle learning rate, and the fraction of the steps before it.
    weight_decay, label_smoothing : float
        As in `torch.optim.AdamW` and `torch.nn.CrossEntropyLoss`.
    augment : float
        Strength of the augmentation: 1 is 10 degrees, 10 % of scale, 8 % of shift, 20 % of brightness and contrast.
    precision : {"auto", "bf16", "fp32"}
        Of the training; "auto" is bf16 where the hardware has it.
    random_state : int, optional
        Seed.
    device : {"auto", "cpu", "cuda"}
        Where it runs.
    """
    return _classifier(
        "resnet18",
        {"steps": steps, "batch_size": batch_size, "lr": lr, "warmup": warmup, "weight_decay": weight_decay},
        label_smoothing=label_smoothing,
        augment=augment,
        size=size,
        precision=precision,
        random_state=random_state,
        device=device,
    )


@method(
    "resnet50",
    cite="He et al. 2016; Li & Lima 2021, doi:10.1016/j.ijcce.2021.02.002",
    sets=("deep",),
    version="1",
    presets={"quick": {"steps": 170, **QUICK}},
    needs=("torch", "torchvision"),
    extra="deep",
    cost=cost(115, 20),
    check=check_device,
)
def resnet50(
    size: int = 64,
    steps: int = 2000,
    batch_size: int = 32,
    lr: float = 1e-3,
    warmup: float = 0.2,
    weight_decay: float = 0.05,
    label_smoothing: float = 0.1,
    augment: float = 1.0,
    precision: str = "auto",
    random_state: int | None = None,
    device: str = "auto",
) -> ImageClassifier:
    """ResNet-50 trained from random weights; parameters as of `resnet18`."""
    return _classifier(
        "resnet50",
        {"steps": steps, "batch_size": batch_size, "lr": lr, "warmup": warmup, "weight_decay": weight_decay},
        label_smoothing=label_smoothing,
        augment=augment,
        size=size,
        precision=precision,
        random_state=random_state,
        device=device,
    )


def _classifier(
    name: str, optimiser: dict[str, Any], *, label_smoothing: float, augment: float, **settings: Any
) -> ImageClassifier:
    """Build the classifier; torch is imported only now, so that the methods above are listed without it."""
    from deep.augmentation import Augmentation
    from deep.classifier import ImageClassifier
    from deep.training import Recipe

    augmentation = Augmentation.of_strength(augment)
    recipe = Recipe(**optimiser, label_smoothing=label_smoothing, augmentation=augmentation)
    return ImageClassifier(partial(_network, name), recipe, **settings)


def _network(name: str, num_classes: int) -> nn.Module:
    """Build a torchvision ResNet with random weights."""
    from torchvision import models

    network: nn.Module = models.get_model(name, weights=None, num_classes=num_classes, zero_init_residual=True)
    return network
