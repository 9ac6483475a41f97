from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from baselines.classifiers import KernelSVM, PrincipalComponents
from baselines.features import wavelet_coefficients, wavelet_entropy
from baselines.network import GradientNetwork, SwarmNetwork
from baselines.search import LINES_TO_BEAT, Biogeography, CatSwarm, Jaya
from baselines.searched import Open, classifier_by, open_values
from febench.core.method import METHODS
from tests.baselines.samples import stripes, textures

LEFT_OPEN = {"level": Open(3, 4), "hidden": Open(20, 40), "penalty": Open(0.0, 0.1)}
NOTHING_SET = dict.fromkeys(LEFT_OPEN)


def test_a_users_value_replaces_the_chosen_and_the_plain_one() -> None:
    user_values = {"level": 2, "hidden": None, "penalty": 1}
    chosen, plain = {"level": 4, "hidden": 40, "penalty": 0.1}, {"level": 3, "hidden": 20, "penalty": 0.0}
    assert open_values(LEFT_OPEN, NOTHING_SET, select=True) == chosen
    assert open_values(LEFT_OPEN, user_values, select=True) == {**chosen, "level": 2, "penalty": 1.0}
    assert open_values(LEFT_OPEN, NOTHING_SET, select=False) == plain
    assert open_values(LEFT_OPEN, user_values, select=False) == {**plain, "level": 2, "penalty": 1.0}


@pytest.mark.parametrize("user_value", [{"level": "many"}, {"level": 2.5}, {"hidden": True}, {"penalty": "none"}])
def test_a_value_of_another_type_is_refused(user_value: dict[str, object]) -> None:
    (name,) = user_value
    with pytest.raises(ValueError, match=f"^{name} takes a (whole )?number, or none for the default, not"):
        open_values(LEFT_OPEN, {**NOTHING_SET, **user_value}, select=True)


@pytest.mark.parametrize("method", ["cso", "bbo", "jaya"])
@pytest.mark.parametrize("search", [*LINES_TO_BEAT, "tvac-pso", "mealpy:GA.BaseGA"])
def test_another_search_has_the_features_and_settings_of_the_row(method: str, search: str) -> None:
    component = METHODS.get(method)
    if search.startswith("mealpy:"):
        pytest.importorskip("mealpy")
    own, other = component.build(), component.build(search=search)
    assert other.features_id == own.features_id
    assert other.settings == own.settings


def test_cso_keeps_all_components_of_a_variance_that_is_set() -> None:
    cso = METHODS.get("cso").build
    for parameters, components in (
        ({}, 24),
        ({"variance": 0.999}, 128 * 128),
        ({"variance": 0.999, "components": 30}, 30),
        ({"select": False}, 128 * 128),
    ):
        model = cso(**parameters)
        assert model.settings["components"] == components == model.transformer.most


def search_named(search):
    options = {"evaluations": 500, "hidden": 5, "bound": 1.0, "penalty": 0.5, "patience": None, "random_state": 0}
    return classifier_by(search, {"own": CatSwarm(7, 0.5)}, population=10, **options)


def test_a_methods_own_search_keeps_its_parameters_and_others_take_theirs() -> None:
    assert search_named("own").search == CatSwarm(7, 0.5)
    assert search_named("jaya").search == Jaya(10) and search_named("jaya").penalty == 0.5
    assert isinstance(search_named("l-bfgs"), GradientNetwork)
    assert isinstance(search_named("rbf-svm"), KernelSVM)
    with pytest.raises(ValueError, match="there is no search 'jay'"):
        search_named("jay")


PLAIN = {
    "bbo": (partial(wavelet_entropy, entropy="wentropy"), StandardScaler(), Biogeography(20), 2.0),
    "cso": (wavelet_coefficients, PrincipalComponents(0.95), CatSwarm(50, 0.5), 1.0),
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("validated", [True, False])
def test_the_plain_values_give_the_plain_network_to_the_bit(name: str, validated: bool) -> None:
    (train, y), (val, y_val) = textures(42, seed=0), textures(21, seed=1)
    model = METHODS.get(name).build(evaluations=1_000, select=False, random_state=0)
    model.fit(model.extract(train), y, **({"X_val": model.extract(val), "y_val": y_val} if validated else {}))
    feature, transformer, search, bound = PLAIN[name]
    X, X_val = transformer.fit_transform(feature(train)), transformer.transform(feature(val))
    plain = SwarmNetwork(search, 1_000, 20, bound, random_state=0)
    plain.fit(X, y, **({"X_val": X_val, "y_val": y_val} if validated else {}))
    np.testing.assert_array_equal(model.classifier.weights_, plain.weights_)
    assert model.fit_info_ == {**plain.fit_info_, "selected": model.settings, "tried": 1}


@pytest.mark.parametrize("name", ["bbo", "cso", "jaya"])
def test_a_swarms_probabilities_agree_with_its_predictions(name: str) -> None:
    (train, y), (test, _), (val, y_val) = textures(84, seed=0), textures(42, seed=1), textures(42, seed=2)
    y[y == 3] = 4  # a class that nobody shows
    model = METHODS.get(name).build(evaluations=2_000, select=False, random_state=0)
    model.fit(model.extract(train), y, X_val=model.extract(val), y_val=y_val)
    probabilities = model.predict_proba(model.extract(test))
    assert model.classes_.tolist() == [0, 1, 2, 4, 5, 6] and probabilities.shape == (42, 6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(model.extract(test)))


def test_a_machine_in_the_networks_place_selects_nothing_and_has_no_probabilities() -> None:
    X, y = stripes(24)
    model = METHODS.get("bbo").build(search="rbf-svm", random_state=0)
    model.fit(model.extract(X), y, X_val=model.extract(X[:6]), y_val=y[:6])
    assert "C" in model.fit_info_ and "selected" not in model.fit_info_
    assert not hasattr(model, "predict_proba")
    assert model.features_id == METHODS.get("bbo").build().features_id
