"""A small correct copy of each data set of files, as its publisher lays it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from tests.datasets.files import picture, pixels, text


@dataclass(frozen=True)
class Layout:
    """A data set's small copy.

    Attributes
    ----------
    name : str
        The data set.
    write : callable
        Writes it into a folder, the data set's own folder included.
    image : str
        One of its images, from that folder on.
    length : int
        How many images it loads by default.
    """

    name: str
    write: Callable[[Path], None]
    image: str
    length: int


def jaffe(home: Path) -> None:
    for person in ("KA", "YM"):
        for number, code in enumerate(("AN", "DI", "FE", "HA", "NE", "SA", "SU")):
            mode = "P" if code == "DI" else "L"  # some of the real files are palette images of a grey palette
            picture(home / "jaffedbase" / f"{person}.{code}1.{number}.tiff", (256, 256), mode)


def kdef(home: Path) -> None:
    for person in ("AF01", "BF01", "AM02"):
        for view in ("AFS", "HAS", "HAHL"):
            picture(home / "KDEF" / person / f"{person}{view}.JPG", (562, 762), "RGB")


def rafd(home: Path) -> None:
    for person, gender in (("28_Caucasian", "male"), ("61_Kid", "female")):
        for camera, word, gaze in (
            ("090", "angry", "frontal"),
            ("090", "contemptuous", "left"),
            ("000", "sad", "right"),
        ):
            picture(home / "RafD" / f"Rafd{camera}_{person}_{gender}_{word}_{gaze}.jpg", (68, 102), "RGB")


def ckplus48(home: Path) -> None:
    for sequence, word in (("S010_004", "anger"), ("S010_006", "happy"), ("S999_001", "contempt")):
        for frame in (17, 18, 19):
            picture(home / "CK+48" / word / f"{sequence}_{frame:08}.png", (48, 48))


def ckplus(home: Path) -> None:
    """A tenth of the real size."""
    for sequence, code, size, mode in (
        ("S005_001", "   3.0000000e+00\n", (64, 49), "L"),
        ("S005_002", "   5.0000000e+00\n", (64, 49), "L"),
        ("S501_004", "   2.0000000e+00\n", (64, 48), "RGB"),
        ("S501_006", None, (64, 48), "RGB"),
    ):
        place = sequence.replace("_", "/")
        for frame in (1, 2, 3):
            picture(home / "CK+" / "cohn-kanade-images" / place / f"{sequence}_{frame:08}.png", size, mode)
        if code:
            text(home / "CK+" / "Emotion" / place / f"{sequence}_00000003_emotion.txt", code)


def yale(home: Path) -> None:
    names = ["subject01.gif", "subject01.glasses.gif", "subject02.normal.gif", "subject04.sad", "subject04.normal"]
    for name in [*names, *(f"subject01.{word}" for word in ("glasses", "happy", "sad", "surprised", "wink"))]:
        path = home / "yalefaces" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels(name, (320, 243)).save(path, "GIF")


def rafdb(home: Path) -> None:
    names = [("train_00001", 5), ("train_00002", 4), ("test_0001", 7)]
    for name, _ in names:
        picture(home / "basic" / "Image" / "aligned" / f"{name}_aligned.jpg", (100, 100), "RGB")
        picture(home / "basic" / "Image" / "original" / f"{name}.jpg", (30, 40), "RGB")
    text(home / "basic" / "EmoLabel" / "list_patition_label.txt", "".join(f"{name}.jpg {k}\n" for name, k in names))


def affectnet(home: Path) -> None:
    for folder, number, label in (
        ("train_set", 0, np.array("3")),
        ("train_set", 10, np.array(6)),
        ("train_set", 2, np.array("8")),
        ("val_set", 0, np.array(["7"])),
    ):
        picture(home / "AffectNet" / folder / "images" / f"{number}.jpg", (224, 224), "RGB")
        content = BytesIO()
        np.save(content, label)
        text(home / "AffectNet" / folder / "annotations" / f"{number}_exp.npy", content.getvalue())
        text(home / "AffectNet" / folder / "annotations" / f"{number}_val.npy", content.getvalue())


def oulu(home: Path) -> None:
    for camera, person, word in (("NI", "P001", "Anger"), ("VL", "P001", "Anger"), ("VL", "P002", "Happiness")):
        for frame in range(4):
            picture(home / "OuluCASIA" / camera / "Strong" / person / word / f"{frame:03}.jpeg", (32, 24))


def sfew(home: Path) -> None:
    for name in ("Train/Angry/Film_000103240_00000012", "Train/Happy/Other_1_2", "Val/Sad/Film_000103240_00000013"):
        picture(home / "SFEW_2" / f"{name}.png", (72, 57), "RGB")


def ferplus(home: Path) -> None:
    for part, number, votes in (
        ("Train", 0, "8,0,0,1,1,0,0,0,0,0"),
        ("Train", 1, "4,0,0,1,3,2,0,0,0,0"),
        ("Valid", 2, "0,9,0,0,0,0,0,0,1,0"),
        ("Test", 3, "0,0,0,0,0,0,0,8,2,0"),
    ):
        folder = home / "ferplus" / f"FER2013{part}"
        picture(folder / f"fer{number:07}.png", (48, 48))
        with (folder / "label.csv").open("a") as file:
            file.write(f'fer{number:07}.png,"(0, 0, 48, 48)",{votes}\n')


def fer2013(home: Path) -> None:
    for name in ("train/angry/Training_1.jpg", "train/sad/Training_2.jpg", "test/angry/PublicTest_3.jpg"):
        picture(home / "fer2013" / name, (48, 48))
    picture(home / "fer2013" / "test/happy/PrivateTest_4.jpg", (48, 48))


def pixel_table(path: Path) -> None:
    rows = [f"{emotion},{' '.join('7' * 48 * 48)},{usage}" for emotion, usage in ((0, "Training"), (3, "PrivateTest"))]
    text(path, "\n".join(["emotion,pixels,Usage", *rows]))


def fer2013_table(home: Path) -> None:
    pixel_table(home / "fer2013" / "fer2013.csv")


def ckextended(home: Path) -> None:
    pixel_table(home / "CK+" / "ckextended.csv")


def expw(home: Path) -> None:
    picture(home / "ExpW" / "image" / "origin" / "angry_a_1.jpg", (200, 100), "RGB")
    text(home / "ExpW" / "label.lst", "angry_a_1.jpg 0 10 20 60 50 99.5 0\nangry_a_1.jpg 1 0 100 190 90 50 3\n")


def affectnet_folders(home: Path) -> None:
    for name in ("anger/image0000006.jpg", "Sad/image0000007.jpg"):
        picture(home / "AffectNet" / name, (96, 96), "RGB")


def rafdb_folders(home: Path) -> None:
    for name in ("train/5/train_00001_aligned.jpg", "train/4/train_00002_aligned.jpg", "test/7/test_0001_aligned.jpg"):
        picture(home / "DATASET" / name, (100, 100), "RGB")


def own_folders(home: Path) -> None:
    """Somebody's own images in folders of expressions, which are no published set."""
    for part, number in (("train", 1), ("train", 2), ("test", 3)):
        for word in ("angry", "happy"):
            picture(home / "mine" / part / word / f"anna_{number}.png", (48, 48))


