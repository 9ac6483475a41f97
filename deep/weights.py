"""The weights that a network starts from: the file that the parameter `weights` of a method stands for.

The parameter is one of

- `none`: random weights.
- `imagenet`: torchvision's `IMAGENET1K_V1`, from torch hub's folder, else downloaded by torch hub.
- a path of a `.safetensors`, `.pth` or `.pt` file, which `settle` turns into
- `NAME@SHA12`: a readable name and the first 12 digits of the file's SHA-256. Results are stored under it, as a path
  says nothing about the content of the file; a copy of the file is in febench's cache.

Nothing here falls back on random weights: weights that cannot be used raise an error of one sentence.
Importing this module loads no torch.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import urlparse
from uuid import uuid4

from filelock import FileLock

from deep.weights_file import SAFETENSORS, SUFFIXES, WeightsFile, check, check_readable
from febench.core.cache import cache_dir
from febench.core.errors import DataError, FebenchError, UsageError, printable

SHA256_DIGITS = 12
"""Digits of the SHA-256 in a stored parameter."""

MAX_NAME_LENGTH = 60
DOWNLOAD_TIMEOUT_S = 20.0
"""Seconds without an answer from the network."""

STORED_NAME = re.compile(rf"[A-Za-z0-9_.+-]+@[0-9a-f]{{{SHA256_DIGITS}}}")
HASH_IN_FILE_NAME = re.compile(r"-([0-9a-f]{8,})\.pth")
"""torchvision's file names end in the first digits of the SHA-256."""

KNOWN_SHA256 = {
    "resnet18-f37072fd.pth": "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
    "resnet50-0676ba61.pth": "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
}


def settle(architecture: str, weights: str) -> str:
    """Return the parameter `weights` as results are stored under it: the name of a content, not a path.

    A file is checked and copied into febench's cache, so that runs use the hashed content even if the file changes.

    Parameters
    ----------
    architecture : str
        torchvision's name of the network.
    weights : str
        `none`, `imagenet`, the path of a file, or `NAME@SHA12` of a file in the cache.

    Returns
    -------
    str
        `none`, `imagenet` or `NAME@SHA12`.

    Raises
    ------
    UsageError
        If it is none of these.
    DataError
        If the file is missing, cannot be read, is damaged, could run code, or belongs to another network.
    """
    if weights in ("none", "imagenet"):
        return weights
    if STORED_NAME.fullmatch(weights):
        _cached(weights)
        return weights
    path = _as_path(weights)
    check_readable(path)
    check(path, architecture)
    folder, suffix = _folder(), SAFETENSORS if path.suffix.lower() == SAFETENSORS else ".pth"
    partial = folder / f"{uuid4().hex}.tmp"
    try:
        shutil.copyfile(path, partial)
        sha256 = file_sha256(partial)  # of the copy, which replaces a damaged one if there is one
        partial.replace(folder / f"{sha256}{suffix}")
    except OSError as error:
        raise DataError(f"cannot copy {path} to {folder}: {error.strerror}; make room there") from error
    finally:
        partial.unlink(missing_ok=True)
    return f"{_cleaned(path.stem)}@{sha256[:SHA256_DIGITS]}"


def find(architecture: str, weights: str) -> WeightsFile:
    """Return the file of weights after a check of its content; ImageNet's is downloaded if it is missing.

    Parameters
    ----------
    architecture : str
        torchvision's name of the network.
    weights : str
        As for `settle`, but not `none`.

    Returns
    -------
    WeightsFile
        The file. Of most ImageNet weights only the first digits of the SHA-256 are known beforehand, of ResNet-18's and
        ResNet-50's all digits; see `verified`.

    Raises
    ------
    UsageError
        If there are no such weights.
    DataError
        As of `settle`; if the file does not have its hash; or if a download fails.
    """
    if weights == "none":
        raise UsageError("weights=none means random weights: there is no file of them")
    if weights == "imagenet":
        return _imagenet(architecture)
    name = settle(architecture, weights)
    path = _cached(name)
    sha256 = file_sha256(path)
    if sha256 != path.stem:
        raise DataError(
            f"{path} was changed (its SHA-256 begins with {sha256[:SHA256_DIGITS]}): "
            f"give the path of the file of {name} again"
        )
    return WeightsFile(path, sha256, name, "full")


