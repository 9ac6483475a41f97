"""How the images were normalised that weights were trained on."""

from __future__ import annotations

import json

from deep.weights.reading import SAFETENSORS, WeightsFile
from febench.core.errors import DataError

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision's, of pixels from 0 to 1

Scale = tuple[list[float], list[float]]


def normalisation(file: WeightsFile) -> Scale:
    """Mean and standard deviation of the pixels, in units of uint8, one a channel.

    Raises
    ------
    DataError
        If the file does not say.
    """
    if "@" not in file.source:
        mean, sd = ([255 * value for value in values] for values in IMAGENET)
        return mean, sd
    found = _recorded(file) if file.path.suffix == SAFETENSORS else None
    if found is None:
        raise DataError(
            f"the weights {file.source} do not say how their images were normalised: "
            "use imagenet, or a file made by febench pretrain"
        )
    return found


def _recorded(file: WeightsFile) -> Scale | None:
    from safetensors import safe_open

    with safe_open(file.path, "numpy") as opened:
        metadata = opened.metadata() or {}
    try:
        mean, sd = (list(map(float, json.loads(metadata[f"febench.{name}"]))) for name in ("mean", "sd"))
    except (KeyError, ValueError, TypeError):
        return None
    return (mean, sd) if len(mean) == len(sd) > 0 and min(sd) > 0 else None
