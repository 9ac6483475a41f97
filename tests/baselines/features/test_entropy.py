from __future__ import annotations

import numpy as np
import pytest
import pywt
from scipy.special import entr

from baselines.features import wavelet_entropy
from baselines.features.entropy import entropy

X = np.random.default_rng(0).integers(0, 256, (2, 128, 128), dtype=np.uint8)


def by_definition(band):
    p = np.square(band) / np.square(band).sum()
    return entr(p).sum() / np.log(2)


@pytest.mark.parametrize("trim", [False, True])
def test_agrees_with_the_definition_for_each_image(trim):
    for row, image in zip(wavelet_entropy(X, trim=trim), X, strict=True):
        first, *rest = pywt.swt2(image.astype(float), "db4", 4, trim_approx=trim)
        bands = [first, *(band for three in rest for band in three)] if trim else []
        if not trim:
            bands = [band for approximation, details in [first, *rest] for band in (approximation, *details)]
        np.testing.assert_allclose(row, [by_definition(band) for band in bands], rtol=1e-4)


def test_number_of_sub_bands():
    assert wavelet_entropy(X).shape == (2, 16)
    assert wavelet_entropy(X, trim=True).shape == (2, 13)
    assert wavelet_entropy(X, "haar", 2).shape == (2, 8)


def test_entropy_of_known_sub_bands():
    single, equal, two, none = np.zeros((4, 8, 8), dtype=np.float32)
    single[3, 5], equal[:], two[0, :2] = -7, 3, [2, -2]
    np.testing.assert_allclose(entropy(np.stack([single, equal, two, none])), [0, 6, 1, 0], atol=1e-6)


@pytest.mark.parametrize("value", [0, 1, 100, 255])
def test_constant_images_have_full_approximations_and_empty_details(value):
    wanted = [14.0 if value else 0.0, 0, 0, 0] * 4
    np.testing.assert_allclose(wavelet_entropy(np.full((1, 128, 128), value, np.uint8))[0], wanted, atol=1e-4)


def test_entropy_does_not_depend_on_contrast():
    dark = X // 2
    np.testing.assert_allclose(wavelet_entropy(dark), wavelet_entropy(dark * 2), rtol=1e-5)
