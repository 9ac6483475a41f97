from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.svm import SVC

from baselines import forecast
from baselines.blocks import Block, Blocks
from baselines.bwe_fsvm import membership
from baselines.classifiers import (
    COSTS,
    UNBOUNDED,
    KernelSVM,
    LinearSVM,
    NearestNeighbours,
    PrincipalComponents,
    grid_ends,
    stratified,
)
from baselines.features import gradient_histograms
from febench.core.method import METHODS

X = np.random.default_rng(0).normal(size=(50, 8)) * np.arange(1, 9)


@pytest.mark.parametrize("variance", [0.3, 0.95, 0.999])
def test_agrees_with_scikit_learn(variance):
    ours, theirs = PrincipalComponents(variance).fit(X), PCA(variance, whiten=True).fit(X)
    projected = theirs.transform(X) * np.sqrt(50 / 49)  # scikit-learn whitens by n - 1
    np.testing.assert_allclose(np.abs(ours.transform(X)), np.abs(projected), rtol=1e-6)


def test_without_whitening_all_components_keep_distances():
    components = PrincipalComponents(1.0, whiten=False).fit(X)
    np.testing.assert_allclose(np.ptp(components.transform(X), axis=0)[0], np.ptp(PCA(1).fit_transform(X)))
    np.testing.assert_allclose(
        np.linalg.norm(components.transform(X[:1] - X[1:2] + X.mean(axis=0))), np.linalg.norm(X[0] - X[1])
    )


def test_all_variance_keeps_the_rank():
    assert PrincipalComponents(1.0).fit(X[:5]).transform(X).shape[1] == 4


def test_no_more_components_are_kept_than_asked_for():
    all_of_them = PrincipalComponents(1.0).fit(X).transform(X)
    np.testing.assert_array_equal(PrincipalComponents(1.0, most=3).fit(X).transform(X), all_of_them[:, :3])
    np.testing.assert_array_equal(PrincipalComponents(1.0, most=1000).fit(X).transform(X), all_of_them)
    with pytest.raises(ValueError, match="at least 1 component"):
        PrincipalComponents(most=0)


@pytest.mark.parametrize("n", [1, 3])
def test_constant_features_give_zeros(n):
    np.testing.assert_array_equal(PrincipalComponents().fit(np.ones((n, 4))).transform(np.ones((2, 4))), [[0], [0]])


@pytest.mark.parametrize("variance", [0.0, 1.01])
def test_a_share_outside_its_range_is_refused(variance):
    with pytest.raises(ValueError, match="variance"):
        PrincipalComponents(variance)


def test_features_are_told_apart_by_function_and_arguments():
    def of(name, **params):
        return METHODS.get(name).make(params, random_state=0, device="cpu").features_id

    assert of("bbo") == of("jaya") == of("bbo", wavelet="db4", level=4, hidden=7, select=False)
    others = [{"level": 3}, {"entropy": "energy"}, {"blocks": 2}, {"channels": "rgb"}, {"wavelet": "bior4.4"}]
    assert len({json.dumps(of("bbo", **params)) for params in ({}, *others)}) == 1 + len(others)
    assert of("bbo", wavelet="bior4.4") == of("bwe-fsvm")
    assert of("lbp-svm") == of("lbp-knn")
    json.dumps([of(name) for name in ("hwt", "cso", "bbo", "jaya", "hos-svm", "hog-mlp")])


def test_only_features_of_this_package_name_their_code():
    """Of others the method's version has to tell, or an edited function would be served its old features."""

    def of_a_plugin(X):
        return X.reshape(len(X), -1)

    own, foreign = Block({}, gradient_histograms), Block({}, of_a_plugin)
    assert "code" in Blocks((own,)).id
    assert "code" not in Blocks((foreign,)).id and "code" not in Blocks((own, foreign)).id


