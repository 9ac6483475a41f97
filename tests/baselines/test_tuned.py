from __future__ import annotations

import numpy as np
import pytest

from baselines.tuned import Setting, Tuned, rounds

LABELS = np.resize(np.arange(3), 30)
FEATURES = np.column_stack([LABELS, np.zeros(30), 2 - LABELS])


class Fake:
    """Right with a probability that its setting and budget decide; remembers every fit."""

    fits: list[tuple[str, int]] = []  # noqa: RUF012

    def __init__(self, name: str, right: float, budget: int) -> None:
        self.name, self.right, self.budget = name, right, budget
        self.fit_info_ = {"objective": right}

    def fit(self, features, y, X_val=None, y_val=None):
        Fake.fits.append((self.name, self.budget))
        self.columns = features.shape[1]
        return self

    def predict(self, features):
        assert features.shape[1] == self.columns
        right = np.arange(len(features)) < round(self.right * len(features))
        return np.where(right, LABELS[: len(features)], 9)


def tuned(rates: dict[str, float], gain: float = 0.0) -> Tuned:
    Fake.fits = []
    blocks = {"one": lambda X: np.zeros((len(X), 1)), "two": lambda X: np.zeros((len(X), 2))}

    def setting(name: str, right: float) -> Setting:
        make = lambda budget: Fake(name, min(1.0, right + gain * budget), budget)  # noqa: E731
        return Setting("two" if name > "m" else "one", {"name": name}, make)

    return Tuned(blocks, [setting(name, right) for name, right in rates.items()], budgets=(1, 4, 16), kept=3)


def fit(found: Tuned) -> Tuned:
    return found.fit(FEATURES, LABELS, X_val=FEATURES, y_val=LABELS)


def test_each_round_keeps_one_in_three():
    found = fit(tuned({name: 0.1 * place for place, name in enumerate("abcdefghi")}))
    assert [name for name, budget in Fake.fits if budget == 1] == list("abcdefghi")
    assert [name for name, budget in Fake.fits if budget == 4] == ["i", "h", "g"]
    assert [name for name, budget in Fake.fits if budget == 16] == ["i"]
    assert found.fit_info_["tried"] == 13
    assert found.fit_info_["spent"] == 9 * 1 + 3 * 4 + 16


def test_the_validation_group_chooses_setting_and_budget():
    assert fit(tuned({"a": 0.2, "z": 0.8, "c": 0.5})).fit_info_["chosen"] == "two[name=z,evaluations=16]"
    worse_with_time = fit(tuned({"a": 0.9, "z": 0.5}, gain=-0.02))
    assert worse_with_time.fit_info_["chosen"] == "one[name=a,evaluations=1]"
    assert (worse_with_time.predict(FEATURES) == LABELS).sum() == round(0.88 * 30)


def test_of_equal_settings_the_first_wins_on_the_largest_budget():
    assert fit(tuned({"a": 0.5, "b": 0.5, "z": 0.5})).fit_info_["chosen"] == "one[name=a,evaluations=16]"


def test_without_validation_the_first_is_trained_on_the_whole_budget():
    found = tuned({"a": 0.2, "z": 0.8}).fit(FEATURES, LABELS)
    assert Fake.fits == [("a", 16)]
    assert found.fit_info_["chosen"] == "one[name=a,evaluations=16]"


def test_features_lie_side_by_side():
    images = np.zeros((4, 8, 8), dtype=np.uint8)
    assert tuned({"a": 1.0}).extract(images).shape == (4, 3)


def test_rounds_grow_fourfold():
    assert rounds(80_000) == (5_000, 20_000, 80_000)


@pytest.mark.parametrize("name", ["bbo-tuned", "cso-tuned", "jaya-tuned"])
def test_the_methods_learn_and_tell_what_they_chose(name):
    from febench.core.method import METHODS
    from febench.datasets.faces import draw_faces

    faces = draw_faces(subjects=6, shots=1, size=32)
    made = METHODS.get(name).make({"evaluations": 1_600}, random_state=0, device="cpu")
    features = made.extract(faces.images)
    made.fit(features[:28], faces.labels[:28], X_val=features[28:35], y_val=faces.labels[28:35])
    assert made.fit_info_["tried"] == 12 + 4 + 1
    assert made.predict(features[35:]).shape == (7,)
