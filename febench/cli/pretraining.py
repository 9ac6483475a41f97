"""`febench pretrain`: one training, kept as a file of weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

from febench.core.errors import printable
from febench.run.pretraining import Pretrained, pretrain
from febench.run.runner import Request


def pretrain_one(request: Request, path: Path) -> None:
    """Train, and say what came of it and how to use it."""
    print("\n".join(map(printable, _lines(pretrain(request, path)))))


def _lines(done: Pretrained) -> list[str]:
    digest = hashlib.sha256(done.path.read_bytes()).hexdigest()
    lines = [f"{done.path}: trained on {done.n_images:,} images, SHA-256 {digest}"]
    lines += [f"accuracy on the {part} part: {100 * share:.2f} %" for part, share in done.accuracy.items()]
    if done.stored:
        lines.append(f"its test predictions are stored in {done.stored}, as the cell of protocol official")
    lines.append(f"to start from it: --set METHOD.weights={done.path}")
    return lines
