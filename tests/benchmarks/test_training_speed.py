"""Training images per second, ours against the loop of torch's tutorials: PIL transforms, DataLoader, eager float32.

Both train ResNet-18 on the same images, with the same threads, one after the other in one process.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
torchvision = pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from deep.resnet import resnet18  # noqa: E402

STEPS, BATCH, SIZE = 60, 32, 64


class PilImages(torch.utils.data.Dataset[Any]):
    def __init__(self, X: NDArray[np.uint8], y: NDArray[np.int64]) -> None:
        from PIL import Image
        from torchvision import transforms

        self.images = [Image.fromarray(image) for image in X]
        self.labels = y.tolist()
        self.transform = transforms.Compose(
            [
                transforms.Resize((SIZE, SIZE)),
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


def plain_images_per_second(X: NDArray[np.uint8], y: NDArray[np.int64], device: str) -> float:
    network = torchvision.models.resnet18(num_classes=7).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    rounds = STEPS * BATCH // len(X)
    start = perf_counter()
    for _ in range(rounds):
        for images, labels in torch.utils.data.DataLoader(PilImages(X, y), batch_size=BATCH, shuffle=True):
            loss = torch.nn.functional.cross_entropy(network(images.to(device)), labels.to(device), label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    loss.item()
    return rounds * len(X) / (perf_counter() - start)


def test_training_speed(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (320, 128, 128, 3), dtype=np.uint8), rng.integers(0, 7, 320)
    model = resnet18(size=SIZE, steps=STEPS, batch_size=BATCH, random_state=0)
    benchmark.pedantic(model.fit, args=(model.extract(X), y), rounds=1)
    ours, plain = model.fit_info_["images_per_second"], plain_images_per_second(X, y, model.fit_info_["device"])
    benchmark.extra_info |= {"ours": ours, "plain": plain, "ratio": ours / plain}
    with capsys.disabled():
        print(f"\nResNet-18, {SIZE} px, {model.fit_info_['device']} {model.fit_info_['dtype']}: {ours:.0f} images/s")
        print(f"plain float32 loop: {plain:.0f} images/s; ratio {ours / plain:.2f}")
