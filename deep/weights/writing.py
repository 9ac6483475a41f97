"""Writing a network's weights, with a record of what they were trained on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep.weights.reading import ARCHITECTURE, SAFETENSORS
from febench.core.errors import UsageError
from febench.core.provenance import KEY

if TYPE_CHECKING:
    from torch import nn


def save(path: Path, network: nn.Module, *, metadata: Mapping[str, str]) -> None:
    """Write a network's state as safetensors: whole or not at all, and equal bytes for equal weights and metadata.

    Parameters
    ----------
    path : Path
        Ends in `.safetensors`; a file there is replaced.
    network : nn.Module
        On any device, in any memory format.
    metadata : mapping of str to str
        For the header, as `provenance` makes it.

    Raises
    ------
    UsageError
        If the path does not end in `.safetensors`, or cannot be written.
    """
    from safetensors.torch import save as serialise

    if path.suffix != SAFETENSORS:
        raise UsageError(f"weights are written as safetensors: end the name of {path} in .safetensors")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        partial.write_bytes(_with_metadata(serialise(tensors), metadata))
        partial.replace(path)
    except OSError as error:
        raise UsageError(
            f"cannot write the weights {path}: {error.strerror}; name a file in a folder that exists"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def provenance(
    dataset: str,
    fingerprint: str,
    images: Sequence[str],
    *,
    architecture: str,
    classes: Sequence[str],
    method: str,
    params: Mapping[str, Any],
    seed: int,
    mean: Sequence[float] = (),
    sd: Sequence[float] = (),
) -> dict[str, str]:
    """Tell where weights come from, as the metadata of a safetensors file.

    Parameters
    ----------
    dataset, fingerprint : str
        Name and content fingerprint of the data set it was trained on.
    images : sequence of str
        `febench.core.provenance.image_hashes` of every image it saw; `febench audit --weights` reads them.
    architecture : str
        torchvision's name of the network.
    classes : sequence of str
        What the outputs of its head stand for, in order.
    method : str
        Label of the method that trained it.
    params : mapping
        Its parameters, JSON-able.
    seed : int
        Seed of the training.
    mean, sd : sequence of float
        Of the training pixels, one a channel, by which its inputs were normalised. They are a record: fine-tuning
        normalises by its own training images.

    Returns
    -------
    dict of str to str
        Texts as they are, all else as JSON.
    """
    texts = {"dataset": dataset, "fingerprint": fingerprint, "method": method}
    values = {"classes": list(classes), "n_images": len(images), "params": dict(params), "seed": seed}
    pixels = {"mean": list(mean), "sd": list(sd)}
    versions = {"version": version("febench"), "torch": version("torch")}
    as_json = {key: json.dumps(value, sort_keys=True) for key, value in {**values, **pixels}.items()}
    ours = {f"febench.{key}": text for key, text in {**texts, **as_json, **versions}.items()}
    return {"format": "pt", ARCHITECTURE: architecture, KEY: json.dumps(list(images)), **ours}


def _with_metadata(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Put metadata, by sorted keys, into safetensors bytes that have none: the library writes it in any order."""
    length = int.from_bytes(content[:8], "little")
    header = {"__metadata__": dict(sorted(metadata.items())), **json.loads(content[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]
