"""The method contract: a classifier over images that knows nothing of folds, files or other methods.

A method is a function that builds a scikit-learn style classifier, or the classifier's class. What it builds has

- `fit(X, y)`, or `fit(X, y, X_val=..., y_val=...)` if it can use the validation fold;
- `predict(X)`, and `predict_proba(X)` where it has one;
- optionally `extract(X)`, a pure function of each image alone: computed once a data set, `fit` and `predict` then
  get its result in place of the images;
- optionally, after `fit`, `fit_info_`: a small dict that is stored with the results (iterations, device, ...).

`X` is uint8, shape (n, height, width) grey or (n, height, width, 3) RGB; `y` holds integer class indices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from febench.registry import Component, Registry, origin_of, source_version

B = TypeVar("B", bound=Callable[..., Any])
Cost = Callable[[Mapping[str, Any], int], float]
Check = Callable[[Mapping[str, Any], str], str | None]


@dataclass(frozen=True)
class Method(Component):
    """A registered method.

    Attributes
    ----------
    version : str
        Raised whenever the method's results change; part of the key of every cell.
    sets : tuple of str
        Names under which it is asked for together with others; `extended` keeps it out of `all`.
    presets : mapping
        For a preset's name, the parameters it changes; a preset not named here changes nothing.
    cost : callable or None
        `cost(params, n_train)`: rough seconds of one cell on one core of a 2026 server, for plans made
        before anything was measured.
    check : callable or None
        `check(params, device)`: why the method cannot run with these parameters on `auto`, `cpu` or `cuda`, as a
        sentence, or None if it can.
    """

    version: str = ""
    sets: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cost: Cost | None = None
    check: Check | None = None

    kind: ClassVar[str] = "method"
    given_by_harness: ClassVar[frozenset[str]] = frozenset({"random_state", "device"})

    def make(self, params: Mapping[str, Any], *, random_state: int, device: str) -> Any:
        """Build the classifier with these parameters; seed and device go to builders that take them."""
        given = {"random_state": random_state, "device": device}
        return self.build(**params, **{key: value for key, value in given.items() if self.accepts(key)})


METHODS: Registry[Method] = Registry(Method, "febench.methods")


def method(
    name: str,
    *,
    cite: str = "",
    sets: Iterable[str] = (),
    version: str | None = None,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    needs: Iterable[str] = (),
    extra: str | None = None,
    cost: Cost | None = None,
    check: Check | None = None,
) -> Callable[[B], B]:
    """Register a function that builds a classifier, or its class, as a method.

    Parameters
    ----------
    name : str
        What the method is asked for by.
    cite : str
        The paper it follows.
    sets, version, presets, needs, extra, cost, check
        See `Method` and `Component`.

    Returns
    -------
    callable
        A decorator that registers its argument and returns it unchanged.

    Raises
    ------
    UsageError
        If the name is taken, or a parameter of the builder has no default.
    """

    def register(build: B) -> B:
        METHODS.add(
            Method(
                name=name,
                build=build,
                cite=cite,
                origin=origin_of(build),
                needs=tuple(needs),
                extra=extra,
                version=source_version(build, version),
                sets=tuple(sets),
                presets=dict(presets or {}),
                cost=cost,
                check=check,
            )
        )
        return build

    return register
