from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from baselines import selection
from baselines.blocks import Block, Blocks
from baselines.calibration import out_of_fold, temperature
from baselines.classifiers import KernelSVM, LinearSVM, NearestNeighbours, PrincipalComponents
from baselines.inner_folds import inner_folds, sample_of
from baselines.selection import Selected, choices, span
from febench.core.method import METHODS
from tests.baselines.samples import build, predictions, stripes, textures

SELECTING = ("hwt", "bwe-fsvm", "hos-svm", "lbp-svm", "hog-svm", "lbp-knn", "hog-mlp")
COSTS = (2.0**-9, 2.0**-3, 2.0**3)


def blobs(n=90, classes=3, spread=1.5, seed=0, d=4):
    rng = np.random.default_rng(seed)
    y = np.resize(np.arange(classes), n)
    return (3 * np.eye(d)[y] + rng.normal(scale=spread, size=(n, d))).astype(np.float32), y


def plain(*steps, **options):
    """A classifier over features that are there already."""
    return Selected(Blocks((Block({}, lambda X: X),)), *steps, **options)


# --- inner folds -----------------------------------------------------------------------------------------------------


def test_no_person_is_on_both_sides_of_an_inner_fold():
    y, people = np.resize(np.arange(7), 210), np.repeat(np.arange(15), 14)
    folds = inner_folds(y, people, 5, random_state=0)
    assert len(folds) == 5
    for train, test in folds:
        assert not set(people[train]) & set(people[test])
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(210))


def test_without_groups_inner_folds_are_stratified_and_drawn_by_the_seed():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    folds = inner_folds(y, None, 5, random_state=0)
    for _, test in folds:
        assert np.bincount(y[test]).tolist() == [10, 6, 4]
    again, other = inner_folds(y, None, 5, random_state=0), inner_folds(y, None, 5, random_state=1)
    assert all((fold[1] == same[1]).all() for fold, same in zip(folds, again, strict=True))
    assert any((fold[1] != another[1]).any() for fold, another in zip(folds, other, strict=True))
    assert not (np.diff(folds[0][1]) == 1).all()


@pytest.mark.parametrize(
    ("y", "groups", "n_folds"),
    [
        ([0] * 9 + [1] * 3, None, 3),
        ([0] * 9 + [1] * 9 + [2], None, 2),
        ([0] * 9 + [1], None, 0),
        ([0, 1, 2], None, 0),
        ([0, 1] * 6, [0] * 4 + [1] * 4 + [2] * 4, 3),
        ([0, 1] * 6, [0] * 12, 0),
        ([0, 0, 1, 1], [0, 0, 1, 1], 0),  # each fold would train on one class
    ],
)
def test_few_images_or_groups_get_fewer_folds_and_two_at_least_or_none(y, groups, n_folds):
    folds = inner_folds(np.array(y), None if groups is None else np.array(groups), 5, random_state=0)
    assert len(folds) == n_folds


def test_a_large_set_is_sampled_stratified_by_class():
    y = np.repeat([0, 1, 2], [5000, 3000, 2000])
    sample = sample_of(y, None, 1000, random_state=0)
    assert 900 <= len(sample) <= 1100 and len(set(sample)) == len(sample)
    np.testing.assert_allclose(np.bincount(y[sample]) / len(sample), [0.5, 0.3, 0.2], atol=0.01)
    assert sample_of(y[:1000], None, 1000, 0).tolist() == list(range(1000))


def test_a_sample_has_people_whole_or_not_at_all():
    people = np.repeat(np.arange(100), 30)
    y = np.resize([0, 1, 2], 3000)
    sample = sample_of(y, people, 1000, random_state=0)
    assert 800 <= len(sample) <= 1200
    assert all(np.isin(np.flatnonzero(people == person), sample).all() for person in set(people[sample]))


# --- the choice ------------------------------------------------------------------------------------------------------


def test_a_set_value_stays_and_an_open_one_is_the_grid_or_the_usual_value():
    assert choices(3.0, 1.0, (1.0, 2.0), True) == (3.0,) == choices(3.0, 1.0, (1.0, 2.0), False)
    assert choices(None, 1.0, (2.0, 4.0), True) == (2.0, 4.0)
    assert choices(None, 1.0, (2.0, 4.0), False) == (1.0,)