LAYOUTS = (
    Layout("jaffe", jaffe, "jaffedbase/KA.AN1.0.tiff", 14),
    Layout("kdef", kdef, "KDEF/AF01/AF01AFS.JPG", 6),
    Layout("rafd", rafd, "RafD/Rafd090_28_Caucasian_male_angry_frontal.jpg", 4),
    Layout("ckplus48", ckplus48, "CK+48/anger/S010_004_00000017.png", 9),
    Layout("ckplus", ckplus, "CK+/cohn-kanade-images/S005/001/S005_001_00000003.png", 3),
    Layout("yale", yale, "yalefaces/subject01.happy", 6),
    Layout("rafdb", rafdb, "basic/Image/aligned/train_00001_aligned.jpg", 3),
    Layout("affectnet", affectnet, "AffectNet/train_set/images/10.jpg", 3),
    Layout("oulu-casia", oulu, "OuluCASIA/VL/Strong/P002/Happiness/003.jpeg", 9),
    Layout("sfew", sfew, "SFEW_2/Val/Sad/Film_000103240_00000013.png", 3),
    Layout("ferplus", ferplus, "ferplus/FER2013Valid/fer0000002.png", 3),
)

OTHER_FORMS = (
    Layout("fer2013", fer2013, "fer2013/train/angry/Training_1.jpg", 4),
    Layout("fer2013", fer2013_table, "fer2013/fer2013.csv", 2),
    Layout("ckextended", ckextended, "CK+/ckextended.csv", 2),
    Layout("expw", expw, "ExpW/image/origin/angry_a_1.jpg", 2),
    Layout("affectnet", affectnet_folders, "AffectNet/anger/image0000006.jpg", 2),
    Layout("rafdb", rafdb_folders, "DATASET/train/5/train_00001_aligned.jpg", 3),
)
"""Further forms in which sets are passed round, and sets of which `LAYOUTS` has none."""
