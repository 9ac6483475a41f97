"""Check of what a network has seen before it was trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from febench.audit.audited import TEST, Audited
from febench.audit.checks import Found, check, found
from febench.audit.likeness import chunks
from febench.core.provenance import image_hashes


@check(
    "FEB013",
    severity="error",
    title="The network was pretrained on images that are tested",
    detected="Hashes of the images, named in the header of the weights file, against those of the test images; "
    "without a protocol, against all images of the set.",
    why="A network that has seen the test images, labels or not, is not tested on anything new.",
    action="Use weights that were trained without these images, or leave these images out of the test.",
)
def pretrained_on_test_images(audited: Audited) -> Found | None:
    """Images."""
    if not audited.pretrained:
        return None
    tested = tested_images(audited)
    seen = [i for i, digest in _hashes(audited) if tested[i] and digest in audited.pretrained]
    return found(len(seen), (audited.dataset.ids[i] for i in seen))


def tested_images(audited: Audited) -> NDArray[np.bool_]:
    """Which images any fold tests; all without a protocol."""
    if audited.manifest is None:
        return np.ones(len(audited.dataset), bool)
    tested = np.zeros(len(audited.dataset), bool)
    for split in audited.splits():
        tested |= (split.parts & TEST) > 0
    return tested


def _hashes(audited: Audited) -> Iterator[tuple[int, str]]:
    for start, chunk in chunks(audited.dataset.images):
        yield from enumerate(image_hashes(chunk), start=start)
