"""Pictures for the report: only of faces drawn by code, or where the user says that they may be shown."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from febench.core.dataset import Dataset, load_dataset
from febench.core.errors import FebenchError
from febench.core.manifest import Manifest

SIDE = 112
COLOURS = 64


class UnshownError(Exception):
    """Why there are no pictures."""


def pictures(manifest: Manifest, images: Sequence[int], allowed: bool, data_dir: Path | None = None) -> list[str]:
    """Some images of a data set as small PNG data URIs.

    Parameters
    ----------
    manifest : Manifest
        Names the data set.
    images : sequence of int
        Places in the data set.
    allowed : bool
        Whether images of people may be shown; those drawn by code always may.
    data_dir : Path or None
        Where data sets live.

    Raises
    ------
    UnshownError
        If they may not be shown, cannot be loaded here, or are not those the results were computed on.
    """
    if not (manifest.synthetic or allowed):
        raise UnshownError("Images of people are shown only with --show-images, by who may: here are their ids")
    dataset = _loaded(manifest, data_dir)
    if not (dataset.synthetic or allowed):
        raise UnshownError("The data set here is not synthetic as the results say: here are ids only")
    return [png_uri(dataset.images[image]) for image in images]


def png_uri(image: NDArray[np.uint8]) -> str:
    """An image, at most `SIDE` pixels wide and high, in few colours."""
    picture = Image.fromarray(np.asarray(image))
    picture.thumbnail((SIDE, SIDE))
    out = BytesIO()
    picture.quantize(COLOURS).save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def _loaded(manifest: Manifest, data_dir: Path | None) -> Dataset:
    try:
        dataset = load_dataset(manifest.dataset, data_dir)
    except FebenchError as error:
        raise UnshownError(f"The images cannot be loaded here, so there are ids only: {error}") from error
    if dataset.fingerprint != manifest.fingerprint:
        raise UnshownError(
            "The data set here is another one than that of the results (by its fingerprint): here are ids only"
        )
    return dataset
