"""The papers' own numbers, and the command that recomputes them."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from febench import papers as published
from febench.papers.check import verify_papers

HERE = Path(published.__file__).parent
SHARED = Path(__file__).parents[3] / "shared" / "published"


def test_the_printed_overall_accuracies() -> None:
    printed = {name: (one.mean, one.sd) for name, one in published.comparison().items()}
    assert printed["resnet50"] == (Decimal("95.39"), Decimal("1.41"))
    assert printed["resnet18"] == (Decimal("94.80"), Decimal("1.43"))
    assert printed["hwt"] == (Decimal("78.37"), Decimal("1.50"))
    assert printed["cso"] == (Decimal("89.49"), Decimal("0.76"))
    assert printed["bbo"] == (Decimal("93.79"), Decimal("1.24"))


def test_every_printed_figure_is_recomputed_and_agrees() -> None:
    findings = verify_papers()
    assert [str(finding) for finding in findings if not finding.ok] == []
    names = [finding.what for finding in findings]
    assert len(set(names)) == len(names) == 2 * (2 * 7 + 10 + 2 + 2)


@pytest.mark.parametrize(
    "file", ["resnet50-sensitivity.csv", "resnet50-overall-accuracy.csv", "resnet18-sensitivity.csv"]
)
@pytest.mark.parametrize("which", range(0, 90, 11))
def test_any_changed_digit_fails(tmp_path: Path, file: str, which: int) -> None:
    """Change the last digit before the point of one figure: some check must notice."""
    shutil.copytree(HERE, tmp_path / "p")
    path = tmp_path / "p" / file
    text = path.read_text()
    figures = list(re.finditer(r"(\d)\.\d\d", text))
    at = figures[which % len(figures)].start(1)
    changed = text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]
    path.write_text(changed)
    assert any(not finding.ok for finding in verify_papers(tmp_path / "p"))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the papers' tables are not beside this checkout")
def test_the_tables_are_the_ones_handed_down() -> None:
    for path in SHARED.glob("*.csv"):
        assert (HERE / path.name).read_text() == path.read_text()
