"""Features as the harness takes them: with an id, computed once a data set, several settings side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from baselines import Features, Images


@dataclass(frozen=True)
class Block:
    """The features of one setting; `settings` are the parameters that tell it from other blocks."""

    settings: Mapping[str, Any]
    feature: Callable[[Images], Features]

    @property
    def function(self) -> Callable[..., Features]:
        """The function that computes the features, without the arguments bound to it."""
        return self.feature.func if isinstance(self.feature, partial) else self.feature

    @property
    def id(self) -> list[Any]:
        """The name of the function, and the arguments bound to it."""
        bound = self.feature if isinstance(self.feature, partial) else partial(self.feature)
        return [self.function.__module__, self.function.__qualname__, list(bound.args), bound.keywords]

    @property
    def label(self) -> str:
        """The settings, as text."""
        return ", ".join(f"{name} {value}" for name, value in self.settings.items()) or "the features"


@dataclass(frozen=True)
class Blocks:
    """Features of several settings, side by side in the array that `extract` returns.

    `left_out` has a sentence for each combination of settings that is impossible.
    """

    blocks: tuple[Block, ...]
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        feature: Callable[..., Features],
        check: Callable[..., None],
        *,
        varied: Mapping[str, Sequence[Any]],
        **fixed: Any,
    ) -> Blocks:
        """Return a block for each combination of the varied arguments that `check` allows.

        Parameters
        ----------
        feature : callable
            Returns the features of images, with keyword arguments.
        check : callable
            Raises `ValueError` for arguments that are not possible together.
        varied : mapping
            The values of each varied argument, by its name.
        **fixed
            All other arguments.

        Raises
        ------
        ValueError
            If no combination is possible: the error of the first.
        """
        blocks: list[Block] = []
        errors: list[tuple[Block, ValueError]] = []
        for values in product(*varied.values()):
            settings = dict(zip(varied, values, strict=True))
            block = Block(settings, partial(feature, **settings, **fixed))
            try:
                check(**settings, **fixed)
                blocks.append(block)
            except ValueError as error:
                errors.append((block, error))
        if not blocks:
            raise errors[0][1]
        return cls(tuple(blocks), tuple(f"{block.label}: {error}" for block, error in errors))

    @classmethod
    def single(cls, feature: Callable[..., Features], **fixed: Any) -> Blocks:
        """Return the single block of a method whose features have no open setting."""
        return cls((Block({}, partial(feature, **fixed)),))

    @property
    def id(self) -> dict[str, Any]:
        """The `features_id` of a method, which says what the features depend on; see `febench.core.method`.

        It names the code of the features of this package. For other features the harness adds the method's version.
        """
        own = all(block.function.__module__.startswith("baselines.features.") for block in self.blocks)
        features = [block.id for block in self.blocks]
        return {"features": features, "code": _features_version()} if own else {"features": features}

    def extract(self, X: Images) -> Features:
        """Return all features of images, shape (n, d)."""
        if len(self.blocks) == 1:
            return self.blocks[0].feature(X)
        return np.concatenate([block.feature(X) for block in self.blocks], axis=1)

    def columns(self, width: int) -> list[tuple[int, int]]:
        """Return the first column of each block and the column after its last, in features of this width."""
        if len(self.blocks) == 1:
            return [(0, width)]
        blank = np.zeros((1, 128, 128), dtype=np.uint8)  # of any size: features resize images themselves
        ends = np.cumsum([block.feature(blank).shape[1] for block in self.blocks]).tolist()
        return list(pairwise([0, *ends]))


@cache
def _features_version() -> str:
    """Return a hash of the source of all features of this package."""
    sources = sorted((Path(__file__).parent / "features").glob("*.py"))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()
