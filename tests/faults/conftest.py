"""Fixtures of the faults: the command line as a user runs it, and the table of what was tried."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from tests.end_to_end.conftest import febench

__all__ = ["febench"]

COUNT = os.environ.get("FEBENCH_FAULTS") == "all"
"""Whether all faults are tried (`make faults`), or the few that every test run has time for."""


@dataclass
class Survived:
    """Counts the faults that a test tries, where it tries many; any other test is one fault."""

    properties: list[tuple[str, object]]

    def count(self, faults: int = 1) -> None:
        """So many more were survived."""
        self.properties.append(("faults", faults))


@pytest.fixture
def survived(request: pytest.FixtureRequest) -> Survived:
    """What a test counts its faults with."""
    return Survived(request.node.user_properties)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A row for each test of faults: what was tried, and what was survived."""
    if not COUNT:
        return
    table: dict[str, list[int]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            passed = outcome == "passed"
            survived = max(sum(faults for what, faults in report.user_properties if what == "faults"), int(passed))
            row = table.setdefault(report.nodeid.partition("[")[0], [0, 0])
            row[0] += survived + (not passed)
            row[1] += survived
    terminalreporter.section("faults")
    width = max(map(len, table), default=0)
    terminalreporter.write_line(f"{'test':{width}}  tried  survived")
    for test, (tried, survived) in sorted(table.items()):
        terminalreporter.write_line(f"{test:{width}}  {tried:5}  {survived:8}")
