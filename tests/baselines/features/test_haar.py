from __future__ import annotations

import numpy as np
import pytest
import pywt

from baselines.features import wavelet_coefficients

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
