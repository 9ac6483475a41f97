"""Hashes of the images that a network was trained on, in the header of its weights file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import DataError

KEY = "febench.images"
LONGEST_HEADER = 100_000_000


def grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images in grey, shape (n, height, width), by the weights of ITU-R 601 in whole numbers, as Pillow does.

    A grey image that was stored in three equal channels comes back as it was.
    """
    if images.ndim == 3:
        return images
    red, green, blue = (images[..., channel].astype(np.uint32) for channel in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16).astype(np.uint8)


def image_hashes(images: NDArray[np.uint8]) -> list[str]:
    """A short hash of each image, the same for every copy of its pixels.

    It is the first 16 hexadecimal digits of the SHA-256 over `<height>x<width>:` and the pixels, row by row, in `grey`.

    Parameters
    ----------
    images : uint8 array, shape (n, height, width) or (n, height, width, 3)
        Of a large set, piece by piece: hashes do not depend on the other images.
    """
    height, width = images.shape[1:3]
    start, hashes = hashlib.sha256(f"{height}x{width}:".encode()), []
    for image in grey(images):
        digest = start.copy()
        digest.update(image.tobytes())
        hashes.append(digest.hexdigest()[:16])
    return hashes


def read_provenance(path: Path) -> dict[str, Any]:
    """The metadata of a safetensors file, `febench.images` decoded to a list of image hashes; its tensors stay unread.

    Raises
    ------
    DataError
        If the file cannot be read, is not a safetensors file, or does not say which images it was trained on.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(LONGEST_HEADER, path.stat().st_size - 8):
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(file.read(length))
    except OSError as error:
        raise DataError(f"cannot read the weights {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not a safetensors file ({error})") from error
    if not isinstance(header, dict):
        raise DataError(f"{path} is not a safetensors file (its header is no JSON object)")
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or KEY not in metadata:
        raise DataError(f"the weights {path} do not say which images they were trained on (no {KEY} in their metadata)")
    try:
        hashes = json.loads(metadata[KEY])
    except (TypeError, ValueError, RecursionError):
        hashes = None
    if not isinstance(hashes, list) or not all(isinstance(one, str) for one in hashes):
        raise DataError(f"{KEY} in the metadata of {path} is not a JSON list of image hashes")
    return {**metadata, KEY: hashes}
