"""A bar tells how far the reading of images is; grey and colour, and bits of a pixel, are told where they differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from febench.core.dataset import load_dataset
from febench.core.errors import DataError
from febench.datasets.decoding import track
from tests.datasets.files import picture, text


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_shown_on_a_terminal_alone(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rich.console.Console.is_terminal", terminal)
    assert list(track("abc", 3, "reading")) == ["a", "b", "c"]
    output = capsys.readouterr()
    assert ("reading" in output.err) is terminal and output.out == ""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("happy/1.png", "happy/2.png", "sad/3.png"):
        picture(tmp_path / name, (16, 16))
    return tmp_path


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "CMYK"])
def test_one_file_in_colour_among_grey_ones_is_told_each_time(home: Path, mode: str) -> None:
    path = picture(home / "sad" / "4.tiff", (16, 16), mode)
    note = "1 of 4 images are in colour; all are read in RGB: sad/4.tiff"
    assert load_dataset("folder", home).notes == (note,)
    assert load_dataset("folder", home).notes == (note,)
    path.unlink()
    assert load_dataset("folder", home).images.ndim == 3 and load_dataset("folder", home).notes == ()


def test_one_grey_file_among_coloured_ones_is_told(home: Path) -> None:
    for name in ("happy/1.png", "happy/2.png"):
        picture(home / name, (16, 16), "RGB")
    assert load_dataset("folder", home).notes == (
        "1 of 3 images are grey; all are read in RGB: sad/3.png",
    )  # fmt: skip


@pytest.mark.parametrize(("bits", "ending"), [(10, "png"), (12, "png"), (12, "tiff"), (14, "tiff")])
def test_few_bits_of_sixteen_keep_their_levels(tmp_path: Path, bits: int, ending: str) -> None:
    """All files are divided by one number, so that a dark one stays darker than a bright one."""
    ramp = np.linspace(0, 2**bits - 1, 256).astype(np.uint16).reshape(16, 16)
    for name, values in (("happy/bright", ramp), ("sad/dark", ramp // 2)):
        path = tmp_path / f"{name}.{ending}"
        path.parent.mkdir()
        Image.fromarray(values).save(path)
    dataset = load_dataset("folder", tmp_path)
    assert len(np.unique(dataset.images[0])) > 250
    assert np.abs(dataset.images[0].astype(int) - ramp.astype(int) / 2 ** (bits - 8)).max() <= 1
    assert dataset.images[1].max() == dataset.images[0].max() // 2
    assert dataset.notes == (f"2 of 2 images have {bits} bits a pixel and are brought to 8: {2**bits - 1} is white",)


def test_eight_bits_in_a_file_of_sixteen(home: Path) -> None:
    values = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(values).save(home / "sad" / "4.png")
    assert np.array_equal(load_dataset("folder", home).images[3], values)


def test_bad_files_are_told_all_at_once(home: Path) -> None:
    """One is empty, one is no image, one is cut off, one is of another size: found by different steps of reading."""
    whole = picture(home / "sad" / "cut.jpg", (200, 200)).read_bytes()
    text(home / "sad" / "cut.jpg", whole[: len(whole) // 2])
    text(home / "happy" / "empty.png", b"")
    text(home / "happy" / "none.png", b"no image")
    with pytest.raises(DataError, match=r"3 of 6 images .*empty\.png is empty; .*none\.png is no.*cut\.jpg is cut"):
        load_dataset("folder", home)
    picture(home / "happy" / "empty.png", (20, 16))
    picture(home / "happy" / "none.png", (16, 20))
    with pytest.raises(DataError, match=r"3 of 6 .*empty\.png is 20 x 16 .*none\.png is 16 x 20 .*cut\.jpg is cut off"):
        load_dataset("folder", home)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jfif", "JPEG"),
        ("a.JPE", "JPEG"),
        ("a.jp2", "JPEG2000"),
        ("a.avif", "AVIF"),
        ("a.webp", "WEBP"),
        ("a", "PNG"),
        ("a.image", "PNG"),
    ],
)  # fmt: skip
def test_kinds_of_image_files_that_are_read(home: Path, name: str, kind: str) -> None:
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {kind}")
    image = Image.open(home / "sad" / "3.png")
    with (home / "sad" / name).open("wb") as file:
        image.save(file, kind)
    assert f"sad/{name}" in load_dataset("folder", home).ids


@pytest.mark.parametrize("name", ["a.heic", "a.dng", "a.psd", "a.xyz"])
def test_other_kinds_are_counted_and_named(home: Path, name: str) -> None:
    text(home / "sad" / name, b"\0\0\0\x18ftypheic")
    text(home / "calm" / name, b"\0\0\0\x18ftypheic")
    notes = load_dataset("folder", home).notes
    assert notes == (f"not read, because their formats are unknown: 2 {Path(name).suffix} (calm/{name}, sad/{name})",)


def test_a_folder_of_other_kinds_alone_is_not_without_images(tmp_path: Path) -> None:
    text(tmp_path / "happy" / "1.heic", b"x")
    text(tmp_path / "sad" / "2.heic", b"x")
    with pytest.raises(DataError, match=r"there are no images that can be read \(2 \.heic\) in folders of"):
        load_dataset("folder", tmp_path)
