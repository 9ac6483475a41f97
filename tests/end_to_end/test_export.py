"""`febench export` and `febench figure` as a user calls them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from tests.end_to_end.conftest import Febench

RUN = (
    "run", "--plugin", "plugin.py", "--dataset", "toy", "--methods", "pixel-svm,raises", "--out", "o",
    "--protocol", "paper[runs=2,groups=3]",
)  # fmt: skip


def test_every_prediction_is_exported_failures_are_told_and_figures_drawn(febench: Febench, tmp_path: Path) -> None:
    assert febench(*RUN).returncode == 3
    done = febench("export", "o", "-o", "all.parquet")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "wrote all.parquet: 280 predictions"
    assert done.stderr.strip() == "6 failed cells have no predictions and are left out"
    table = pq.read_table(tmp_path / "all.parquet").to_pandas()
    assert len(table) == 2 * 140 and set(table.label) == {"pixel-svm"}
    for name, sentence in {"all.txt": "must end in", "no/all.csv": "cannot write"}.items():
        refused = febench("export", "o", "-o", name)
        assert refused.returncode == 2 and sentence in refused.stderr and len(refused.stderr.splitlines()) == 1
    for name in ("accuracy", "cost"):
        done = febench("figure", name, "o", "-o", f"{name}.svg")
        assert (done.returncode, done.stderr) == (0, "")
        assert (tmp_path / f"{name}.svg").stat().st_size > 5000
    refused = febench("figure", "accuracy", "o", "o", "-o", "b.png")
    assert refused.returncode == 2 and "shows one results directory, and 2 were named" in refused.stderr
