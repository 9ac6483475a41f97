"""Reading a weights file: its tensors, or their names and shapes alone, without running anything in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Literal
from warnings import catch_warnings, simplefilter

from febench.core.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

SAFETENSORS = ".safetensors"
SUFFIXES = (SAFETENSORS, ".pth", ".pt")
ARCHITECTURE = "febench.architecture"  # a key of the metadata
RENAMED = (  # names in torchvision's older files of DenseNet and of the vision transformer, and those of today
    (re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\."), r"\1\2."),
    (re.compile(r"mlp\.linear_1\."), "mlp.0."),
    (re.compile(r"mlp\.linear_2\."), "mlp.3."),
)

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights that was found, and whose content was checked.

    Attributes
    ----------
    path : Path
        Where it lies.
    sha256 : str
        Of the whole file.
    source : str
        `NAME@SHA12`, or torchvision's name of the weights, such as `ResNet18_Weights.IMAGENET1K_V1`.
    verified : {"full", "prefix"}
        Whether all of the SHA-256 was known beforehand, or its first digits, which stand in torchvision's file names.
    """

    path: Path
    sha256: str
    source: str
    verified: Literal["full", "prefix"]


def read(path: Path) -> dict[str, Tensor]:
    """Every tensor of a weights file by its name, on the CPU; nothing in the file is run.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, could run code, or holds anything but tensors.
    """
    check_readable(path)
    return _read_safetensors(path) if path.suffix.lower() == SAFETENSORS else _read_pickle(path)


def read_header(path: Path) -> tuple[Shapes, str | None]:
    """Shapes in a safetensors file, and the architecture it names; the library also checks that it is whole."""
    from safetensors import SafetensorError, safe_open

    check_readable(path)
    try:
        with safe_open(path, "numpy") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            return shapes, (file.metadata() or {}).get(ARCHITECTURE)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, "safetensors file") from error


def shapes_of(state: Mapping[str, Tensor]) -> Shapes:
    """Names and shapes of tensors."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def check_readable(path: Path) -> None:
    """Refuse a file that is missing, a folder, or not to be read, as `DataError`."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise DataError(f"cannot read the weights {path}: {error.strerror}; give the path of a weights file") from error


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, "safetensors file") from error


def _read_pickle(path: Path) -> dict[str, Tensor]:
    import torch

    try:
        with catch_warnings():
            simplefilter("ignore")  # of what is refused in the next breath, and of files in torch's older format
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise nearly anything
        refusal = _unsafe(path, str(error)) if _could_run(path, error) else _damaged(path, "weights file of torch")
        raise refusal from error
    if not isinstance(state, dict) or not all(map(_is_plain, state, state.values())):
        raise DataError(
            f"{path} is no plain dictionary of tensors: save network.state_dict() alone, and give that file"
        )
    return {_renamed(name): tensor for name, tensor in state.items()}


def _is_plain(name: object, value: object) -> bool:
    import torch

    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        return False
    return value.layout is torch.strided and not value.is_quantized


def _could_run(path: Path, error: Exception) -> bool:
    """Whether torch refused a program or a pickle, told by its first bytes or its calls, rather than any other file."""
    if not isinstance(error, UnpicklingError):
        return "TorchScript" in str(error)
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80")) or "GLOBAL" in str(error)


def _unsafe(path: Path, refusal: str) -> DataError:
    """What to say of a pickle that holds more than tensors; `refusal` is torch's word on it."""
    called = re.search(r"GLOBAL ([\w.]+\w)", refusal)
    what = f" (it asks for {called[1]})" if called else ""
    return DataError(
        f"{path} is refused, because it holds more than tensors and could run code{what}: "
        "where you trust it, convert it to safetensors, or save network.state_dict() alone"
    )


def _damaged(path: Path, kind: str) -> DataError:
    return DataError(f"{path} is truncated, damaged or no {kind} at all: copy or download it again")


def _renamed(name: str) -> str:
    for old, new in RENAMED:
        name = old.sub(new, name)
    return name
