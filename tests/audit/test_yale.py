"""The real Yale faces, where they are at hand: each person shows each expression once."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

import febench
from febench.core.dataset import load_dataset
from febench.core.manifest import draw
from febench.results.caveats import signs_of
from febench.results.floor import floor_of
from febench.results.metrics import OA
from febench.show.tables import make_table
from tests.audit.sets import codes

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "yale.tar.xz"


@pytest.fixture(scope="module")
def yale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the set's own."""
    if not REAL.exists():
        pytest.skip(f"the real Yale faces are not at {REAL}")
    path = tmp_path_factory.mktemp("yale")
    with tarfile.open(REAL) as archive:
        archive.extractall(path, filter="data")
    return path


def test_random_folds_are_found_to_punish_likeness_and_whole_people_are_not(yale: Path) -> None:
    faces = load_dataset("yale", yale)
    found = codes(faces, draw(faces, "paper"))["FEB016"]
    assert (found.severity, found.count) == ("warning", 100)
    assert "FEB016" not in codes(faces, draw(faces, "loso"))


@pytest.mark.slow
def test_gradients_fall_below_chance_there_which_is_explained_and_gain_on_others(yale: Path, tmp_path: Path) -> None:
    results = [
        febench.run("hog-svm", dataset="yale", data_dir=yale, protocol=protocol, out=tmp_path / protocol[:4], jobs=1)
        for protocol in ("paper[runs=2]", "loso")
    ]
    means = [one.rows[0].summary().mean for one in results]
    floors = [floor_of(one.manifest, OA) for one in results]
    assert means[0] < floors[0].summary()[0] < floors[0].chance == 25.0 < means[1]  # type: ignore[operator,union-attr]
    assert [signs_of(one.rows) for one in results] == [{"hog-svm": "‖#"}, {"hog-svm": "¶"}]
    [document] = make_table(4, results)
    assert document.data["change"] == "gain" and "The drop" not in document.tables[0].title
