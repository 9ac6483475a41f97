"""ResNet-18, ResNet-50 and further torchvision networks on facial expressions.

Papers: Li, Li & Lima 2021 ("Facial expression recognition via ResNet-18", doi:10.1007/978-3-030-82565-2_24) and Li &
Lima 2021 ("Facial expression recognition via ResNet-50", doi:10.1016/j.ijcce.2021.02.002): ResNets with a 7-way
softmax, 8 groups train, 1 validates, 1 tests. They leave open the size of the images, the first weights, the optimiser,
the number of epochs and the augmentation. The second names the other networks here in its outlook. Chosen here, the
same for all of them:

- torchvision's networks as they are, stem included, with one output a class seen in training, from random weights
  (ResNets: He initialisation, the last BatchNorm of each block zeroed).
- images resized to `size` pixels; normalised by the mean and standard deviation of the training images.
- AdamW with a one-cycle learning rate, label smoothing 0.1, every image rotated, scaled, shifted, mirrored and relit a
  little each time; predictions are means over the image and its mirror image.
- a number of steps that grows with the number of images, and the last weights; the validation fold is only watched.
- the preset `quick`: fewer steps on smaller images, without augmentation, which is only worth it in longer training.
- `weights`: none, imagenet, or a file; the label of a row names its pretrained weights. Fine-tuning follows Kumar et
  al. 2022 (arXiv 2202.10054): first the last layer alone, on frozen features, then all layers, earlier stages with
  lower learning rates, BatchNorm with its pretrained statistics.

RECIPE.md beside this file describes the trials before the values below were frozen.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from febench import method

if TYPE_CHECKING:
    from deep.classifier import ImageClassifier

QUICK = {"size": 48, "epochs": 3.0, "batch_size": 64, "lr": 2e-3, "augment": 0.0}
RESNETS = "He et al. 2016"
RESNET_18 = "Li, Li & Lima 2021, doi:10.1007/978-3-030-82565-2_24"
RESNET_50 = "Li & Lima 2021, doi:10.1016/j.ijcce.2021.02.002"


def classifier(
    network: str = "convnext_tiny",
    weights: str = "none",
    size: int = 64,
    steps: int = 340,
    epochs: float = 40.0,
    batch_size: int = 64,
    lr: float = 2.5e-3,
    warmup: float = 0.2,
    weight_decay: float = 0.05,
    label_smoothing: float = 0.1,
    augment: float = 0.3,
    stage_decay: float = 0.5,
    precision: str = "auto",
    random_state: int | None = None,
    device: str = "auto",
    deterministic: bool = False,
    checkpoint: Path | None = None,
    pack: int = 1,
) -> ImageClassifier:
    """Any classifier of torchvision, by its name there.

    Parameters
    ----------
    network : str
        Name in `torchvision.models`.
    weights : str
        First weights: `none` (random), `imagenet`, or a file made by `febench pretrain`.
    size : int
        Side of the images, in pixels.
    steps : int
        Updates, at least.
    epochs : float
        Number of times that every image is used, at least.
    batch_size : int
        Images in each update.
    lr, warmup : float
        Peak of the one-cycle learning rate, and the fraction of the steps before it.
    weight_decay, label_smoothing : float
        As in `torch.optim.AdamW` and `torch.nn.CrossEntropyLoss`.
    augment : float
        Strength of the augmentation: 1 is 10 degrees, 10 % of scale, 8 % of shift, 20 % of brightness and contrast.
    stage_decay : float
        With `weights`: learning rate of the network's first stage as a fraction of its last one's, geometric in
        between. Random weights have one rate.
    precision : {"auto", "bf16", "fp32"}
        Of the training; "auto" is bf16 if the hardware has it.
    random_state : int, optional
        Seed.
    device : {"auto", "cpu", "cuda"}
        Device of the network.
    deterministic, checkpoint
        See `deep.classifier.ImageClassifier`.
    pack : int
        See `deep.packing.PackedClassifier`; ignored for a network that cannot be packed.

    Raises
    ------
    ValueError
        If torchvision has no such classifier, or a parameter lies outside its range.
    """
    from deep.architectures import Builder
    from deep.classifier import ImageClassifier
    from deep.images import Augmentation
    from deep.packing import PackedClassifier, packable
    from deep.training import Recipe

    pretrained = weights != "none"
    recipe = Recipe(
        steps=steps,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        warmup=warmup,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        augmentation=Augmentation.of_strength(augment),
        stage_decay=stage_decay if pretrained else 1.0,
        frozen_statistics=pretrained,
    )
    build = Builder(network, weights)
    kind = partial(PackedClassifier, pack=pack) if packable(build) else ImageClassifier
    return kind(
        build,
        recipe,
        size=size,
        probe_first=pretrained,
        precision=precision,
        random_state=random_state,
        device=device,
        deterministic=deterministic,
        checkpoint=checkpoint,
    )


def settle(params: Mapping[str, Any], network: str | None = None) -> dict[str, Any]:
    """Return the parameters with `weights` as the name of a file's content, not as its path.

    Raises
    ------
    UsageError
        If torchvision has no such network, or there are no such weights.
    DataError
        If the file of the weights is unusable.
    """
    from deep import weights

    if network is None and importlib.util.find_spec("torchvision"):
        from deep.architectures import check_name

        check_name(params["network"])
    return {**params, "weights": weights.settle(network or params["network"], params["weights"])}


def check(params: Mapping[str, Any], device: str, network: str | None = None) -> str | None:
    """Return why a method cannot run with these parameters on a device, or None if it can."""
    import torch

    from deep.weights import why_unavailable

    if device == "cuda" and not torch.cuda.is_available():
        return "torch finds no CUDA device here: choose device auto or cpu"
    return why_unavailable(network or params["network"], params["weights"])


def precision() -> str:
    """Return the default precision of trainings on this processor, and why."""
    from deep.device import processor_precision

    return processor_precision()


def register(
    name: str,
    network: str | None,
    about: str,
    cite: str = RESNETS,
    sets: tuple[str, ...] = ("extended",),
    quick_steps: int = 90,
) -> None:
    """Register `classifier` with a fixed first parameter as a method.

    Parameters
    ----------
    name, cite, sets
        As of `febench.method`.
    network : str or None
        torchvision's name of the network; None leaves it a parameter.
    about : str
        The beginning of the docstring.
    quick_steps : int
        Steps of the preset `quick`.
    """
    build = partial(classifier, network) if network else partial(classifier)
    build.__module__ = __name__
    build.__doc__ = f"{about}; parameters as of `deep.networks.classifier`."
    method(
        name,
        cite=cite,
        sets=sets,
        version="4",
        presets={"quick": {"steps": quick_steps, **QUICK}},
        needs=("torch", "torchvision", "deep.classifier"),
        extra="deep",
        check=partial(check, network=network),
        settle=partial(settle, network=network),
        precision=precision,
    )(build)


register("resnet18", "resnet18", "ResNet-18", f"{RESNETS}; {RESNET_18}", ("deep",), 100)
register("resnet50", "resnet50", "ResNet-50", f"{RESNETS}; {RESNET_50}", ("deep",))
register("resnet34", "resnet34", "ResNet-34")
register("resnet101", "resnet101", "ResNet-101")
register("wide-resnet50-2", "wide_resnet50_2", "Wide ResNet-50-2", "Zagoruyko & Komodakis 2016")
register("resnext50", "resnext50_32x4d", "ResNeXt-50 (32x4d)", "Xie et al. 2017")
register("mobilenet-v3", "mobilenet_v3_large", "MobileNetV3-Large", "Howard et al. 2019")
register("torchvision", None, "Any classifier of torchvision: `torchvision:NAME`", "torchvision", sets=("named",))
