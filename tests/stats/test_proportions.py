from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from febench.stats import mcnemar, mcnemar_in_every_run

COUNTS = st.tuples(*[st.integers(0, 40)] * 3, st.integers(1, 40))


def images(both: int, only_first: int, only_second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    n = (both, only_first, only_second, neither)
    return np.repeat([True, True, False, False], n), np.repeat([True, False, True, False], n)


def test_by_hand() -> None:
    """7 images of one alone, 1 of the other: 2 * (1 + 8) / 2**8."""
    found = mcnemar(*images(80, 7, 1, 12))
    assert (found.only_first, found.only_second) == (7, 1)
    assert found.p == pytest.approx(18 / 256) and found.mean == pytest.approx(6)


@given(COUNTS)
def test_it_is_scipys_sign_test_on_the_images_that_differ(counts: tuple[int, int, int, int]) -> None:
    first, second = images(*counts)
    found, mirrored = mcnemar(first, second), mcnemar(second, first)
    if counts[1] + counts[2]:
        assert found.p == pytest.approx(stats.binomtest(counts[1], counts[1] + counts[2]).pvalue)
    assert found.mean == pytest.approx(100 * (first.mean() - second.mean()))
    assert found.low < found.high
    assert (found.p, found.low, found.high) == pytest.approx((mirrored.p, -mirrored.high, -mirrored.low))


def test_methods_that_never_differ_are_not_equal_for_certain() -> None:
    found = mcnemar(*images(30, 0, 0, 10))
    assert found.p == 1 and found.mean == 0 and found.low == pytest.approx(-found.high) and found.high > 1


def test_every_run_must_find_it() -> None:
    clear, weak, against = (mcnemar(*images(60, *two, 20)) for two in ((30, 5), (12, 8), (5, 30)))
    assert mcnemar_in_every_run([clear]) == clear
    both = mcnemar_in_every_run([clear, weak])
    assert both.p == weak.p > 0.05 and both.low == weak.low and both.high == clear.high
    assert both.mean == pytest.approx((clear.mean + weak.mean) / 2)
    assert mcnemar_in_every_run([clear, against]).p == 1


def test_other_images_are_refused() -> None:
    with pytest.raises(ValueError, match="one answer an image"):
        mcnemar(np.ones(3, bool), np.ones(4, bool))
