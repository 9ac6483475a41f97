from __future__ import annotations

import numpy as np
import pytest
import pywt
from scipy.special import entr

from baselines.features import wavelet_coefficients, wavelet_entropy
from baselines.features.wavelets import entropy

X = np.random.default_rng(0).integers(0, 256, (3, 128, 128), dtype=np.uint8)


@pytest.mark.parametrize(("wavelet", "level"), [("haar", 3), ("haar", 1), ("db4", 2)])
def test_agrees_with_the_pyramid_of_each_image(wavelet, level):
    for row, image in zip(wavelet_coefficients(X, wavelet, level, details=True), X, strict=True):
        approximation, details, *_ = pywt.wavedec2(image.astype(float), wavelet, mode="periodization", level=level)
        np.testing.assert_allclose(row, np.concatenate([approximation, *details]).ravel(), atol=0.02)


def test_haar_approximation_is_the_sum_over_blocks():
    blocks = X.reshape(3, 16, 8, 16, 8).sum(axis=(2, 4)) / 8
    np.testing.assert_allclose(wavelet_coefficients(X), blocks.reshape(3, 256), rtol=1e-5)


@pytest.mark.parametrize("wavelet", ["morl", "nonsense"])
def test_unknown_wavelets_are_refused(wavelet):
    with pytest.raises(ValueError, match="no discrete wavelet"):
        wavelet_coefficients(X, wavelet)


@pytest.mark.parametrize(("level", "size"), [(0, 128), (8, 128), (4, 100)])
def test_levels_must_divide_the_size(level, size):
    with pytest.raises(ValueError, match="level"):
        wavelet_coefficients(X, level=level, size=size)


PAIR = np.random.default_rng(0).integers(0, 256, (2, 128, 128), dtype=np.uint8)


def by_definition(band):
    p = np.square(band) / np.square(band).sum()
    return entr(p).sum() / np.log(2)


@pytest.mark.parametrize("trim", [False, True])
def test_agrees_with_the_definition_for_each_image(trim):
    for row, image in zip(wavelet_entropy(PAIR, trim=trim), PAIR, strict=True):
        first, *rest = pywt.swt2(image.astype(float), "db4", 4, trim_approx=trim)
        bands = [first, *(band for three in rest for band in three)] if trim else []
        if not trim:
            bands = [band for approximation, details in [first, *rest] for band in (approximation, *details)]
        np.testing.assert_allclose(row, [by_definition(band) for band in bands], rtol=1e-4)


def test_number_of_sub_bands():
    assert wavelet_entropy(PAIR).shape == (2, 16)
    assert wavelet_entropy(PAIR, trim=True).shape == (2, 13)
    assert wavelet_entropy(PAIR, "haar", 2).shape == (2, 8)


def test_entropy_of_known_sub_bands():
    single, equal, two, none = np.zeros((4, 8, 8), dtype=np.float32)
    single[3, 5], equal[:], two[0, :2] = -7, 3, [2, -2]
    np.testing.assert_allclose(entropy(np.stack([single, equal, two, none])), [0, 6, 1, 0], atol=1e-6)


@pytest.mark.parametrize("value", [0, 1, 100, 255])
def test_constant_images_have_full_approximations_and_empty_details(value):
    wanted = [14.0 if value else 0.0, 0, 0, 0] * 4
    np.testing.assert_allclose(wavelet_entropy(np.full((1, 128, 128), value, np.uint8))[0], wanted, atol=1e-4)


def test_entropy_does_not_depend_on_contrast():
    dark = PAIR // 2
    np.testing.assert_allclose(wavelet_entropy(dark), wavelet_entropy(dark * 2), rtol=1e-5)
