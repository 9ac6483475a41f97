from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from febench.core.errors import UsageError
from febench.core.manifest import draw
from febench.results.convergence import curves
from febench.results.record import Record
from febench.results.results import Results
from febench.show.figures import make_figure, save_figure
from febench.show.tables import make_table
from tests.conftest import make_dataset

MANIFEST = draw(make_dataset([i % 7 for i in range(70)]), "paper[runs=1,groups=5]")


def record(label: str, fold: int, trace: list[list[float | None]] | None) -> Record:
    labels = MANIFEST.labels[MANIFEST.fold(1, fold).test]
    return Record(
        key=f"{label}{fold}", method=label, params={}, version="1", label=label, run=1, fold=fold, seed=0, threads=1,
        environment="e", status="ok", predictions=labels.tolist(), info={"trace": trace} if trace else {},
    )  # fmt: skip


SWARM = [[50, 0.2, 0.1], [1000, 0.15, 0.3], [40_000, 0.1, 0.5]]
SLOWER = [[50, 0.4, 0.1], [2000, 0.25, 0.2], [40_000, 0.2, 0.3]]
DESCENT = [[1, 0.3, None], [200, 0.05, None]]


@pytest.fixture
def results() -> Results:
    cells = [
        record("swarm", 1, SWARM),
        record("swarm", 2, SLOWER),
        record("descent", 1, DESCENT),
        record("svm", 1, None),
    ]
    return Results.from_records(MANIFEST, cells)


def test_a_curve_is_the_last_note_before_each_moment(results: Results) -> None:
    found = {curve.label: curve for curve in curves(results.rows)}
    assert set(found) == {"swarm", "descent"}
    swarm = found["swarm"]
    assert swarm.spent == 40_000 and swarm.error.shape == (2, len(swarm.evaluations))
    assert swarm.at(50) == pytest.approx((0.3, 10.0))
    assert swarm.at(1999) == pytest.approx(((0.15 + 0.4) / 2, 20.0))
    assert swarm.at(10**9) == pytest.approx((0.15, 40.0))
    assert np.isnan(swarm.at(49)).all()
    assert found["descent"].at(200)[0] == 0.05 and np.isnan(found["descent"].at(200)[1])


def test_the_table_tells_each_moment_and_the_end(results: Results) -> None:
    (document,) = make_table("convergence", [results])
    (table,) = document.tables
    assert table.columns == ("Method", "Cells", "Evaluations", "1,000", "5,000", "20,000", "end", "validation OA, %")
    assert ("swarm", 2, 40_000, "0.2750", "0.2000", "0.2000", "0.1500", 40.0) in table.rows
    assert ("descent", 1, 200, None, None, None, "0.0500", None) in table.rows
    by_name = {row["method"]: row for row in document.data["rows"]}
    assert by_name["swarm"]["error"]["1000"] == pytest.approx(0.275)
    assert by_name["descent"]["error"] == {"1000": 0.05, "5000": 0.05, "20000": 0.05, "200": 0.05}


def test_the_figure_draws_each_curve_to_its_end(results: Results, tmp_path: Path) -> None:
    figure = make_figure("convergence", [results])
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert set(lines) == {"swarm", "descent"}
    assert lines["swarm"].get_xydata()[-1].tolist() == [40_000, pytest.approx(0.15)]
    assert lines["descent"].get_xydata()[-1].tolist() == [200, 0.05]
    save_figure(figure, tmp_path / "a.svg")


def test_results_without_traces_have_no_figure(results: Results) -> None:
    bare = replace(results, rows=tuple(row for row in results.rows if row.label == "svm"))
    assert curves(bare.rows) == []
    with pytest.raises(UsageError, match="no method in these results recorded its convergence"):
        make_figure("convergence", [bare])
    with pytest.raises(UsageError, match="shows one results directory, and 2 were named"):
        make_figure("convergence", [results, results])
