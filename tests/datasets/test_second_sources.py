"""A second source of images or labels is compared with what is read: a note, or an error where it contradicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from febench.core.dataset import load_dataset
from febench.core.errors import DataError
from tests.datasets.files import picture, pixels, text
from tests.datasets.layouts import affectnet, ferplus, rafdb
from tests.datasets.test_fer2013 import ROWS, table


def test_a_second_table_beside_the_first(tmp_path: Path) -> None:
    table(tmp_path / "fer2013.csv")
    table(tmp_path / "icml_face_data.csv", header="emotion, Usage, pixels")
    assert any(
        "icml_face_data.csv is not used; it agrees on the 5 images" in n
        for n in load_dataset("fer2013", tmp_path).notes
    )
    table(tmp_path / "icml_face_data.csv", [(1, "Training"), (2, "Training"), *ROWS[2:]])
    with pytest.raises(
        DataError, match=r"icml_face_data\.csv contradict those of 2 of 5 images: Training_0 is anger here"
    ):
        load_dataset("fer2013", tmp_path)


def test_image_folders_beside_a_table(tmp_path: Path) -> None:
    table(tmp_path / "fer2013.csv")
    picture(tmp_path / "train" / "happy" / "Training_9.png", (48, 48))
    notes = load_dataset("fer2013", tmp_path).notes
    assert any(
        "the 1 image files beside" in note and "it cannot be compared with what is read" in note for note in notes
    )
    pixels("1", (48, 48)).save(tmp_path / "train" / "happy" / "Training_1.png")
    assert any("agrees on the 1 images" in note for note in load_dataset("fer2013", tmp_path).notes)
    pixels("0", (48, 48)).save(tmp_path / "train" / "happy" / "Training_0.png")
    with pytest.raises(DataError, match="contradict those of 1 of 2 images: Training_0 is anger here and happy there"):
        load_dataset("fer2013", tmp_path)


def test_lists_beside_the_folders_of_rafdb(tmp_path: Path) -> None:
    home = tmp_path / "DATASET"
    for name in ("train/5/train_00001_aligned.jpg", "train/4/train_00002_aligned.jpg", "test/7/test_0001_aligned.jpg"):
        picture(home / name, (100, 100), "RGB")
    text(home / "train_labels.csv", "image,label\ntrain_00001_aligned.jpg,5\ntrain_00002_aligned.jpg,4\n")
    assert any(
        "train_labels.csv is not used; it agrees on the 2" in note for note in load_dataset("rafdb", tmp_path).notes
    )
    text(home / "train_labels.csv", "image,label\ntrain_00001_aligned.jpg,1\ntrain_00002_aligned.jpg,4\n")
    with pytest.raises(DataError, match=r"train_labels\.csv contradict those of 1 of 2 images: train_00001 is sadness"):
        load_dataset("rafdb", tmp_path)


def test_a_list_that_contradicts_itself(tmp_path: Path) -> None:
    rafdb(tmp_path)
    path = tmp_path / "basic" / "EmoLabel" / "list_patition_label.txt"
    text(path, path.read_text() + "train_00001.jpg 6\n")
    with pytest.raises(DataError, match=r"contradicts itself on 1 names: train_00001 is sadness and anger"):
        load_dataset("rafdb", tmp_path)


def test_originals_of_rafdb_alone(tmp_path: Path) -> None:
    rafdb(tmp_path)
    for path in (tmp_path / "basic" / "Image" / "aligned").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"found 3 images in Image/original but none in Image/aligned"):
        load_dataset("rafdb", tmp_path)


def test_two_tables_of_votes(tmp_path: Path) -> None:
    ferplus(tmp_path)
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    path = tmp_path / "ferplus" / "fer2013new.csv"
    text(path, f"{header}\nTraining,fer0000000.png,8,0,0,1,1,0,0,0,0,0\nTraining,,0,0,0,0,0,0,0,0,0,10\n")
    assert any(
        "they differ in the majority label of 0 of 1 images" in note for note in load_dataset("ferplus", tmp_path).notes
    )
    text(path, f"{header}\nTraining,fer0000000.png,0,8,0,1,1,0,0,0,0,0\n")
    with pytest.raises(DataError, match=r"contradict those in fer2013new\.csv for 1 of 1 images: fer0000000"):
        load_dataset("ferplus", tmp_path)
    for part in ("Train", "Valid", "Test"):
        (tmp_path / "ferplus" / f"FER2013{part}" / "label.csv").unlink()
    text(path, f"{header}\nTraining,fer0000000.png,8,0,0,1,1,0,0,0,0,0\n")
    dataset = load_dataset("ferplus", tmp_path)
    assert dataset.ids == ("FER2013Train/fer0000000.png",) and any("without votes" in note for note in dataset.notes)


def test_one_picture_under_two_kinds_of_file(tmp_path: Path) -> None:
    picture(tmp_path / "jaffe" / "KA.AN1.39.tiff", (256, 256))
    Image.open(tmp_path / "jaffe" / "KA.AN1.39.tiff").save(tmp_path / "jaffe" / "KA.AN1.39.png")
    with pytest.raises(DataError, match=r"KA\.AN1\.39\.(png|tiff) is there twice"):
        load_dataset("jaffe", tmp_path)


def test_two_emotions_of_one_sequence(tmp_path: Path) -> None:
    for frame in (1, 2):
        picture(tmp_path / "CK+" / "cohn-kanade-images" / "S005" / "001" / f"S005_001_{frame:08}.png", (64, 49))
        text(tmp_path / "CK+" / "Emotion" / "S005" / "001" / f"S005_001_{frame:08}_emotion.txt", f"{frame}")
    with pytest.raises(
        DataError, match="the folder Emotion contradicts itself on 1 names: S005_001 is anger and contempt"
    ):
        load_dataset("ckplus", tmp_path)


def test_a_second_folder_of_the_same_set(tmp_path: Path) -> None:
    for folder, person in (("jaffe", "KA"), ("jaffedbase", "YM")):
        picture(tmp_path / folder / f"{person}.AN1.39.tiff", (256, 256))
    dataset = load_dataset("jaffe", tmp_path)
    assert dataset.ids == ("KA.AN1.39.tiff",) and any(
        "not read: " in note and "jaffedbase" in note for note in dataset.notes
    )


def test_the_same_pictures_whole_and_cut_out(tmp_path: Path) -> None:
    for folder in ("Train", "Train_Aligned_Faces"):
        picture(tmp_path / "SFEW_2" / folder / "Angry" / "Film_1_2.png", (20, 20))
    with pytest.raises(DataError, match=r"Film_1_2\.png is there twice: .*; remove one"):
        load_dataset("sfew", tmp_path)
    for folder in ("VL", "VL_Acropped"):
        picture(tmp_path / "Oulu_CASIA" / folder / "Strong" / "P001" / "Anger" / "000.jpeg", (20, 20))
    with pytest.raises(DataError, match=r"000\.jpeg is there twice"):
        load_dataset("oulu-casia", tmp_path)


def test_two_forms_of_affectnet(tmp_path: Path) -> None:
    affectnet(tmp_path)
    picture(tmp_path / "AffectNet" / "anger" / "image0000006.jpg", (224, 224), "RGB")
    notes = load_dataset("affectnet", tmp_path).notes
    assert "folders of expressions are not used, since there are annotations of each image" in notes
