from __future__ import annotations

import importlib
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from baselines import Features
from baselines.features import wavelet_coefficients, wavelet_entropy
from baselines.network import MeanSquaredError, SwarmNetwork
from baselines.pipeline import PrincipalComponents
from baselines.search import LINES_TO_BEAT, Biogeography, CatSwarm
from baselines.tuned import FeatureClassifier, Open, Tuned, hold_out, rounds, settings_of
from febench.core.method import METHODS
from tests.baselines.made import stripes, textures

LEFT_OPEN = {"level": Open(3, (3, 4)), "hidden": Open(20, (20, 40)), "penalty": Open(0.0, (0.0, 0.1))}
NOTHING = dict.fromkeys(LEFT_OPEN)


@pytest.mark.parametrize("settings", [1, 2, 5, 6, 7, 12, 24, 48])
@pytest.mark.parametrize("evaluations", [1, 999, 6_000, 80_000])
def test_all_rounds_together_spend_what_is_given(settings: int, evaluations: int) -> None:
    plan = rounds(settings, evaluations)
    assert sum(tried * budget for tried, budget in plan) == evaluations
    assert plan[0][0] == settings and plan[-1][0] == 1
    counts, budgets = zip(*plan, strict=True)
    assert list(counts) == sorted(counts, reverse=True) and list(budgets) == sorted(budgets)


