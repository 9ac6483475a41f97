from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from baselines.network import GradientNetwork, SwarmNetwork, network_by
from baselines.search import Biogeography, CatSwarm, Jaya
from baselines.trace import STEP, Trace

RNG = np.random.default_rng(0)
LABELS = np.resize(np.arange(3), 60)
POINTS = RNG.normal(size=(3, 4))[LABELS] * 2 + RNG.normal(size=(60, 4))


def fitted(network):
    return network.fit(POINTS[:40], LABELS[:40], X_val=POINTS[40:], y_val=LABELS[40:])


def test_moments_are_spaced_by_a_factor_and_the_last_is_kept():
    trace = Trace(lambda weights: float(weights[0]))
    for evaluations in range(10, 1001, 10):
        trace.note(evaluations, 1 / evaluations, np.array([evaluations / 1000]))
    rows = trace.finish()
    moments = [row[0] for row in rows]
    assert moments[0] == 10 and moments[-1] == 1000
    assert all(later >= STEP * earlier for earlier, later in pairwise(moments[:-1]))
    assert rows[-1] == [1000, 0.001, 1.0]
    assert trace.finish() == rows


@pytest.mark.parametrize("network", [SwarmNetwork(Biogeography(10), 2_000, 5), GradientNetwork(5, iterations=50)])
def test_a_fit_leaves_its_course(network):
    info = fitted(network).fit_info_
    moments, errors, accuracies = np.array(info["trace"], dtype=float).T
    assert (np.diff(moments) > 0).all() and moments[-1] <= info["evaluations"]
    assert errors[-1] < errors[0]
    assert ((accuracies >= 0) & (accuracies <= 1)).all() and accuracies[-1] > 1 / 3


def test_without_validation_inputs_accuracy_is_unknown():
    info = SwarmNetwork(Biogeography(10), 500, 5).fit(POINTS, LABELS).fit_info_
    assert {row[2] for row in info["trace"]} == {None}


def test_the_swarms_course_ends_at_its_objective():
    info = fitted(SwarmNetwork(Biogeography(10), 2_000, 5)).fit_info_
    assert info["trace"][-1][:2] == [info["evaluations"], round(info["objective"], 6)]


def named(search):
    given = {"evaluations": 500, "hidden": 5, "bound": 1.0, "patience": None, "random_state": 0}
    return network_by(search, {"own": CatSwarm(7, 0.5)}, population=10, **given)


def test_a_methods_own_search_keeps_its_parameters_and_others_take_theirs():
    assert named("own").search == CatSwarm(7, 0.5)
    assert named("jaya").search == Jaya(10)
    assert isinstance(named("l-bfgs"), GradientNetwork)
    with pytest.raises(ValueError, match="there is no search 'jay'"):
        named("jay")
