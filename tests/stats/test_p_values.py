from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from febench.stats import holm

P = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_known_answers() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5]) == pytest.approx([0.5])
    assert len(holm([])) == 0


@given(P)
def test_between_the_p_itself_and_bonferroni(p: list[float]) -> None:
    adjusted = holm(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(1, len(p) * np.array(p)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


@given(P, st.integers(0, 1000))
def test_the_order_does_not_matter(p: list[float], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(p))
    assert holm(np.array(p)[order].tolist()) == pytest.approx(holm(p)[order])
