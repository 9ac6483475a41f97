"""Every data set of files: its small copy loads, and each wrong thing gives one sentence that names it, or a note."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError, UsageError
from tests.datasets.files import picture, text
from tests.datasets.layouts import LAYOUTS, Layout
from tests.end_to_end.conftest import COMMAND

Change = Callable[[Path], object]

all_sets = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def put(name: str, content: str | bytes) -> Change:
    return lambda home: text(home / name, content)


def draw(name: str, size: tuple[int, int], mode: str = "L") -> Change:
    return lambda home: picture(home / name, size, mode)


def drop(name: str) -> Change:
    return lambda home: (home / name).unlink()


def twice(name: str, more: str) -> Change:
    return lambda home: text(home / f"{name}{more}", (home / name).read_bytes())


def folder_of(layout: Layout) -> str:
    return layout.image.split("/")[0]


@pytest.fixture
def home(layout: Layout, tmp_path: Path) -> Path:
    layout.write(tmp_path)
    return tmp_path


@all_sets
def test_the_folder_above_and_the_folder_itself(layout: Layout, home: Path) -> None:
    dataset = load_dataset(layout.name, home)
    again = load_dataset(layout.name, home / folder_of(layout))
    assert len(dataset) == layout.length
    assert dataset.fingerprint == again.fingerprint and dataset.ids == again.ids


@all_sets
def test_letters_of_another_case(layout: Layout, home: Path) -> None:
    dataset = load_dataset(layout.name, home)
    (home / layout.image).rename((home / layout.image).with_name(Path(layout.image).name.swapcase()))
    (home / folder_of(layout)).rename(home / folder_of(layout).swapcase())
    again = load_dataset(layout.name, home)
    assert sorted(again.labels) == sorted(dataset.labels)
    assert sorted(again.subjects or ()) == sorted(dataset.subjects or ())
    assert sorted(again.sequences or ()) == sorted(dataset.sequences or ())


@all_sets
def test_no_folder(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"data set {layout.name}: no data folder is named \(looks") as raised:
        load_dataset(layout.name)
    assert raised.value.option == "data_dir"
    with pytest.raises(DataError, match=rf"data set {layout.name}: there is no folder .*nowhere \(looks like"):
        load_dataset(layout.name, tmp_path / "nowhere")
    with pytest.raises(
        DataError, match=rf"data set {layout.name}: found no file like .*which holds nothing.*(get|made)"
    ):
        load_dataset(layout.name, tmp_path)


@all_sets
@pytest.mark.parametrize(("content", "words"), [(b"", "is empty"), (b"no image", "is not an image that can be read")])
def test_an_unreadable_image(layout: Layout, home: Path, content: bytes, words: str) -> None:
    (home / layout.image).write_bytes(content)
    name = Path(layout.image).name
    with pytest.raises(DataError, match=rf"data set {layout.name}: 1 of {layout.length} images .*{name} {words}"):
        load_dataset(layout.name, home)


@all_sets
def test_other_files_beside(layout: Layout, home: Path) -> None:
    picture(home / folder_of(layout) / "contact sheet.png", (10, 10))
    for name in ("README", ".hidden.png", "__MACOSX/x.png", "Thumbs.db"):
        text(home / folder_of(layout) / name, "about")
    dataset = load_dataset(layout.name, home)
    assert len(dataset) == layout.length
    assert [note for note in dataset.notes if "left out as not named as in" in note and "contact sheet.png" in note]
    assert not [note for note in dataset.notes if "README" in note or "hidden" in note or "x.png" in note]


@all_sets
def test_images_of_two_sizes(layout: Layout, home: Path) -> None:
    selector = "ckplus[size=0]" if layout.name == "ckplus" else layout.name
    picture(home / layout.image, (90, 70)) if layout.name != "yale" else yale_of_another_size(home / layout.image)
    with pytest.raises(DataError, match=rf"pixels, not .*; to bring all to one size: {layout.name}\[size=64\]"):
        load_dataset(selector, home)
    assert load_dataset(f"{layout.name}[size=32]", home).images.shape[:3] == (layout.length, 32, 32)


def yale_of_another_size(path: Path) -> None:
    path.write_bytes(picture(path.with_suffix(".gif"), (90, 70)).read_bytes())
    path.with_suffix(".gif").unlink()


ONE = {layout.name: layout for layout in LAYOUTS}
EMOTION = "CK+/Emotion/S005/001/S005_001_00000003_emotion.txt"
LIST = "basic/EmoLabel/list_patition_label.txt"


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("jaffe", draw("jaffe/KA.XX1.39.tiff", (256, 256)), r"XX1\.39\.tiff has the unknown .* 'XX'; known are AN, DI"),
        ("jaffe", draw("jaffedbase/a/KA.AN1.0.tiff", (256, 256)), r"KA\.AN1\.0\.tiff is there twice: .* and "),
        ("kdef", draw("KDEF/b/AF01AFS.JPG", (562, 762)), r"AF01AFS\.JPG is there twice"),
        ("rafd", draw("RafD/Rafd090_28_Kid_male_bored_left.jpg", (68, 102)), r"left\.jpg has the unknown .* 'bored'"),
        ("ckplus48", draw("CK+48/neutral/S010_001_00000001.png", (48, 48)), r"unknown expression 'neutral'"),
        ("ckplus", put(EMOTION, "8.0"), r"emotion\.txt has the .* '8'; known"),
        ("ckplus", put(EMOTION, ""), r"emotion\.txt has the unknown .* ''"),
        ("ckplus", put(EMOTION, "bliss"), r"has the unknown expression 'bliss'"),
        ("ckplus", put(EMOTION, b"\xff1.5"), r"unknown expression '\ufffd1\.5'"),
        ("ckplus", put(EMOTION, "0" * 9999), r"txt is larger than 4096 bytes"),
        ("yale", put("yalefaces/subject01.angry", "x"), r"subject01\.angry has the unknown expression 'angry'"),
        ("yale", twice("yalefaces/subject01.happy", ".gif"), r"subject01\.happy is there twice"),
        ("rafdb", put(LIST, "train_00001.jpg 5\n\ntrain_00002.jpg 8\n"), r"line 3 is not"),
        ("rafdb", put(LIST, "\x00" * 99), r"list_patition_label\.txt line 1 is not like"),
        ("rafdb", drop(LIST), r"found no EmoLabel/list_patition_label\.txt beside"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, change: Change, sentence: str) -> None:
    ONE[name].write(tmp_path)
    change(tmp_path)
    with pytest.raises(DataError, match=sentence) as raised:
        load_dataset(name, tmp_path)
    assert str(tmp_path) in str(raised.value) or "found no" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "change", "length", "note"),
    [
        ("kdef", draw("KDEF/AF31/AF31V.JPG", (562, 762)), 6, r"left out as not named .*: AF31/AF31V\.JPG"),
        ("kdef", draw("KDEF/AF31/AF31XXS.JPG", (562, 762)), 6, r"left out as not named .*: AF31/AF31XXS\.JPG"),
        ("ckplus", drop("CK+/cohn-kanade-images/S005/001/S005_001_00000003.png"), 3, "3 images instead of 327"),
        ("ckplus", drop(EMOTION), 2, "2 images instead of 327"),
        ("ckplus", put(EMOTION.replace("S005", "S006"), "1"), 3, "1 labelled seq.*images: S006_001"),
        ("ckplus", put(EMOTION, "0"), 2, "left out as labelled neutral: S005_001"),
        ("rafdb", drop("basic/Image/aligned/test_0001_aligned.jpg"), 2, "1 images are in .* but absent: test_0001"),
        ("rafdb", draw("basic/Image/aligned/test_9_aligned.jpg", (100, 100)), 3, "not in the list of labels: .*test_9"),
        ("affectnet", drop("AffectNet/train_set/images/10.jpg"), 2, "1 images are annotated but absent: .*/10"),
        ("affectnet", drop("AffectNet/val_set/annotations/0_exp.npy"), 2, "without an annotation: val_set/images/0"),
    ],
)  # fmt: skip
def test_what_can_be_done_without_is_told(tmp_path: Path, name: str, change: Change, length: int, note: str) -> None:
    ONE[name].write(tmp_path)
    change(tmp_path)
    dataset = load_dataset(name, tmp_path)
    assert len(dataset) == length
    assert re.search(note, "\n".join(dataset.notes)), dataset.notes


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("kdef[views=side]", "data set kdef: views must be straight or all, not 'side'"),
        ("rafd[cameras=090]", "data set rafd: cameras must be frontal or all, not '090'"),
        ("rafd[gaze=up]", "data set rafd: gaze must be all or frontal, not 'up'"),
        ("ckplus[frames=0]", "data set ckplus: frames must be at least 1, not 0"),
        ("ckplus48[apex=last]", "ckplus48.apex takes true or false"),
        ("yale[align=true,margin=1.5]", "margin is a share of the image, from 0.05 to 0.95, not 1.5"),
        ("rafdb[size=9999]", "size must be between"),
    ],
)
def test_parameters_that_cannot_be(tmp_path: Path, selector: str, sentence: str) -> None:
    ONE[selector.split("[")[0]].write(tmp_path)
    with pytest.raises(UsageError, match=sentence.replace("[", r"\[")):
        load_dataset(selector, tmp_path)


def test_the_command_line_ends_with_4_and_one_line(tmp_path: Path) -> None:
    ONE["ckplus48"].write(tmp_path)
    picture(tmp_path / "CK+48" / "bored" / "S010_001_00000001.png", (48, 48))
    args = ("run", "--dataset", "ckplus48", "--data-dir", ".", "--methods", "hwt", "--runs", "1", "--out", "o")
    done = subprocess.run([*COMMAND, *args], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 4 and "has the unknown expression 'bored'" in done.stderr
    assert "Traceback" not in done.stderr