def why_unavailable(architecture: str, weights: str) -> str | None:
    """Return a sentence on why weights cannot be used here now, or None if they can.

    This is a quick check: no file is hashed, and nothing is downloaded. `imagenet` counts as available if torchvision
    has such weights; `find` raises an error if the download then fails.
    """
    try:
        if weights == "imagenet":
            _torchvision_weights(architecture)
        elif STORED_NAME.fullmatch(weights):
            _cached(weights)
        elif weights != "none":
            check_readable(_as_path(weights))
    except FebenchError as error:
        return str(error)
    return None


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    check_readable(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_path(weights: str) -> Path:
    path = Path(weights).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"weights is none, imagenet, the path of a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file, "
            f"or NAME@SHA{SHA256_DIGITS} of a file used before, not {printable(weights)!r}"
        )
    return path


def _cleaned(stem: str) -> str:
    """Return a file's name with only those characters that a selector takes without quotes."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", stem)[:MAX_NAME_LENGTH].strip("-") or "weights"


def _folder() -> Path:
    folder = cache_dir() / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _cached(name: str) -> Path:
    digits = name.rpartition("@")[2]
    paths = [path for path in cache_dir().glob(f"weights/{digits}*") if path.suffix in SUFFIXES]
    if len(paths) != 1:
        number = "no file" if not paths else f"{len(paths)} files"
        raise DataError(f"{number} of weights {name} in {cache_dir() / 'weights'}: give the path of that file once")
    return paths[0]


def _imagenet(architecture: str) -> WeightsFile:
    import torch

    weights = _torchvision_weights(architecture)
    path = Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(urlparse(weights.url).path).name
    match = HASH_IN_FILE_NAME.search(path.name)
    expected = KNOWN_SHA256.get(path.name) or (match[1] if match else None)
    if expected is None:
        raise DataError(f"the SHA-256 of {path.name} is not known: give the path of a file that you trust")
    if not path.exists():
        _download(weights.url, path, expected)
    sha256 = file_sha256(path)
    if not sha256.startswith(expected):
        raise DataError(
            f"{path} is damaged or another file (its SHA-256 begins with {sha256[:SHA256_DIGITS]}, "
            f"not {expected[:SHA256_DIGITS]}): delete it, and it is downloaded again"
        )
    verified: Literal["full", "prefix"] = "full" if expected == sha256 else "prefix"
    return WeightsFile(path, sha256, str(weights), verified)


def _torchvision_weights(architecture: str) -> Any:
    """Return torchvision's entry of a network's first ImageNet weights."""
    from torchvision import models

    try:
        entries = models.get_model_weights(architecture)
    except ValueError as error:
        raise UsageError(f"torchvision has no classifier named {printable(architecture)!r}") from error
    if "IMAGENET1K_V1" not in entries.__members__:
        raise UsageError(f"torchvision has no plain ImageNet weights of {architecture}: give a file by its path")
    return entries.IMAGENET1K_V1


def _download(url: str, path: Path, expected: str) -> None:
    """Download a file by torch hub, once for all processes that need it, with a time limit for a silent network."""
    import torch

    before = socket.getdefaulttimeout()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(_folder() / f"{path.name}.lock"):
            socket.setdefaulttimeout(DOWNLOAD_TIMEOUT_S)  # torch hub sets no time limit of its own
            if not path.exists():
                torch.hub.download_url_to_file(url, str(path), expected, progress=False)
    except (OSError, RuntimeError, HTTPException) as error:
        reason = printable(str(getattr(error, "reason", error)))
        raise DataError(
            f"cannot download the weights {path.name} ({reason}): "
            f"download that file of torchvision elsewhere, and put it into {path.parent}"
        ) from error
    finally:
        socket.setdefaulttimeout(before)