def blobs(n=60, classes=(0, 1, 2), seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    y = np.resize(classes, n)
    return 3 * np.eye(4)[np.searchsorted(classes, y)] + rng.normal(scale=spread, size=(n, 4)), y


@pytest.mark.parametrize("classifier", [LinearSVM(1.0), NearestNeighbours(3), KernelSVM(), KernelSVM(2.0)])
def test_separable_classes_are_learnt_whatever_their_indices(classifier):
    (train, y), (test, y_test) = blobs(classes=(2, 5, 6)), blobs(classes=(2, 5, 6), seed=1)
    assert (classifier.fit(train, y, X_val=test, y_val=y_test).predict(test) == y_test).mean() > 0.9


def test_neighbours_worked_out_by_hand():
    """Of 1.4 the two nearest of class 4 have mean 4.5, those of class 7 mean 1.5."""
    X, y = np.array([[0.0], [1.0], [2.0], [9.0]]), np.array([4, 7, 7, 4])
    places = np.array([[0.1], [1.4], [8.0]])
    np.testing.assert_array_equal(NearestNeighbours(1).fit(X, y).predict(places), [4, 7, 4])
    np.testing.assert_array_equal(NearestNeighbours(2).fit(X, y).predict(places), [7, 7, 4])
    np.testing.assert_allclose(
        NearestNeighbours(2).fit(X, y).decision_function(places), -(np.array([[4.4, 1.4], [3.1, 0.1], [3.5, 6.5]]) ** 2)
    )


def test_of_equally_near_classes_the_first_wins():
    X, y = np.array([[0.0], [2.0]]), np.array([7, 4])
    assert NearestNeighbours(1).fit(X, y).predict(np.array([[1.0]])).tolist() == [4]


@settings(max_examples=30, deadline=None)
@given(k=st.integers(1, 40), classes=st.integers(1, 4), seed=st.integers(0, 1000))
def test_neighbours_are_those_of_a_plain_loop(k, classes, seed):
    rng = np.random.default_rng(seed)
    X, y, test = rng.normal(size=(30, 3)), np.resize(np.arange(classes), 30), rng.normal(size=(7, 3))
    values = NearestNeighbours(k).fit(X, y).decision_function(test)
    for row, x in zip(values, test, strict=True):
        for label, value in enumerate(row):
            own = sorted(X[y == label].tolist(), key=lambda image: float(np.square(image - x).sum()))
            assert value == pytest.approx(-np.square(np.mean(own[:k], axis=0) - x).sum())


def test_one_neighbour_is_the_nearest_image_and_many_are_the_class_mean():
    (train, y), (test, _) = blobs(60, spread=1.5), blobs(40, spread=1.5, seed=1)
    nearest = KNeighborsClassifier(1).fit(train, y).predict(test)
    np.testing.assert_array_equal(NearestNeighbours(1).fit(train, y).predict(test), nearest)
    centroid = NearestCentroid().fit(train, y).predict(test)
    np.testing.assert_array_equal(NearestNeighbours(999).fit(train, y).predict(test), centroid)


def test_inputs_are_compared_in_batches_without_changing_decisions(monkeypatch):
    (train, y), (test, _) = blobs(), blobs(50, seed=1)
    whole = NearestNeighbours(3).fit(train, y).decision_function(test)
    monkeypatch.setattr("baselines.classifiers.MAX_INPUTS_PER_BATCH", 7)
    np.testing.assert_allclose(NearestNeighbours(3).fit(train, y).decision_function(test), whole)


# --- ends of a grid --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "natural", "ends"),
    [
        ((0.5, 2.0, 8.0), UNBOUNDED, [0.5, 8.0]),
        ((9, 1, 3), (1, math.inf), [None, 9]),
        ((1, 3, 100), (1, 80), [None, None]),
        ((0.0, 0.1, 0.2), (0.0, math.inf), [None, 0.2]),
        ((1, 2, 2), UNBOUNDED, None),
        (("a", "b", "c"), UNBOUNDED, None),
        ((None, 1.0, 2.0), UNBOUNDED, None),
        ((), UNBOUNDED, None),
    ],
)
def test_ends_of_a_grid(values, natural, ends):
    assert grid_ends(values, natural) == ends


def test_a_machine_that_chooses_c_reports_the_ends_of_its_grid():
    X, y = blobs(60)
    assert KernelSVM(random_state=0).fit(X, y).fit_info_["ends"] == {"C": [COSTS[0], COSTS[-1]]}
    assert "ends" not in KernelSVM(2.0).fit(X, y).fit_info_


def test_membership_worked_out_by_hand():
    """Class 1 has mean (1, 0), distances 1, 1, 2, 2 and radius 2; class 0 is one point, its own mean."""
    X = np.array([[0.0, 0], [2, 0], [1, 2], [1, -2], [40, 40]])
    y = np.array([1, 1, 1, 1, 0])
    np.testing.assert_allclose(membership(X, y, delta=0.5), [0.6, 0.6, 0.2, 0.2, 1])