@pytest.mark.parametrize("name", ["bbo", "jaya"])
def test_what_the_fits_of_a_cell_evaluate_is_within_the_budget(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    selecting_a_penalty(name, monkeypatch)
    evaluated = 0

    def counted(self: MeanSquaredError, weights: Features) -> Features:
        nonlocal evaluated
        evaluated += len(weights)
        return computed(self, weights)

    computed = MeanSquaredError.__call__
    monkeypatch.setattr(MeanSquaredError, "__call__", counted)
    monkeypatch.setattr("baselines.tuned.ValidationGroup", no_more_than_judging := quiet(computed))
    monkeypatch.setattr("baselines.network.ValidationGroup.of", no_more_than_judging.of)
    (train, y), (val, y_val) = textures(42, seed=0), textures(21, seed=1)
    made = METHODS.get(name).build(evaluations=5_000, random_state=0)
    made.fit(made.extract(train), y, X_val=made.extract(val), y_val=y_val)
    assert made.fit_info_["spent"] == evaluated <= 5_000
    assert made.fit_info_["tried"] == len(made.settings) > 1
    assert made.fit_info_["selected"] in made.settings


def selecting_a_penalty(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a method choose between two penalties, as none does of itself."""
    module = importlib.import_module(f"baselines.{name}")
    monkeypatch.setitem(module.OPEN, "penalty", Open(0.0, (0.03, 0.0)))


def quiet(computed):
    """A `ValidationGroup` whose evaluations are not counted: they are none of training images."""
    from baselines import network

    class Quiet(network.ValidationGroup):
        def __init__(self, *args):
            super().__init__(*args)
            objective = self.error
            self.error = lambda weights: computed(objective, weights)

    return Quiet


def test_a_value_that_is_given_is_not_searched() -> None:
    assert len(settings_of(LEFT_OPEN, NOTHING, select=True, search="jaya")) == 8
    some = settings_of(LEFT_OPEN, {**NOTHING, "hidden": 7}, select=True, search="jaya")
    assert len(some) == 4 and {setting["hidden"] for setting in some} == {7}
    given = {"level": 2, "hidden": None, "penalty": 1}
    fixed = {"level": 3, "hidden": 20, "penalty": 0.0}
    assert settings_of(LEFT_OPEN, NOTHING, select=False, search="jaya") == [fixed]
    assert settings_of(LEFT_OPEN, given, select=False, search="jaya") == [{**fixed, "level": 2, "penalty": 1.0}]


@pytest.mark.parametrize("search", LINES_TO_BEAT)
def test_a_line_to_beat_has_the_values_tried_first(search: str) -> None:
    tried_second = {"level": Open(3, (4, 3)), "hidden": Open(20, (40, 20)), "penalty": Open(0.0, (0.1, 0.0))}
    first = {"level": 4, "hidden": 40, "penalty": 0.1}
    assert settings_of(tried_second, NOTHING, select=True, search=search) == [first]
    fixed = {"level": 3, "hidden": 20, "penalty": 0.0}
    assert settings_of(tried_second, NOTHING, select=False, search=search) == [fixed]


@pytest.mark.parametrize("method", ["cso", "bbo", "jaya"])
@pytest.mark.parametrize("search", ["rbf-svm", "l-bfgs", "mealpy:GA.BaseGA"])
def test_another_search_has_the_features_and_settings_of_the_row(method: str, search: str) -> None:
    component = METHODS.get(method)
    if search.startswith("mealpy:"):
        pytest.importorskip("mealpy")
    own, other = component.build(), component.build(search=search)
    assert other.features_id == own.features_id
    assert other.settings[0] == own.settings[0]


def test_cso_keeps_all_components_of_a_variance_that_is_set() -> None:
    cso = METHODS.get("cso").build
    assert {setting["components"] for setting in cso().settings} == {24}
    assert {setting["components"] for setting in cso(variance=0.999).settings} == {128 * 128}
    assert {setting["components"] for setting in cso(variance=0.999, components=30).settings} == {30}
    assert {setting["components"] for setting in cso(select=False).settings} == {128 * 128}


@pytest.mark.parametrize("given", [{"level": "many"}, {"level": 2.5}, {"hidden": True}, {"penalty": "none"}])
def test_a_value_of_another_kind_is_refused(given: dict[str, object]) -> None:
    (name,) = given
    with pytest.raises(ValueError, match=f"^{name} takes a (whole )?number, or none to have it selected, not"):
        settings_of(LEFT_OPEN, {**NOTHING, **given}, select=True, search="jaya")


@pytest.mark.parametrize("name", ["bbo", "jaya"])
def test_too_few_evaluations_to_select_are_refused_when_it_is_built(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    selecting_a_penalty(name, monkeypatch)
    with pytest.raises(ValueError, match=r"evaluations must be above 70 to try .* settings .*, or select false"):
        METHODS.get(name).build(evaluations=70)
    METHODS.get(name).build(evaluations=70, select=False)


class Network:
    """Of a known error on the validation group, whatever it is fitted to; notes its fits."""

    fits: list[tuple[str, int]] = []  # noqa: RUF012
    natural_ends: dict[str, tuple[float, float]] = {}  # noqa: RUF012

    def __init__(self, name: str, budget: int, error: float) -> None:
        self.name, self.budget, self.error = name, budget, error

    def fit(self, X, y, X_val=None, y_val=None):
        Network.fits.append((self.name, self.budget))
        self.fitted = (len(X), X.shape[1], 0 if X_val is None else len(X_val))
        self.weights_ = np.array([self.error])
        self.fit_info_ = {"evaluations": self.budget - 1}
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


ONE = {"evaluations": 999, "selected": {"name": "a"}, "tried": 1}
"""What is told where nothing was compared."""


def wide(X: Features) -> Features:
    return np.ones((len(X), 3))


def narrow(X: Features) -> Features:
    return np.ones((len(X), 2))


def made_by(errors: dict[str, float], name: str, evaluations: int) -> FeatureClassifier:
    network = Network(name, evaluations, errors[name])
    return FeatureClassifier(wide if name > "m" else narrow, StandardScaler(), network)  # type: ignore[arg-type]


@pytest.fixture
def tuned(monkeypatch: pytest.MonkeyPatch):
    """From errors by name to an unfitted `Tuned` of networks that have them."""
    judge = lambda network, X, y: SimpleNamespace(error=lambda weights: weights[0])  # noqa: E731
    monkeypatch.setattr("baselines.tuned.ValidationGroup", judge)
    Network.fits = []

    def make(errors: dict[str, float], evaluations: int = 1_000) -> Tuned:
        return Tuned(lambda **values: made_by(errors, **values), [{"name": name} for name in errors], evaluations)

    return make


Y = np.resize(np.arange(3), 30)
FEATURES = np.ones((30, 5))
NARROW = FEATURES[:, :2]


def test_the_smaller_validation_errors_come_into_the_next_round(tuned) -> None:
    errors = {name: abs(ord(name) - ord("o")) / 10 for name in "abcdefghijklmnop"}
    found = tuned(errors).fit(FEATURES, Y, X_val=FEATURES[:6], y_val=Y[:6])
    (all_of_them, first), (kept, second), (_, last) = found.rounds
    assert kept == 3
    assert [name for name, budget in Network.fits if budget == first] == list(errors)
    assert [name for name, budget in Network.fits if budget == second] == ["o", "n", "p"]
    assert Network.fits[-1] == ("o", last) and len(Network.fits) == all_of_them + kept + 1
    told = found.fit_info_
    assert (told["selected"], told["tried"]) == ({"name": "o"}, 16)
    assert told["spent"] == 1_000 - len(Network.fits)
    assert told["selection_seconds"] >= 0


def test_of_equal_settings_the_first_is_chosen(tuned) -> None:
    found = tuned(dict.fromkeys("caz", 0.5)).fit(FEATURES, Y, X_val=FEATURES[:6], y_val=Y[:6])
    assert found.fit_info_["selected"] == {"name": "c"}


def test_a_setting_gets_its_own_features(tuned) -> None:
    found = tuned({"a": 0.5, "z": 0.1})
    assert found.extract(np.zeros((4, 8, 8), dtype=np.uint8)).shape == (4, 2 + 3)
    found.fit(FEATURES, Y, X_val=FEATURES[:6], y_val=Y[:6])
    assert found._chosen.classifier.fitted == (30, 3, 6)
    assert found.predict(FEATURES).shape == (30,)


def test_without_a_validation_group_some_training_images_judge(tuned) -> None:
    found = tuned({"a": 0.5, "b": 0.1}).fit(NARROW, Y)
    assert found._chosen.classifier.fitted == (24, 2, 6)
    alone = tuned({"a": 0.5}).fit(NARROW, Y)
    assert alone._chosen.classifier.fitted == (30, 2, 0) and alone.fit_info_ == ONE


def test_too_few_images_to_judge_leave_the_first_setting_all_evaluations(tuned) -> None:
    found = tuned({"a": 0.5, "b": 0.1}).fit(NARROW[:2], Y[:2])
    assert Network.fits == [("a", 1_000)] and found.fit_info_ == ONE
    assert found._chosen.classifier.fitted == (2, 2, 0)


def test_whole_groups_are_held_out() -> None:
    groups = np.repeat(np.arange(10), 3)
    for seed in range(5):
        held_out = hold_out(Y, groups, seed)
        assert held_out is not None and held_out.sum() == 6
        assert set(groups[held_out]).isdisjoint(groups[~held_out])
    assert hold_out(Y, np.zeros(30, dtype=int), 0) is None
    assert hold_out(Y, np.array([0, 1, 2] * 10), 0) is None  # a person a class: none could be left out


def test_a_fifth_of_each_class_is_held_out_where_nothing_belongs_together() -> None:
    held_out = hold_out(Y, None, 0)
    assert held_out is not None and np.bincount(Y[held_out]).tolist() == [2, 2, 2]


PLAIN = {
    "bbo": (partial(wavelet_entropy, entropy="wentropy"), StandardScaler(), Biogeography(20), 2.0),
    "cso": (wavelet_coefficients, PrincipalComponents(0.95), CatSwarm(50, 0.5), 1.0),
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("validated", [True, False])
def test_without_selection_it_is_the_plain_network_to_the_bit(name: str, validated: bool) -> None:
    (train, y), (val, y_val) = textures(42, seed=0), textures(21, seed=1)
    made = METHODS.get(name).build(evaluations=1_000, select=False, random_state=0)
    made.fit(made.extract(train), y, **({"X_val": made.extract(val), "y_val": y_val} if validated else {}))
    feature, transformer, search, bound = PLAIN[name]
    X, X_val = transformer.fit_transform(feature(train)), transformer.transform(feature(val))
    plain = SwarmNetwork(search, 1_000, 20, bound, random_state=0)
    plain.fit(X, y, **({"X_val": X_val, "y_val": y_val} if validated else {}))
    np.testing.assert_array_equal(made._chosen.classifier.weights_, plain.weights_)
    assert made.fit_info_ == {**plain.fit_info_, "selected": made.settings[0], "tried": 1}


@pytest.mark.parametrize("name", ["bbo", "cso", "jaya"])
def test_a_swarms_probabilities_agree_with_its_predictions(name: str) -> None:
    (train, y), (test, _), (val, y_val) = textures(84, seed=0), textures(42, seed=1), textures(42, seed=2)
    y[y == 3] = 4  # a class that nobody shows
    made = METHODS.get(name).build(evaluations=2_000, select=False, random_state=0)
    made.fit(made.extract(train), y, X_val=made.extract(val), y_val=y_val)
    probabilities = made.predict_proba(made.extract(test))
    assert made.classes_.tolist() == [0, 1, 2, 4, 5, 6] and probabilities.shape == (42, 6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(made.classes_[probabilities.argmax(axis=1)], made.predict(made.extract(test)))


def test_a_machine_in_the_networks_place_selects_nothing_and_has_no_probabilities() -> None:
    X, y = stripes(24)
    made = METHODS.get("bbo").build(search="rbf-svm", random_state=0)
    made.fit(made.extract(X), y, X_val=made.extract(X[:6]), y_val=y[:6])
    assert "C" in made.fit_info_ and "selected" not in made.fit_info_
    assert not hasattr(made, "predict_proba")
    assert made.features_id == METHODS.get("bbo").build().features_id
