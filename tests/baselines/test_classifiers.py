from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC

from baselines.bwe_fsvm import membership
from baselines.classifiers import COSTS, KernelMachine, LinearMachine, Neighbours, stratified


def blobs(n=60, classes=(0, 1, 2), seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    y = np.resize(classes, n)
    return 3 * np.eye(4)[np.searchsorted(classes, y)] + rng.normal(scale=spread, size=(n, 4)), y


@pytest.mark.parametrize("classifier", [LinearMachine(1.0), Neighbours(3), KernelMachine(), KernelMachine(2.0)])
def test_separable_classes_are_learnt_whatever_their_indices(classifier):
    (train, y), (test, y_test) = blobs(classes=(2, 5, 6)), blobs(classes=(2, 5, 6), seed=1)
    assert (classifier.fit(train, y, X_val=test, y_val=y_test).predict(test) == y_test).mean() > 0.9


def test_neighbours_worked_out_by_hand():
    X, y = np.array([[0.0], [1.0], [2.0], [9.0]]), np.array([4, 7, 7, 4])
    places = np.array([[0.1], [1.4], [8.0]])
    np.testing.assert_array_equal(Neighbours(1).fit(X, y).predict(places), [4, 7, 4])
    np.testing.assert_array_equal(Neighbours(3).fit(X, y).predict(places), [7, 7, 7])
    np.testing.assert_array_equal(Neighbours(99).fit(X, y).predict(places), [4, 4, 4])  # a tie: the first class


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
    halved = KernelMachine(4.0, weigh=lambda X, y: np.full(len(y), 0.5)).fit(X, y)
    plain = KernelMachine(2.0).fit(X, y)
    np.testing.assert_allclose(halved.estimator_.dual_coef_, plain.estimator_.dual_coef_, rtol=1e-6)


def test_the_chosen_c_is_right_most_often():
    X, y = blobs(90, spread=1.2)
    machine = KernelMachine(random_state=3)
    chosen = machine.fit(X, y).fit_info_["C"]
    parts = list(stratified(y, 5, 2000, np.random.default_rng(3)))
    right = {
        C: sum((SVC(C=C).fit(X[a], y[a]).predict(X[b]) == y[b]).sum() for a, b in parts) for C in COSTS
    }  # fmt: skip
    assert chosen == min(C for C in COSTS if right[C] == max(right.values()))
    assert len(set(right.values())) > 1


def test_weights_come_from_the_images_of_the_fold_alone():
    seen = []
    X, y = blobs(50)
    KernelMachine(weigh=lambda X, y: seen.append(len(y)) or np.ones(len(y))).fit(X, y)
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
    assert KernelMachine().fit(X, y).fit_info_["C"] == 1.0


@pytest.mark.parametrize("make", [lambda: LinearMachine(0.1, 0), lambda: KernelMachine(random_state=0)])
def test_equal_seeds_give_equal_machines(make):
    X, y = blobs(spread=1.5)
    one, two = make().fit(X, y), make().fit(X, y)
    np.testing.assert_array_equal(one.estimator_.intercept_, two.estimator_.intercept_)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: LinearMachine(0.0), "C"),
        (lambda: KernelMachine(-1.0), "C"),
        (lambda: KernelMachine(folds=1), "folds"),
        (lambda: KernelMachine(most=1), "most"),
        (lambda: Neighbours(0), "k"),
    ],
)
def test_nonsense_is_refused(make, word):
    with pytest.raises(ValueError, match=f"^{word} must"):
        make()
