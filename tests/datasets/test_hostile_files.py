"""Files that mean harm or are odd: refused in one printable sentence or read rightly; nothing run, memory bounded."""

from __future__ import annotations

import os
import struct
import subprocess
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from febench.core.dataset import load_dataset
from febench.core.errors import DataError, printable
from tests.datasets.files import picture, pixels, text
from tests.end_to_end.conftest import COMMAND

SIDE = 16
MIB = 2**20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("happy/1.png", "sad/2.png"):
        picture(tmp_path / "data" / name, (SIDE, SIDE))
    return tmp_path / "data"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and that holds nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    """A GIF of one pixel on a screen that claims a size."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


def cut_off(home: Path) -> bytes:
    path = picture(home.parent / "whole.jpg", (200, 200), "RGB")
    return path.read_bytes()[:2000]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (png(100_000, 100_000), "claims too many pixels to be a picture of a face"),
        (png(12_000, 8_000), "claims too many pixels|claims 12000 x 8000 pixels, more than a picture"),
        (gif(65_535, 65_535), "claims too many pixels"),
        (png(64, 64), "is cut off or damaged"),
        (cut_off, "is cut off or damaged"),
        (b"", "is empty"),
        (np.random.default_rng(0).bytes(5000), "is not an image that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n(/tmp/x) run\n", "is not an image that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "is not an image that can be"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(home: Path, content: bytes | Callable[[Path], bytes], sentence: str) -> None:
    text(home / "happy" / "bad.png", content(home) if callable(content) else content)
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"1 of 3 images cannot be used: .*bad\.png ({sentence})") as raised:
        load_dataset("folder[size=8]", home)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * MIB
    assert printable(str(raised.value)) == str(raised.value)


def test_a_claim_of_many_pixels_takes_no_memory(home: Path) -> None:
    text(home / "happy" / "bomb.png", png(100_000, 100_000))
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({2048 * MIB}, {2048 * MIB}))\n"
    load = "from pathlib import Path\nfrom febench.core.dataset import load_dataset\n"
    load += f"load_dataset('folder', Path({str(home)!r}))"
    done = subprocess.run([COMMAND[0], "-c", limited + load], capture_output=True, text=True, timeout=60, check=False)
    assert "DataError" in done.stderr and "claims too many pixels" in done.stderr
    assert "MemoryError" not in done.stderr


def test_links(home: Path, tmp_path: Path) -> None:
    secret = picture(tmp_path / "secret.png", (SIDE, SIDE))
    link = home / "happy" / "link.png"
    for target, sentence in (
        (secret, r"link\.png is a link out of the data folder, to .*secret\.png; copy the file itself there"),
        (home / "sad", r"link\.png is a link to a folder; put the folder itself there"),
        (home, r"link\.png is a link to a folder"),
        (link, r"link\.png is a link to nothing; remove it"),
        (tmp_path / "nothing", r"link\.png is a link to nothing"),
    ):
        link.symlink_to(target)
        with pytest.raises(DataError, match=sentence):
            load_dataset("folder", home)
        link.unlink()


def test_a_link_within_the_folder_is_a_file(home: Path) -> None:
    (home / "happy" / "link.png").symlink_to(home / "happy" / "1.png")
    assert len(load_dataset("folder", home)) == 3


def test_folders_in_folders_however_deep(home: Path) -> None:
    place = home / "sad"
    for _ in range(1100):
        place = place / "a"
        place.mkdir()
    (home / "happy" / "1.png").rename(place / "1.png")
    picture(home / "happy" / "2.png", (SIDE, SIDE))
    try:
        assert len(load_dataset("folder", home)) == 3
    finally:  # Python 3.11 and pytest remove no folders that deep
        (place / "1.png").unlink()
        os.removedirs(place)


def test_a_pipe_and_a_device_are_passed_over(home: Path) -> None:
    os.mkfifo(home / "happy" / "pipe.png")
    assert len(load_dataset("folder", home)) == 2


ODD_NAMES = {
    b"new\nline.png": "new\nline.png",
    b"'quotes\".png": "'quotes\".png",
    b"<script>alert(1)<.png": "<script>alert(1)<.png",
    b"latin-\xe9.png": "latin-\\xe9.png",
    b"$(touch x);`id`.png": "$(touch x);`id`.png",
    b"-rf.png": "-rf.png",
    "\u202egnp.png".encode(): "\u202egnp.png",
}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_names(home: Path, name: bytes) -> None:
    picture(home / "happy" / "plain.png", (SIDE, SIDE)).rename(
        Path(os.fsdecode(os.fsencode(home / "happy") + b"/" + name))
    )
    dataset = load_dataset("folder", home)
    assert f"happy/{ODD_NAMES[name]}" in dataset.ids
    assert "\n".join(dataset.ids).encode()
    assert len(dataset.fingerprint) == 64


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_told_in_one_printable_line(home: Path, name: bytes) -> None:
    text(home / "happy" / "plain.png", b"no image").rename(
        Path(os.fsdecode(os.fsencode(home / "happy") + b"/" + name))
    )  # fmt: skip
    with pytest.raises(DataError) as raised:
        load_dataset("folder", home)
    line = printable(str(raised.value))
    assert line.isprintable() and "is not an image that can be read" in line


def test_the_command_line_tells_an_odd_name_in_one_line(home: Path) -> None:
    text(home / "happy" / "new\nline\x1b[31m.png", b"no image")
    args = ("run", "--dataset", "folder", "--data-dir", str(home), "--methods", "hwt", "--runs", "1", "--out", "o")
    done = subprocess.run(
        [*COMMAND, *args], cwd=home.parent, env={**os.environ, "COLUMNS": "1000"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 4 and "Traceback" not in done.stderr
    assert "\x1b[31m" not in done.stderr and r"new\nline\x1b[31m.png" in done.stderr


def alone(home: Path) -> NDArray[np.uint8]:
    """The image called odd among those of the folder."""
    dataset = load_dataset("folder", home)
    return next(image for name, image in zip(dataset.ids, dataset.images, strict=True) if "odd" in name)


def test_16_bits_keep_their_greys(home: Path) -> None:
    greys = np.linspace(0, 65535, SIDE * SIDE).astype(np.uint16).reshape(SIDE, SIDE)
    Image.fromarray(greys).save(home / "happy" / "odd.png")
    assert np.abs(alone(home).astype(int) - greys / 257).max() <= 1


@pytest.mark.parametrize("mode", ["CMYK", "RGB"])
def test_colour_modes(home: Path, mode: str) -> None:
    solid = Image.new("RGB", (SIDE, SIDE), (200, 30, 90)).convert(mode)
    solid.save(home / "happy" / "odd.tiff")
    image = alone(home)
    assert image.shape == (SIDE, SIDE, 3)
    assert np.abs(image.astype(int) - (200, 30, 90)).max() <= 2


def test_a_palette_of_colours_and_one_of_greys(home: Path) -> None:
    solid = Image.new("RGB", (SIDE, SIDE), (200, 30, 90))
    solid.quantize(2).save(home / "happy" / "odd.png")
    assert np.abs(alone(home).astype(int) - (200, 30, 90)).max() <= 8
    pixels("grey", (SIDE, SIDE), "P").save(home / "happy" / "odd.png")
    assert np.array_equal(alone(home), np.asarray(pixels("grey", (SIDE, SIDE))))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_ignored(home: Path, mode: str) -> None:
    image = pixels("clear", (SIDE, SIDE)).convert(mode)
    image.putalpha(0)
    image.save(home / "happy" / "odd.png")
    read = alone(home)
    assert np.array_equal(read if mode == "LA" else read[..., 0], np.asarray(pixels("clear", (SIDE, SIDE))))


def test_a_camera_held_upright(home: Path) -> None:
    upright = pixels("upright", (SIDE, SIDE))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(home / "happy" / "odd.png", exif=exif)
    assert np.array_equal(alone(home), np.asarray(upright))


def test_the_first_frame_of_a_film(home: Path) -> None:
    frames = [pixels(name, (SIDE, SIDE)) for name in ("one", "two", "three")]
    frames[0].save(home / "happy" / "odd.gif", save_all=True, append_images=frames[1:])
    assert np.array_equal(alone(home), np.asarray(frames[0]))
