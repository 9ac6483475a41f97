"""Pretrained networks that are trained in part: `linear-probe` and `layer4`.

The outputs of their frozen layers are a pure function of each image, so that they are computed once a data set, not
once a fold. The trained part is small, and images are not augmented. The frozen layers get images normalised as those
that they were trained on. To fine-tune a whole network, use `resnet50[weights=...]`.

- `linear-probe`: logistic regression on the inputs of the network's last layer, means over an image and its mirror
  image (Kumar et al. 2022, arXiv 2202.10054).
- `layer4`: the last stage of a ResNet and its last layer, on the outputs of the third stage. Its learning rate rises
  over the first 30 % of the steps (warmup=0.3), not 20 % as that of whole networks: so the reference results were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from deep.networks import check, settle
from febench import method

if TYPE_CHECKING:
    from deep.layer4 import TailClassifier
    from deep.probe import LinearProbe

KUMAR = "Kumar et al. 2022, arXiv 2202.10054"


def needs_weights(params: Mapping[str, Any], device: str) -> str | None:
    """Return why a method cannot run with these parameters on a device, or None if it can."""
    if params["weights"] == "none":
        return "its frozen layers need weights: set weights to imagenet, or to a file made by febench pretrain"
    return check(params, device)


_tier = partial(
    method,
    cite=KUMAR,
    sets=("named",),
    version="2",
    needs=("torch", "torchvision", "deep.classifier"),
    extra="deep",
    check=needs_weights,
    settle=settle,
)


@_tier("linear-probe")
def linear_probe(
    network: str = "resnet18",
    weights: str = "imagenet",
    size: int = 64,
    C: float = 0.01,
    device: str = "auto",
) -> LinearProbe:
    """Logistic regression on the frozen features of a pretrained network.

    Parameters
    ----------
    network : str
        torchvision's name of the network.
    weights : str
        `imagenet`, or a file made by `febench pretrain`.
    size : int
        Side of the images, in pixels.
    C : float
        Inverse strength of the penalty on the standardised features.
    device : {"auto", "cpu", "cuda"}
        Where the frozen layers run.
    """
    from deep.architectures import Builder
    from deep.probe import LinearProbe

    return LinearProbe(Builder(network, weights), size=size, c=C, device=device)


@_tier("layer4")
def layer4(
    network: str = "resnet18",
    weights: str = "imagenet",
    size: int = 64,
    steps: int = 500,
    batch_size: int = 32,
    lr: float = 1e-3,
    weight_decay: float = 0.05,
    label_smoothing: float = 0.1,
    random_state: int | None = None,
    device: str = "auto",
    deterministic: bool = False,
    pack: int = 1,
) -> TailClassifier:
    """Train the last stage and the last layer of a pretrained ResNet on frozen stages.

    The learning rate peaks after 30 % of the steps: warmup=0.3, which cannot be set.

    Parameters
    ----------
    network : str
        A ResNet, ResNeXt or Wide ResNet of torchvision.
    weights, size
        As of `linear-probe`.
    steps, batch_size, lr, weight_decay, label_smoothing
        As of `deep.networks.classifier`.
    random_state : int, optional
        Seed.
    device, deterministic, pack
        See `deep.packing.PackedClassifier`.
    """
    from deep.architectures import Builder
    from deep.images import Augmentation
    from deep.layer4 import TailClassifier
    from deep.training import Recipe

    recipe = Recipe(
        steps=steps,
        batch_size=batch_size,
        lr=lr,
        warmup=0.3,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        augmentation=Augmentation.of_strength(0.0),
        frozen_statistics=True,
    )
    return TailClassifier(
        Builder(network, weights),
        recipe,
        size=size,
        random_state=random_state,
        device=device,
        deterministic=deterministic,
        pack=pack,
    )
