"""Expressions: facial action units (FACS), combined into emotions as in EMFACS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from febench.datasets.faces.numeric import SHOT, STYLE, FloatArray, bell, chance, stream

CLASSES = ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
"""The seven emotions, in the order of their labels."""

UNITS = (1, 2, 4, 5, 6, 7, 9, 12, 15, 16, 20, 23, 25, 26)
"""The action units that the face can move; 25 (lips part) comes with some smiles and open mouths."""

RECIPES: dict[str, dict[int, float]] = {
    "anger": {4: 1.0, 5: 0.55, 7: 0.8, 23: 1.0},
    "disgust": {9: 1.0, 15: 0.6, 16: 0.7},
    "fear": {1: 0.9, 2: 0.55, 4: 0.5, 5: 0.9, 20: 0.9, 26: 0.45},
    "happy": {6: 0.8, 12: 1.0, 25: 0.6},
    "neutral": {},
    "sadness": {1: 0.9, 4: 0.6, 15: 0.9},
    "surprise": {1: 0.9, 2: 1.0, 5: 0.85, 26: 0.95},
}

CONFUSIONS: dict[str, tuple[str, ...]] = {
    "anger": ("disgust", "sadness"),
    "disgust": ("anger", "sadness"),
    "fear": ("surprise", "sadness"),
    "happy": ("neutral", "disgust"),
    "neutral": ("sadness", "anger"),
    "sadness": ("neutral", "fear"),
    "surprise": ("fear", "neutral"),
}
"""The emotion with which each is most often confused, and with which it is blended."""

STRENGTH = 0.98
"""Mean strength of an expression; with the spreads below it sets how hard the set is."""

STYLE_SPREAD = 0.42
SHOT_SPREAD = 0.22
UNIT_SPREAD = 0.20
BLEND = 0.50
TONIC = 0.05


@dataclass(frozen=True)
class Expression:
    """Strength of every action unit, and the asymmetry by which the right half moves more than the left."""

    strengths: dict[int, float]
    skew: float = 0.0

    def __call__(self, unit: int, side: int = 0) -> float:
        """Strength of a unit in the middle (0) or on one side (-1, +1) of the face."""
        return self.strengths.get(unit, 0.0) * (1.0 + side * self.skew)


def sample_expression(seed: int, person: int, emotion: int, shot: int) -> Expression:
    """Draw the action units of person number `person` in one shot of one emotion."""
    name = CLASSES[emotion]
    rng = stream(seed, SHOT, person, emotion, shot)
    strength = min(max(bell(rng, STRENGTH, SHOT_SPREAD), 0.15), 1.35)
    blend = BLEND * float(rng.random()) ** 2
    other = CONFUSIONS[name][int(chance(rng, 0.35))]
    mine = _recipe(seed, person, name)
    theirs = _recipe(seed, person, other)
    noise = 1.0 + UNIT_SPREAD * np.clip(rng.standard_normal(len(UNITS)), -2.0, 2.0)
    tonic = TONIC * np.abs(rng.standard_normal(len(UNITS)))
    total = strength * ((1.0 - blend) * mine + blend * theirs) * noise + tonic
    strengths = dict(zip(UNITS, np.clip(total, 0.0, 1.15).tolist(), strict=True))
    usual_skew = bell(stream(seed, STYLE, person, 0), 0.0, 0.10)
    return Expression(strengths, skew=bell(rng, usual_skew, 0.06))


def _recipe(seed: int, person: int, name: str) -> FloatArray:
    """Draw the action units with which a person shows an emotion at full strength."""
    rng = stream(seed, STYLE, person, 1 + CLASSES.index(name))
    base = np.array([RECIPES[name].get(unit, 0.0) for unit in UNITS])
    style = 1.0 + STYLE_SPREAD * np.clip(rng.standard_normal(len(UNITS)), -2.0, 2.0)
    return base * style
