"""Folds of faces700's size packed on one GPU, against one by one and the stock loop, and the share of the memory floor.

The floor counts what must at least pass through the GPU's memory for one image of a training, eager and fused, as
arithmetic on torchvision's networks (FLOP = 2 x MAC, training = 3 x forward less the stem's input gradient) gives it
for an H200 of 4.3 TB/s: seconds for 100 folds x 30 epochs x 560 images.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from febench.core.method import METHODS, FoldTask  # noqa: E402
from febench.running.options import RunOptions  # noqa: E402
from tests.benchmarks.test_training_speed import stock_loop  # noqa: E402

FLOOR = {("resnet18", 64): 4.5, ("resnet18", 224): 29.0, ("resnet50", 64): 15.0, ("resnet50", 224): 126.0}
FLOOR_IMAGES = 100 * 30 * 560
BATCH, STEPS, FOLDS = 56, 100, 16
WIDTHS = (1, 4, 16)  # beside the usual one


@pytest.mark.gpu
@pytest.mark.parametrize(("name", "size"), FLOOR)
def test_packing_speed(name: str, size: int, benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (700, size, size, 3), dtype=np.uint8), np.arange(700) % 7
    order = rng.permutation(700)
    train, validation, test = np.split(order, [560, 630])
    folds = [FoldTask(train, validation, test, y[train], y[validation], seed) for seed in range(FOLDS)]

    def rate(pack: int) -> float:
        """Images per second of whole folds: first weights, warm-up, capture and prediction included."""
        model = METHODS.get(name).build(size=size, steps=STEPS, epochs=0.0, batch_size=BATCH, device="cuda", pack=pack)
        start = perf_counter()
        outcomes = model.fit_predict_folds(X, folds)
        widths[pack] = max(int(outcome.info["pack"]) for outcome in outcomes)
        return FOLDS * STEPS * BATCH / (perf_counter() - start)

    widths: dict[int, int] = {}
    torch.backends.cudnn.allow_tf32 = True  # as torch has it; ours does without
    stock = stock_loop(name, STEPS, "cuda", size)
    rates = {pack: rate(pack) for pack in WIDTHS}
    usual = RunOptions().pack
    rates[usual] = benchmark.pedantic(rate, args=(usual,), rounds=1)
    share = rates[usual] * FLOOR[name, size] / FLOOR_IMAGES
    benchmark.extra_info |= {"stock loop": stock, "packed": rates, "widths": widths, "floor": share}
    with capsys.disabled():
        print(f"\n{name}, {size} px, batch {BATCH}: stock loop {stock:.0f} images/s")
        for pack, found in sorted(rates.items()):
            print(f"{widths[pack]} at a time {found:.0f} (x {found / stock:.2f})")
        print(f"{usual} at a time: {100 * share:.0f} % of the memory floor of an H200")
