"""The real FER2013, where it is at hand: its duplicates are known."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from febench.core.dataset import load_dataset
from tests.audit.sets import codes

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "fer2013.tar.xz"


@pytest.mark.skipif(not REAL.exists(), reason=f"the real FER2013 is not at {REAL}")
@pytest.mark.slow
def test_its_known_faults_are_found(tmp_path: Path) -> None:
    with tarfile.open(REAL) as archive:
        archive.extractall(tmp_path / "fer2013", filter="data")
    found = codes(load_dataset("fer2013", tmp_path))
    counts = [found[code].count for code in ("FEB004", "FEB005", "FEB008")]
    assert counts == pytest.approx([1518, 557, 12], abs=5)
    assert found["FEB012"].count == 1 and not {"FEB009", "FEB014"} & set(found)
