"""Protocols: rules that deal images into groups, run by run, and give each group a role in each fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, get_args

from febench.core.errors import UsageError
from febench.core.registry import Registry, Versioned, origin_of, plugin_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from febench.core.dataset import Dataset

    Groups = list[NDArray[np.int64]]

B = TypeVar("B", bound=Callable[..., Any])
Together = Literal["subjects", "sequences"]


@dataclass(frozen=True)
class Roles:
    """The roles of a run's groups in one fold, by group numbers from 0."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Fold:
    """The images of one fold, as indices into the data set: three disjoint int64 arrays."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Deal:
    """The result of a protocol: the groups of every run, and the roles of every fold.

    Attributes
    ----------
    runs : list of lists of int64 arrays
        For each run, its groups: disjoint index arrays that together hold every image.
    folds : tuple of Roles
        The folds, the same in every run.
    """

    runs: list[Groups]
    folds: tuple[Roles, ...]


@dataclass(frozen=True)
class Protocol(Versioned):
    """A registered protocol: `build(dataset, seed=..., **params)` returns a `Deal`.

    Attributes
    ----------
    together : str or None
        Whose images it keeps together: `subjects` or `sequences`, as a data set tells them; None of one that deals
        image by image. Methods get it as `groups` of their training images.
    """

    together: Together | None = None

    kind: ClassVar[str] = "protocol"
    given_by_harness: ClassVar[frozenset[str]] = frozenset({"dataset", "seed"})

    def deal(self, dataset: Dataset, params: dict[str, Any], seed: int) -> Deal:
        """Deal a data set's images into groups, for all runs; a run's groups depend on `seed` and its number alone."""
        dealt: Deal = self.build(dataset, seed=seed, **params)
        return dealt


PROTOCOLS: Registry[Protocol] = Registry(Protocol, "febench.protocols")


def protocol(
    name: str, *, cite: str = "", version: str | None = None, together: Together | None = None
) -> Callable[[B], B]:
    """Register a function `(dataset, *, seed, **params) -> Deal` as a protocol.

    Every run's groups must depend on the seed and the run's number alone, so that more runs extend a deal.

    Parameters
    ----------
    name : str
        What the protocol is asked for by.
    cite : str
        The paper it follows.
    version : str or None
        Raised whenever it deals otherwise; by default, and always in a plugin file, a hash of its code and of what
        that reaches (see `febench.core.registry.Versioned`).
    together : str or None
        Whose images it keeps together: `subjects`, `sequences` or nobody's; see `Protocol`.

    Returns
    -------
    callable
        A decorator that registers its argument and returns it unchanged.

    Raises
    ------
    UsageError
        If the name is taken, a parameter has no default, or `together` is nothing that a data set tells.
    """
    if together not in (None, *get_args(Together)):
        raise UsageError(f"protocol {name!r} keeps together {together!r}; choose {' or '.join(get_args(Together))}")

    def register(build: B) -> B:
        PROTOCOLS.add(
            Protocol(
                name, build, cite, origin_of(build), version=version or "", folder=plugin_folder(), together=together
            )
        )
        return build

    return register


def rotating(groups: int) -> tuple[Roles, ...]:
    """Roles of as many folds as groups: fold g tests on group g, validates on g+1 (cyclic) and trains on all others."""
    return tuple(
        Roles(
            train=tuple(k for k in range(groups) if k not in (g, (g + 1) % groups)),
            validation=((g + 1) % groups,),
            test=(g,),
        )
        for g in range(groups)
    )
