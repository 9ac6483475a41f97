"""Features: pure functions of each image alone, images (n, height, width[, 3]) in, an array (n, d) out."""

from baselines.features.entropy import wavelet_entropy
from baselines.features.grey import grey
from baselines.features.haar import check_wavelet, wavelet_coefficients

__all__ = ["check_wavelet", "grey", "wavelet_coefficients", "wavelet_entropy"]
