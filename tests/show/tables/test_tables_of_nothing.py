from __future__ import annotations

from pathlib import Path

import pytest

from febench.results.results import Results
from febench.show.formats import render
from febench.show.tables import make_table
from tests.made_results import made_results


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("how", ["text", "md", "csv", "latex", "html", "json"])
def test_a_directory_without_cells_has_tables_that_say_so(tmp_path: Path, number: int, how: str) -> None:
    document = make_table(number, [Results.of(made_results(tmp_path, {}))])[0]
    assert "no cell is stored here yet" in render([document], how)
    assert document.data["complete"] is False and document.data["rows"] == []
