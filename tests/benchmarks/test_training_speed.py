"""Training images per second, ours against the stock ways, one after the other in the same run.

The stock ways are the loop of torchvision's reference script (PIL transforms, DataLoader, float32, eager) and skorch on
the same transforms. Between them and ours, each step on the way is measured alone: images as one tensor with whole
batches augmented, channels last, bfloat16, matrix products in place of small convolutions, freed memory kept, and one
process of one thread a core instead of one of all.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
torchvision = pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from febench.core.method import METHODS  # noqa: E402

BATCH, SIZE, CORES = 64, 64, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
STEPS = {"resnet18": 24, "resnet50": 12}


def images(n: int = 320) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, 128, 128, 3), dtype=np.uint8), rng.integers(0, 7, n)


class PilImages(torch.utils.data.Dataset[Any]):
    def __init__(self, X: NDArray[np.uint8], y: NDArray[np.int64], size: int = SIZE) -> None:
        from PIL import Image
        from torchvision import transforms

        self.images = [Image.fromarray(image) for image in X]
        self.labels = y.tolist()
        self.transform = transforms.Compose(
            [
                transforms.Resize((size, size)),
                transforms.RandomAffine(10, translate=(0.08, 0.08), scale=(0.9, 1.1)),
                transforms.RandomHorizontalFlip(),
                transforms.ColorJitter(brightness=0.2, contrast=0.2),
                transforms.ToTensor(),
                transforms.Normalize([0.5] * 3, [0.25] * 3),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), self.labels[index]


def rate(epoch: Callable[[], int], steps: int) -> float:
    """Images per second of whole epochs, after one batch's worth of them to warm up."""
    epoch()
    done, start = 0, perf_counter()
    while done < steps * BATCH:
        done += epoch()
    return done / (perf_counter() - start)


def stock_loop(name: str, steps: int, device: str, size: int = SIZE) -> float:
    """As torchvision's reference script trains, loader workers aside."""
    network = torchvision.models.get_model(name, num_classes=7).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loader = torch.utils.data.DataLoader(PilImages(*images(), size), batch_size=BATCH, shuffle=True)

    def epoch() -> int:
        for x, y in loader:
            loss = torch.nn.functional.cross_entropy(network(x.to(device)), y.to(device), label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()
        return 320

    return rate(epoch, steps)


def with_skorch(name: str, steps: int, device: str) -> float:
    import skorch

    net = skorch.NeuralNetClassifier(
        torchvision.models.get_model(name, num_classes=7), criterion=torch.nn.CrossEntropyLoss, device=device,
        optimizer=torch.optim.SGD, optimizer__momentum=0.9, lr=0.05, batch_size=BATCH, max_epochs=1, train_split=None,
        iterator_train__shuffle=True, verbose=0,
    )  # fmt: skip
    net.initialize()
    data = PilImages(*images())

    def epoch() -> int:
        net.partial_fit(data, None)
        return 320

    return rate(epoch, steps)


def one_tensor(
    name: str, steps: int, *, channels_last: bool, dtype: torch.dtype, products: bool = False, kept: bool = False
) -> float:
    """Our images and augmentation, in an eager loop on all threads."""
    from deep.device import keep_freed_memory
    from deep.few_pixels import use_matrix_products
    from deep.images import Augmentation, draw, on_device

    form = torch.channels_last if channels_last else torch.contiguous_format
    network = torchvision.models.get_model(name, num_classes=7).to(memory_format=form)
    if products:
        use_matrix_products(network)
    if kept:
        keep_freed_memory()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    X, y = images()
    pixels, labels = on_device(X, SIZE, torch.device("cpu")), torch.from_numpy(y)
    generator, augment = torch.Generator(), Augmentation()

    def epoch() -> int:
        for batch in torch.randperm(320).split(BATCH):
            x = augment(pixels[batch] / 64.0 - 2.0, draw(len(batch), generator)).contiguous(memory_format=form)
            with torch.autocast("cpu", dtype, enabled=dtype is not torch.float32):
                loss = torch.nn.functional.cross_entropy(network(x), labels[batch], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return 320

    return rate(epoch, steps)


def ours(name: str, steps: int, threads: int) -> float:
    """One of our trainings."""
    torch.set_num_threads(threads)
    X, y = images()
    model = METHODS.get(name).build(size=SIZE, steps=steps + 2, epochs=0.0, batch_size=BATCH, random_state=0)
    return float(model.fit(model.extract(X), y).fit_info_["images_per_second"])


def in_processes(count: int, measure: Callable[..., float], *given: Any, **named: Any) -> float:
    """What new processes measure at once, summed: nothing of another measurement is left in them."""
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        return sum(result.get() for result in [pool.apply_async(measure, given, named) for _ in range(count)])


@pytest.mark.parametrize("name", STEPS)
def test_training_speed(name: str, benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from deep.device import choose_dtype

    pytest.importorskip("skorch", reason="make bench installs it")
    device, steps = "cuda" if torch.cuda.is_available() else "cpu", STEPS[name]
    ways: dict[str, tuple[Any, ...]] = {"stock loop": (stock_loop, device), "skorch": (with_skorch, device)}
    if device == "cpu":
        best = choose_dtype("auto", torch.device("cpu"))
        tensor: dict[str, Any] = {"channels_last": False, "dtype": torch.float32}
        for what, change in {
            "one tensor, batch augmentation": {},
            "and channels last": {"channels_last": True},
            f"and {best}": {"dtype": best},
            "and matrix products": {"products": True},
            "and freed memory kept": {"kept": True},
        }.items():
            tensor |= change
            ways[what] = (partial(one_tensor, **tensor),)
        ways["ours, one process of all threads"] = (ours, CORES)
    found = {what: in_processes(1, way, name, steps, *given) for what, (way, *given) in ways.items()}
    count, one_each = (CORES, steps) if device == "cpu" else (1, 20 * steps)
    final = benchmark.pedantic(in_processes, args=(count, ours, name, one_each, 1), rounds=1)
    found["ours"] = final
    benchmark.extra_info |= {**found, "ratio": final / found["stock loop"]}
    with capsys.disabled():
        print(f"\n{name}, {SIZE} px, batch {BATCH}, {device}:")
        for what, speed in found.items():
            print(f"  {what:<34} {speed:7.0f} images/s  x {speed / found['stock loop']:.2f}")
