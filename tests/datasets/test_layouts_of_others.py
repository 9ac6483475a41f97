"""Layouts in which data sets are passed round, other than their publishers' own."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from febench.core.dataset import load_dataset
from febench.core.errors import DataError
from febench.core.manifest import draw
from tests.datasets.files import by_id, labels_of, picture, pixels, text
from tests.datasets.layouts import LAYOUTS, ferplus, oulu, sfew
from tests.datasets.test_fer2013 import ROWS, numbers, table


@pytest.mark.parametrize("ending", ["jpg", "PNG", "bmp", "webp"])
@pytest.mark.parametrize("name", ["jaffe", "kdef", "ckplus48", "ckplus", "rafd", "rafdb", "affectnet", "yale"])
def test_images_converted_to_another_kind(tmp_path: Path, name: str, ending: str) -> None:
    layout = next(one for one in LAYOUTS if one.name == name)
    layout.write(tmp_path)
    before = load_dataset(name, tmp_path)
    old = tmp_path / layout.image
    new = old.with_name(f"{old.name}.{ending}") if name == "yale" else old.with_suffix(f".{ending}")
    if new != old:
        from PIL import Image

        Image.open(old).convert("RGB" if before.images.ndim == 4 else "L").save(new)
        old.unlink()
    dataset = load_dataset(name, tmp_path)
    assert len(dataset) == layout.length and sorted(dataset.labels) == sorted(before.labels)


@pytest.mark.parametrize("header", ["Emotion,Pixels,USAGE", " emotion , usage , pixels ", "EMOTION, Usage, pixels"])
def test_columns_in_any_case_and_blank_lines(tmp_path: Path, header: str) -> None:
    path = table(tmp_path / "fer2013.csv")
    names = [name.strip().lower() for name in header.split(",")]
    rows = [{"emotion": str(e), "usage": u, "pixels": numbers(n)} for n, (e, u) in enumerate(ROWS)]
    path.write_text("\n\n".join([header, *(",".join(row[name] for name in names) for row in rows)]) + "\n\n , ,\n\n")
    assert len(load_dataset("fer2013", tmp_path)) == 5


def test_words_for_codes_in_a_table(tmp_path: Path) -> None:
    table(tmp_path / "fer2013.csv", [("Angry", "Training"), ("happiness", "Training"), ("SAD", "PrivateTest")])
    assert list(labels_of(load_dataset("fer2013", tmp_path)).values()) == ["anger", "happy", "sadness"]


def test_fer2013_as_images_train_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("febench.datasets.fer2013.PUBLISHED", {"anger": 1, "happy": 1, "sadness": 1})
    for name in ("train/angry/0.jpg", "train/happiness/1.jpg", "validation/Sadness/2.jpg"):
        picture(tmp_path / "fer2013" / "images" / name, (48, 48))
    dataset = load_dataset("fer2013", tmp_path)
    assert sorted(labels_of(dataset).values()) == ["anger", "happy", "sadness"]
    assert sorted(dataset.parts or ()) == ["train", "train", "validation"]
    with pytest.raises(DataError, match=r"has no test part; it has train \(2\) and validation \(1\)"):
        draw(dataset, "official", 0)


def test_ckextended(tmp_path: Path) -> None:
    table(
        tmp_path / "ckextended.csv",
        [(0, "Training"), (6, "Training"), (7, "PublicTest"), (3, "PrivateTest")],
        "emotion,pixels,Usage",
    )
    dataset = load_dataset("ckextended", tmp_path)
    assert list(labels_of(dataset).values()) == ["anger", "neutral", "contempt", "happy"]
    assert dataset.subjects is None and dataset.parts == ("train", "train", "validation", "test")
    with pytest.raises(DataError, match="ckextended does not say which images show the same person"):
        draw(dataset, "subject", 0)


def test_ferplus_as_its_authors_write_it(tmp_path: Path) -> None:
    ferplus(tmp_path)
    dataset = load_dataset("ferplus", tmp_path)
    assert labels_of(dataset) == {
        "FER2013Train/fer0000000.png": "neutral", "FER2013Valid/fer0000002.png": "happy",
        "FER2013Test/fer0000003.png": "contempt",
    }  # fmt: skip
    assert by_id(dataset, dataset.parts)["FER2013Valid/fer0000002.png"] == "validation"
    assert len(dataset.classes) == 8 and "1 of 4 pictures left out: no majority 1" in dataset.notes
    (tmp_path / "ferplus" / "FER2013Valid" / "fer0000002.png").unlink()
    assert sum(load_dataset("ferplus", tmp_path).departures.values()) == 1


def test_a_name_that_the_published_table_of_votes_has_twice(tmp_path: Path) -> None:
    ferplus(tmp_path)
    header = "usage,image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,nf"
    rows = ["PrivateTest,fer0000003.png,0,0,0,0,0,0,0,8,2,0", "PrivateTest,fer0000003.png,0,0,0,0,0,0,0,0,0,10"]
    text(tmp_path / "ferplus" / "fer2013new.csv", "\n".join([header, *rows]))
    assert len(load_dataset("ferplus", tmp_path)) == 3


def test_people_of_oulu_casia_are_one_under_both_cameras(tmp_path: Path) -> None:
    oulu(tmp_path)
    dataset = load_dataset("oulu-casia", tmp_path)
    assert len(dataset) == 9 and set(dataset.subjects or ()) == {"P001", "P002"}
    assert len(set(dataset.sequences or ())) == 3
    assert "VL/Strong/P001/Anger/000.jpeg" not in dataset.ids and "VL/Strong/P001/Anger/003.jpeg" in dataset.ids
    assert len(load_dataset("oulu-casia[frames=1,cameras=VL,neutral=true]", tmp_path)) == 4


def test_sfew(tmp_path: Path) -> None:
    sfew(tmp_path)
    dataset = load_dataset("sfew", tmp_path)
    assert dataset.parts == ("train", "train", "test") and set(dataset.sequences or ()) == {"film", "other"}


def test_expw(tmp_path: Path) -> None:
    photograph = picture(tmp_path / "ExpW" / "image" / "origin" / "angry_a_1.jpg", (200, 100), "RGB")
    picture(photograph.with_name("b.jpg"), (90, 90), "RGB")
    text(
        tmp_path / "ExpW" / "label.lst",
        "angry_a_1.jpg 0 10 20 60 50 99.5 0\nangry_a_1.jpg 1 0 100 190 90 50 3\n"
        "b.jpg 0 5 5 60 70 9 6\nc.jpg 0 1 1 9 9 9 6\n",
    )
    dataset = load_dataset("expw[size=32]", tmp_path)
    assert labels_of(dataset) == {"angry_a_1.jpg#0": "anger", "angry_a_1.jpg#1": "happy", "b.jpg#0": "neutral"}
    assert dataset.subjects == ("angry_a_1.jpg", "angry_a_1.jpg", "b.jpg") and dataset.departures
    assert dataset.images.shape == (3, 32, 32, 3) and not np.array_equal(dataset.images[0], dataset.images[1])
    for box, sentence in (
        ("50 5 60 5", "a box from 5, 50 to 60, 5 holds nothing"),
        ("--5 5 60 70", "--5 5 60 70 is not the box of a face"),
    ):
        text(tmp_path / "ExpW" / "label.lst", f"b.jpg 0 {box} 9 6\n")
        with pytest.raises(DataError, match=rf"label\.lst line 1: {sentence}"):
            load_dataset("expw", tmp_path)


def test_rafdb_with_word_folders(tmp_path: Path) -> None:
    for name in (
        "train/Angry/train_00001_aligned.jpg",
        "train/happiness/train_00002.jpg",
        "test/Neutral/test_0001.jpg",
    ):
        picture(tmp_path / "DATASET" / name, (100, 100), "RGB")
    assert labels_of(load_dataset("rafdb", tmp_path)) == {
        "train_00001": "anger", "train_00002": "happy", "test_0001": "neutral",
    }  # fmt: skip


def affectnet(home: Path, *names: str) -> None:
    for name in names:
        picture(home / "AffectNet" / name, (96, 96), "RGB")


def test_affectnet_as_labels_csv(tmp_path: Path) -> None:
    affectnet(tmp_path, "anger/image0000006.jpg", "Sad/image0000007.jpg", "happy/image0000008.jpg")
    rows = "anger/image0000006.jpg,anger,0.8\n1,sad/image0000007.jpg,sad,0.8\n2,anger/image0000009.jpg,fear,0.7\n"
    text(tmp_path / "AffectNet" / "labels.csv", f",pth,label,relFCs\n0,{rows}")
    dataset = load_dataset("affectnet", tmp_path)
    assert sorted(labels_of(dataset).values()) == ["anger", "sadness"]
    assert sum(dataset.departures.values()) == 1 and any("not in labels.csv: happy/" in note for note in dataset.notes)
    text(tmp_path / "AffectNet" / "labels.csv", f",pth,label,relFCs\n0,{rows.replace('anger,0.8', 'surprise,0.8')}")
    with pytest.raises(DataError, match=r"contradict those of 1 of 2 images: .*affectnet\[labels=table\]"):
        load_dataset("affectnet", tmp_path)
    assert "surprise" in labels_of(load_dataset("affectnet[labels=table]", tmp_path)).values()
    assert "anger" in labels_of(load_dataset("affectnet[labels=folders]", tmp_path)).values()


@pytest.mark.parametrize(
    "names", ["names: ['Anger', 'Sad']", "nc: 2\nnames:\n- Anger\n- Sad\n", "names:\n  0: Anger\n  1: Sad\n"]
)
def test_affectnet_as_yolo_folders(tmp_path: Path, names: str) -> None:
    affectnet(tmp_path, "train/images/a.png", "train/images/b.png", "valid/images/c.png", "train/images/d.png")
    for name, lines in (
        ("train/labels/a", "0 .5 .5 1 1\n"),
        ("train/labels/b", "1 .5 .5 1 1"),
        ("valid/labels/c", "1 0 0 1 1"),
        ("train/labels/d", "0 0 0 1 1\n1 0 0 1 1"),
    ):
        text(tmp_path / "AffectNet" / f"{name}.txt", lines)
    with pytest.raises(DataError, match=r"no data\.yaml with the names of their classes"):
        load_dataset("affectnet", tmp_path)
    text(tmp_path / "AffectNet" / "data.yaml", f"train: ../train/images\n{names}")
    dataset = load_dataset("affectnet", tmp_path)
    assert list(labels_of(dataset).values()) == ["anger", "sadness", "sadness"] and dataset.parts == (
        "train",
        "train",
        "test",
    )
    assert any("of several classes: train/images/d.png" in note for note in dataset.notes)


@pytest.mark.parametrize("header", [True, False])
def test_affectnet_in_its_first_release(tmp_path: Path, header: bool) -> None:
    names = [f"{n}/{str(n) * 24}.jpg" for n in (1, 2, 3, 4)]
    affectnet(tmp_path, *(f"Manually_Annotated_Images/{name}" for name in names[:3]))
    first = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"
    rows = [f"{name},5,5,50,60,1;2;3,{code},0.1,0.2" for name, code in zip(names, (0, 9, 6, 1), strict=True)]
    text(tmp_path / "AffectNet" / "training.csv", (first if header else "") + "\n".join(rows[:2]))
    text(tmp_path / "AffectNet" / "validation.csv", (first if header else "") + "\n".join(rows[2:]))
    dataset = load_dataset("affectnet[size=40]", tmp_path)
    assert labels_of(dataset) == {names[0]: "neutral", names[2]: "anger"} and dataset.parts == ("train", "test")
    assert dataset.images.shape == (2, 40, 40, 3) and sum(dataset.departures.values()) == 1
    assert "left out as labelled with no expression: uncertain 1" in dataset.notes


def png(name: str) -> bytes:
    content = BytesIO()
    pixels(name, (16, 16)).save(content, "PNG")
    return content.getvalue()


def parquet(path: Path, columns: dict[str, Any], names: list[str] | None = None, metadata: str = "") -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {"label": {"names": names, "_type": "ClassLabel"}}
    metadata = json.dumps({"info": {"features": features}}) if names else metadata
    whole = pa.table(columns).replace_schema_metadata({"huggingface": metadata} if metadata else None)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(whole, path, row_group_size=2)


IMAGES = [png(name) for name in "abc"]


@pytest.mark.parametrize("images", [IMAGES, [{"bytes": one, "path": "x.png"} for one in IMAGES]])
def test_parquet_of_hugging_face(tmp_path: Path, images: list[Any]) -> None:
    parquet(
        tmp_path / "data" / "train-00000-of-00001.parquet",
        {"image": images, "label": [0, 1, 1]},
        ["Angry", "happiness"],
    )
    parquet(
        tmp_path / "data" / "test-00000-of-00001.parquet", {"image": images[:1], "label": [1]}, ["Angry", "happiness"]
    )
    dataset = load_dataset("parquet", tmp_path)
    assert [dataset.classes[label] for label in dataset.labels] == ["happy", "anger", "happy", "happy"]
    assert dataset.parts == ("test", "train", "train", "train")
    assert np.array_equal(dataset.images[3], np.asarray(pixels("c", (16, 16))))


def test_parquet_with_words_and_with_numbers_alone(tmp_path: Path) -> None:
    parquet(
        tmp_path / "words" / "a.parquet", {"Image": IMAGES, "Emotion": ["sad", "ANGRY", "sad"], "subject": [1, 2, 1]}
    )
    dataset = load_dataset("parquet", tmp_path / "words")
    assert dataset.classes == ("anger", "sadness") and dataset.subjects == ("1", "2", "1") and dataset.parts is None
    parquet(tmp_path / "numbers" / "a.parquet", {"image": IMAGES, "label": [0, 1, 2]})
    with pytest.raises(DataError, match=r"labels .* are numbers, and nothing in it says which expressions") as raised:
        load_dataset("parquet", tmp_path / "numbers")
    assert raised.value.option == "class_names"
    dataset = load_dataset('parquet[class_names="a,b,c"]', tmp_path / "numbers")
    assert dataset.classes == ("a", "b", "c")
    with pytest.raises(DataError, match=r"row 0 has the label 2, for which there is no class name"):
        load_dataset('parquet[class_names="a,b"]', tmp_path / "numbers")


@pytest.mark.parametrize("metadata", ["{", "[]", '{"info": null}', '{"info": {"features": {"label": {"names": 3}}}}'])
def test_parquet_with_metadata_of_any_content(tmp_path: Path, metadata: str) -> None:
    parquet(tmp_path / "a.parquet", {"image": IMAGES, "label": [0, 1, 1]}, metadata=metadata)
    with pytest.raises(DataError, match="nothing in it says which expressions"):
        load_dataset("parquet", tmp_path)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"image": IMAGES, "label": [[0], [1], [0, 1]]}, "the column label .* holds several values a row"),
        ({"picture_of": IMAGES, "label": ["a", "b", "c"]}, "has no column image or img or picture of images"),
        ({"image": [b"x", b"", IMAGES[0]], "label": ["a", "b", "a"]}, "2 of 3 images .*row 0 is not an image.*"),
    ],
)  # fmt: skip
def test_parquet_that_cannot_be_used(tmp_path: Path, columns: dict[str, Any], sentence: str) -> None:
    parquet(tmp_path / "a.parquet", columns)
    with pytest.raises(DataError, match=sentence):
        load_dataset("parquet", tmp_path)
    text(tmp_path / "a.parquet", b"PAR1 no more")
    with pytest.raises(DataError, match=r"a\.parquet cannot be read"):
        load_dataset("parquet", tmp_path)