@pytest.mark.parametrize("grouped", [False, True])
def test_the_chosen_value_is_the_most_accurate_on_the_inner_folds(grouped):
    X, y = blobs(spread=2.5)
    groups = np.arange(90) // 6 if grouped else None
    fitted = plain(LinearSVM(random_state=0), grid={"C": COSTS}, random_state=3).fit(X, y, groups=groups)
    folds = inner_folds(y, groups, 5, 3)
    scores = [cross_val_score(LinearSVC(C=C, dual="auto", random_state=0), X, y, cv=folds).mean() for C in COSTS]
    assert len(set(scores)) > 1
    assert fitted.fit_info_["selected"] == {"C": COSTS[int(np.argmax(scores))]}
    assert fitted.fit_info_["tried"] == 3 and fitted.fit_info_["selection_seconds"] > 0


class Counting(LinearSVM):
    """Notes how many images each fit has."""

    fits: ClassVar[list[int]] = []

    def fit(self, X, y, **more):
        self.fits.append(len(X))
        return super().fit(X, y, **more)


@pytest.mark.parametrize(
    ("n", "max_images", "judged"),
    [
        (1000, 400, 5 * [320]),
        (1000, None, 5 * [800]),
        (2400, 1200, [960]),
        (2400, 10_000, [1920]),
        (2400, None, [1920]),
    ],
)
def test_large_sets_are_judged_on_one_fold_of_a_sample_and_the_choice_is_trained_on_all(
    n, max_images, judged, monkeypatch
):
    monkeypatch.setattr(Counting, "fits", [])
    X, y = blobs(n=n, classes=2)
    plain(Counting(random_state=0), grid={"C": COSTS}, max_images=max_images, random_state=3).fit(X, y)
    assert Counting.fits == [*judged * len(COSTS), n, *judged]  # those after it are for the temperature


def test_of_equal_scores_the_first_wins():
    X, y = blobs(spread=0.01)
    assert plain(NearestNeighbours(), grid={"k": (5, 1, 3)}).fit(X, y).fit_info_["selected"] == {"k": 5}


def test_ends_of_a_grid_are_reported_where_it_could_be_wider():
    X, y = blobs(n=90)
    assert plain(KernelSVM(), grid={"C": COSTS}).fit(X, y).fit_info_["ends"] == {"C": [COSTS[0], COSTS[-1]]}
    largest_class = np.unique(y, return_counts=True)[1].max()
    for top, end in ((largest_class - 1, largest_class - 1), (largest_class, None)):
        model = plain(NearestNeighbours(), grid={"k": (1, 3, int(top))}).fit(X, y)
        assert model.fit_info_["ends"] == {"k": [None, end]}
    assert "ends" not in plain(KernelSVM(), grid={"C": (1.0, 2.0)}).fit(X, y).fit_info_


def test_groups_reach_the_search():
    """Each person's images are one point with a class of its own: people apart, they tell nothing of each other."""
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 5)
    y = rng.permutation(np.resize([0, 1], 20))[people]
    X = rng.normal(size=(20, 3))[people] + rng.normal(scale=0.01, size=(100, 3))
    seen = plain(NearestNeighbours(), grid={"k": (15, 1)}, random_state=0)
    assert seen.fit(X, y).fit_info_["selected"] == {"k": 1}
    folds = inner_folds(y, people, 5, 0)
    scores = [cross_val_score(clone(NearestNeighbours(k)), X, y, cv=folds).mean() for k in (15, 1)]
    assert seen.fit(X, y, groups=people).fit_info_["selected"] == {"k": (15, 1)[int(np.argmax(scores))]}
    assert max(scores) < 0.9


def test_the_last_fit_is_on_all_training_images_with_the_chosen_block():
    X, y = blobs(spread=0.5)
    both = np.concatenate([np.random.default_rng(1).normal(size=(90, 5)), X], axis=1)
    blocks = Blocks(tuple(Block({"size": n}, lambda X, n=n: np.zeros((len(X), n))) for n in (5, 4)))
    fitted = Selected(blocks, StandardScaler(), LinearSVM(random_state=0), grid={"C": (1.0,)}).fit(both, y)
    assert fitted.fit_info_["selected"] == {"size": 4, "C": 1.0}
    scaled = StandardScaler().fit_transform(both[:, 5:])
    np.testing.assert_array_equal(
        fitted.model_[-1].estimator_.coef_, LinearSVC(dual="auto", random_state=0).fit(scaled, y).coef_
    )