def test_memberships_do_not_change_when_another_class_does():
    X, y = blobs()
    far = np.where(y[:, None] == 2, 10 * X, X)
    np.testing.assert_array_equal(membership(X, y)[y != 2], membership(far, y)[y != 2])


def test_weights_multiply_c():
    X, y = blobs(40, classes=(0, 1), spread=2.0)
    halved = KernelSVM(4.0, sample_weight=lambda X, y: np.full(len(y), 0.5)).fit(X, y)
    plain = KernelSVM(2.0).fit(X, y)
    np.testing.assert_allclose(halved.estimator_.dual_coef_, plain.estimator_.dual_coef_, rtol=1e-6)


def test_the_chosen_c_has_the_most_right_answers():
    X, y = blobs(90, spread=1.2)
    machine = KernelSVM(random_state=3)
    chosen = machine.fit(X, y).fit_info_["C"]
    parts = list(stratified(y, 5, 2000, np.random.default_rng(3)))
    right = {C: sum((SVC(C=C).fit(X[a], y[a]).predict(X[b]) == y[b]).sum() for a, b in parts) for C in COSTS}
    assert chosen == min(C for C in COSTS if right[C] == max(right.values()))
    assert len(set(right.values())) > 1


def test_weights_come_from_the_images_of_the_fold_alone():
    seen = []
    X, y = blobs(50)
    KernelSVM(sample_weight=lambda X, y: seen.append(len(y)) or np.ones(len(y))).fit(X, y)
    assert seen == [40] * 5 * len(COSTS) + [50]


@pytest.mark.parametrize(("n", "most", "used"), [(50, 2000, 50), (50, 20, 17), (7, 7, 7), (3, 9, 3)])
def test_folds_are_stratified_and_whole(n, most, used):
    y = np.resize([4, 4, 8], n)
    parts = list(stratified(y, 5, most, np.random.default_rng(0)))
    tested = np.concatenate([test for _, test in parts])
    assert len(parts) == min(5, n) and len(set(tested)) == len(tested) == used
    for train, test in parts:
        assert sorted([*train, *test]) == sorted(tested)
        assert abs(np.mean(y[test] == 4) * len(test) - np.mean(y[tested] == 4) * len(test)) < 1.01


def test_few_images_get_a_c_without_cross_validation():
    X, y = blobs(3, classes=(0, 1, 1))
    assert KernelSVM().fit(X, y).fit_info_["C"] == 1.0


@pytest.mark.parametrize("make", [lambda: LinearSVM(0.1, 0), lambda: KernelSVM(random_state=0)])
def test_equal_seeds_give_equal_machines(make):
    X, y = blobs(spread=1.5)
    first, second = make().fit(X, y), make().fit(X, y)
    np.testing.assert_array_equal(first.estimator_.intercept_, second.estimator_.intercept_)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: LinearSVM(0.0), "C"),
        (lambda: KernelSVM(-1.0), "C"),
        (lambda: KernelSVM(gamma=0.0), "gamma"),
        (lambda: NearestNeighbours(0), "k"),
    ],
)
def test_nonsense_is_refused(make, word):
    with pytest.raises(ValueError, match=f"^{word} must"):
        make()


@pytest.mark.parametrize(
    "seconds_of",
    [
        pytest.param(lambda n: 1e-3 * n**1.5, id="a power"),
        pytest.param(lambda n: 0.1 + 1e-3 * n, id="a constant and a share of each image"),
        pytest.param(lambda n: 0.2, id="a constant"),
    ],
)
def test_a_forecast_extrapolates_the_growth_of_fits(monkeypatch, seconds_of):
    clock = [0.0]
    monkeypatch.setattr(forecast, "perf_counter", lambda: clock[0])

    class Grows:
        def fit(self, X, y, X_val, y_val):
            assert len(X) == len(y) > len(X_val) == len(y_val) > 0
            clock[0] += seconds_of(len(X))

        def predict(self, X):
            assert len(X) > 0

    X, y = np.zeros((256, 2)), np.zeros(256, np.int64)
    for n in (100, 1000, 30_000):
        assert forecast.forecast(Grows(), X, y, n) == pytest.approx(seconds_of(n))
    assert forecast.forecast(Grows(), X[:5], y[:5], 10) > 0
