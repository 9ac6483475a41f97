"""`febench compare` and `febench verify` as a user runs them, on the committed reference results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[3] / "results" / "reference"


def febench(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from febench.cli import main; main()", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_both_protocols_of_the_reference() -> None:
    found = febench("compare", REFERENCE / "faces700", "--json")
    assert (found.returncode, found.stderr) == (0, "")
    paper, subject = json.loads(found.stdout)
    assert (paper["protocol"], subject["protocol"]) == ("paper", "subject")
    for document in (paper, subject):
        n = len(document["methods"])
        assert len(document["pairs"]) == n * (n - 1) / 2 and document["test_to_train"] == 70 / 560
        means = {one["method"]: one["mean"] for one in document["methods"]}
        whole = {one["method"] for one in document["methods"] if one["runs"] == 10}
        assert len(whole) == n == 12
        for pair in document["pairs"]:
            if not {pair["first"], pair["second"]} <= whole:  # over the runs that both have
                continue
            assert pair["difference"] == pytest.approx(means[pair["first"]] - means[pair["second"]])


def test_a_publishers_split() -> None:
    found = febench("compare", REFERENCE / "fer2013", "--methods", "hwt,bbo")
    assert found.returncode == 0 and "hwt is better than bbo on these test images" in found.stdout
    assert "it speaks of these trained methods on these images" in found.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("nowhere",), "holds no results of febench"),
        ((REFERENCE / "faces700" / "paper", "--methods", "hwt"), "it takes two methods"),
        ((REFERENCE / "faces700" / "paper", "--methods", "nobody"), "there is no 'nobody'"),
        ((REFERENCE / "faces700" / "paper", "--rope", "-1"), "region of practical equivalence"),
        ((REFERENCE / "faces700" / "paper", "--pairs", "few"), "there are no pairs 'few'"),
        ((REFERENCE / "faces700" / "paper", "--format", "pdf"), "there is no format 'pdf'"),
    ],
)
def test_bad_input_is_one_sentence(args: tuple[object, ...], says: str) -> None:
    found = febench("compare", *args)
    assert found.returncode == 2 and says in found.stderr and found.stderr.count("\n") == 1


def test_verify_tells_what_the_papers_figures_can_bear() -> None:
    found = febench("verify")
    assert found.returncode == 0 and "note     Table 3, resnet50 against bbo: +1.60 points" in found.stdout
    assert found.stdout.rstrip().endswith("56 of 56 checks agree")
    told = [one for one in json.loads(febench("verify", "--json").stdout) if one["ok"] is None]
    assert len(told) == 11