def test_coordinates_in_the_span_have_the_same_products_and_fewer_columns():
    X = np.random.default_rng(0).normal(size=(12, 50))
    np.testing.assert_allclose(span(X) @ span(X).T, X @ X.T, atol=1e-10)
    assert span(X).shape == (12, 12) and span(X.T).shape == (50, 12)


def test_transformers_are_fitted_once_a_fold_and_setting_while_the_search_lasts(monkeypatch):
    fits = []
    fit = PrincipalComponents.fit
    monkeypatch.setattr(PrincipalComponents, "fit", lambda self, X, y=None: fits.append(self.variance) or fit(self, X))
    grid = {"principalcomponents__variance": (0.5, 0.9), "C": (0.1, 1.0, 10.0)}
    plain(PrincipalComponents(), KernelSVM(), grid=grid).fit(*blobs())
    assert len(fits) == 2 * 5 + 1 + 5  # the search, the last fit, the decision values for the temperature


def test_impossible_combinations_are_left_out_and_reported():
    method = METHODS.get("lbp-svm").build(size=48, grid=None, random_state=0)
    assert [dict(block.settings) for block in method.features.blocks] == [
        {"size": 48, "grid": 4},
        {"size": 48, "grid": 8},
    ]
    method = METHODS.get("hog-svm").build(block=5, random_state=0)
    assert "size 64, cell 16" in method.features.left_out[0]
    X, y = stripes(24)
    assert "size 64, cell 16" in method.fit(method.extract(X), y).fit_info_["not_tried"][0]


def test_candidates_too_large_for_many_images_are_not_tried_and_reported(monkeypatch):
    monkeypatch.setattr(selection, "MAX_FEATURE_VALUES", 90 * 5)
    monkeypatch.setattr(selection, "LARGE_SET_IMAGES", 50)
    X, y = blobs(spread=2.5)
    wide = Blocks(
        (Block({"size": 1}, lambda X: np.zeros((len(X), 4))), Block({"size": 2}, lambda X: np.zeros((len(X), 8))))
    )
    fitted = Selected(wide, LinearSVM(random_state=0), grid={"C": COSTS}, bounds={"C": 1.0})
    fitted.fit(np.concatenate([X, X, X], axis=1), y)
    assert fitted.fit_info_["tried"] == 2
    assert fitted.fit_info_["not_tried"] == [
        "size 2: 8 values of 90 training images are more than 450",
        "C above 1: 90 training images are more than 50",
    ]
    fixed = Selected(wide, LinearSVM(random_state=0), grid={"C": (8.0,)}, bounds={"C": 1.0})
    assert fixed.fit(np.concatenate([X, X, X], axis=1), y).fit_info_["selected"]["C"] == 8.0


# --- probabilities ---------------------------------------------------------------------------------------------------


def test_the_temperature_minimises_the_loss():
    rng = np.random.default_rng(0)
    values, scale = rng.normal(size=(4000, 5)), 0.4
    truth = np.array([rng.choice(5, p=p) for p in softmax(values / scale, axis=1)])
    assert temperature(values, truth) == pytest.approx(scale, rel=0.08)
    assert temperature(values[:0], truth[:0]) == 1.0
    sure = temperature(10 * np.eye(3), np.arange(3))  # three of three right: not sure of it all the same
    assert 0.5 < softmax([10 / sure, 0, 0])[0] < 0.99


def test_the_temperature_is_that_of_images_the_machine_was_not_trained_on():
    X, y = blobs(spread=3.0)
    fitted = plain(LinearSVM(random_state=0), grid={"C": (1.0,)}, random_state=2).fit(X, y)
    folds = inner_folds(y, None, 5, 2)
    values, truth = out_of_fold(clone(fitted.model_), X, y, folds)
    assert len(values) == 90 and fitted.fit_info_["temperature"] == temperature(values, truth)


