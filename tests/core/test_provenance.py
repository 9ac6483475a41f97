from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from febench.core.errors import DataError
from febench.core.provenance import KEY, grey, image_hashes, read_provenance


def safetensors(path: Path, hashes: object, tensors: bytes = b"\0" * 8) -> Path:
    """A safetensors file with one tensor, and with hashes of images unless None."""
    metadata = {"format": "pt"} if hashes is None else {"format": "pt", KEY: json.dumps(hashes)}
    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    header = json.dumps({"__metadata__": metadata, "w": tensor}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + tensors)
    return path


def test_the_hash_is_the_one_that_is_written_down() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    assert image_hashes(image) == [hashlib.sha256(b"2x3:" + bytes(range(6))).hexdigest()[:16]]


def test_a_grey_picture_is_the_same_in_three_channels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 9), dtype=np.uint8)
    assert image_hashes(np.stack([images] * 3, axis=3)) == image_hashes(images)


def test_shape_and_pixels_count_and_neighbours_do_not() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 9), dtype=np.uint8)
    found = image_hashes(images)
    assert len(set(found)) == 5 and image_hashes(images[3:4]) == found[3:4]
    assert not set(found) & set(image_hashes(images.reshape(5, 9, 8)))


def test_grey_is_pillows() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert np.array_equal(grey(colours[np.newaxis])[0], np.asarray(Image.fromarray(colours).convert("L")))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    found = read_provenance(safetensors(tmp_path / "w.safetensors", ["ab", "cd"]))
    assert found == {"format": "pt", KEY: ["ab", "cd"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a safetensors file"),
        (b"\x02", "is not a safetensors file"),
        (b"\xff" * 64, "is not a safetensors file"),
        ((2).to_bytes(8, "little") + b"[]", "is not a safetensors file"),
        ((2).to_bytes(8, "little") + b"\xff{", "is not a safetensors file"),
        ((100_000).to_bytes(8, "little") + b"[" * 100_000, "is not a safetensors file"),
        ((2).to_bytes(8, "little") + b"{}", "do not say which images"),
        ((20).to_bytes(8, "little") + b'{"__metadata__": []}', "do not say which images"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_provenance(tmp_path / "w")


@pytest.mark.parametrize("hashes", [{"a": 1}, [1, 2], "ab"])
def test_a_list_of_hashes_is_wanted(tmp_path: Path, hashes: object) -> None:
    with pytest.raises(DataError, match="is not a JSON list of image hashes"):
        read_provenance(safetensors(tmp_path / "w", hashes))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the weights .*: No such file"):
        read_provenance(tmp_path / "w")