@pytest.mark.parametrize("name", SELECTING)
@pytest.mark.parametrize("classes", [2, 7])
def test_the_largest_probability_is_the_answer(name, classes):
    (train, y), (test, _) = textures(84, seed=0), textures(56, seed=12)
    method = build(name)
    answers = predictions(method, train, y % classes, test)
    probabilities = method.predict_proba(method.extract(test))
    assert probabilities.shape == (56, classes) and (probabilities > 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(method.classes_[probabilities.argmax(axis=1)], answers)
    assert method.predict_proba(method.extract(test[:0])).shape == (0, classes)


def test_probabilities_of_one_neighbour_differ_between_inputs():
    X, y = blobs(n=200, spread=1.5)
    model = plain(NearestNeighbours(), grid={"k": (1,)}, random_state=0).fit(X, y)
    highest = model.predict_proba(blobs(n=100, spread=1.5, seed=1)[0]).max(axis=1)
    assert np.ptp(highest) > 0.2


# --- small and odd sets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SELECTING)
def test_a_single_class_is_the_answer_and_is_reported(name):
    X, _ = stripes(6)
    method = build(name)
    assert predictions(method, X, np.full(6, 3), X).tolist() == [3] * 6
    assert method.predict_proba(method.extract(X)).tolist() == [[1.0]] * 6
    assert method.fit_info_["tried"] == 0 and "one class" in method.fit_info_["not_tried"][-1]


@pytest.mark.parametrize("name", SELECTING)
def test_too_few_images_for_inner_folds_take_the_first_candidate_and_report_it(name):
    X, y = stripes(3)
    method = build(name)
    predictions(method, X, y, X)
    first = method.candidates[0]
    values = method.fit_info_["selected"]
    assert all(values[name.partition("__")[2]] == value for name, value in first.params.items())
    assert method.fit_info_["tried"] == 0 and "too few images" in method.fit_info_["not_tried"][-1]


@pytest.mark.parametrize("name", SELECTING)
def test_a_single_person_is_too_few_for_inner_folds(name):
    X, y = stripes(24)
    method = build(name)
    method.fit(method.extract(X), y, groups=np.zeros(24, dtype=np.int64))
    assert method.fit_info_["tried"] == 0


@pytest.mark.parametrize("name", SELECTING)
def test_setting_every_open_parameter_leaves_nothing_to_select(name):
    open_to_choice = {key for key, value in METHODS.get(name).params.items() if value is None}
    usual = build(name, select=False)
    values = {**usual.features.blocks[0].settings, **{k.partition("__")[2]: v[0] for k, v in usual.grid.items()}}
    assert set(values) == open_to_choice
    assert len(build(name, **{**values, "C": 1.0} if "C" in values else values).candidates) == 1
    assert len(METHODS.get(name).build().candidates) > 1


def test_a_set_value_is_not_searched_and_the_rest_is():
    method = METHODS.get("hog-svm").build(**METHODS.get("hog-svm").resolve({"C": "1"}), random_state=0)
    assert {candidate.params["classifier__C"] for candidate in method.candidates} == {1.0}
    assert len(method.features.blocks) == 4


def test_a_value_of_the_wrong_type_is_refused_before_anything_runs():
    from febench.core.errors import UsageError

    for parameters in ({"C": "much"}, {"size": "64.5"}, {"select": "maybe"}):
        with pytest.raises(UsageError, match="hog-svm"):
            METHODS.get("hog-svm").resolve(parameters)


def test_a_forecast_counts_the_fits_of_the_search(monkeypatch):
    monkeypatch.setattr("baselines.selection.forecast", lambda *_: 1.0)
    X, y = textures(84, seed=0)
    fixed, searched = build("hog-svm", select=False), build("hog-svm", size=64, cell=8)
    features = fixed.extract(X)
    assert fixed.forecast(features, y, 500) == 1 + 5, "the temperature in five folds, and the last fit"
    assert searched.forecast(features, y, 500) == 1 + (8 + 1) * 5, "eight values of C too"
    neighbours = build("lbp-knn", size=64, grid=4)
    tried = len(neighbours.candidates)
    assert neighbours.forecast(neighbours.extract(X), y, 500) == 1 + (tried + 1) * 5


def test_a_forecast_leaves_out_candidates_too_large_for_the_images(monkeypatch):
    widths = []
    monkeypatch.setattr("baselines.selection.forecast", lambda one, X, *_: widths.append(X.shape[1]) or 1.0)
    X, y = textures(84, seed=0)
    model = build("hog-svm")
    features = model.extract(X)
    columns = model.features.columns(features.shape[1])
    widest = max(stop - start for start, stop in columns)
    n = selection.MAX_FEATURE_VALUES // widest + 1
    affordable, _ = model._affordable(columns, n)
    assert len(affordable) < len(model.candidates)
    assert model.forecast(features, y, n) == 1 + len(affordable) + 1
    assert widest not in widths
