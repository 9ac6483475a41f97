"""Registries of methods, data sets and protocols: from entry points, plugin files and notebooks."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import cloudpickle

from febench.core.code_version import PLUGIN_MARK, code_version
from febench.core.errors import UsageError
from febench.core.selectors import coerce, format_selector, parse_selector

_plugin_file: ContextVar[Path | None] = ContextVar("plugin_file", default=None)


@dataclass(frozen=True)
class Component:
    """A named, parametrised thing a user can ask for: the base of methods, data sets and protocols.

    Attributes
    ----------
    name : str
        What it is asked for by.
    build : callable
        The function or class behind it; its keyword parameters and their defaults are the component's.
    cite : str
        The source it follows.
    origin : str
        Module or file that registered it.
    needs : tuple of str
        Importable packages and modules without which it cannot run; loaded before a cell's clock starts.
    extra : str or None
        The extra of febench that brings those packages.
    """

    name: str
    build: Callable[..., Any]
    cite: str = ""
    origin: str = ""
    needs: tuple[str, ...] = ()
    extra: str | None = None

    kind: ClassVar[str] = "component"
    given_by_harness: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        _ = self.params  # a builder that cannot be called without arguments is refused here

    @cached_property
    def params(self) -> dict[str, Any]:
        """Parameters a user may set, with their defaults."""
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        found = {
            name: parameter.default
            for name, parameter in inspect.signature(self.build).parameters.items()
            if parameter.kind not in variadic and name not in self.given_by_harness
        }
        for name, default in found.items():
            if default is inspect.Parameter.empty:
                raise UsageError(f"parameter {name!r} of {self.kind} {self.name!r} has no default: give it one")
        return found

    @property
    def about(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.build) or "").partition("\n")[0]

    @property
    def missing(self) -> str | None:
        """A sentence on what must be installed before this can run, or None."""
        absent = [package for package in self.needs if not _can_import(package)]
        if not absent:
            return None
        command = f"pip install 'febench[{self.extra}]'" if self.extra else f"pip install {' '.join(absent)}"
        return f"needs {', '.join(absent)}: {command}"

    def resolve(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Complete and check parameters: the given ones over the defaults.

        Raises
        ------
        UsageError
            If a parameter is unknown or of the wrong type.
        """
        for key in given:
            if key not in self.params:
                raise UsageError(f"{self.kind} {self.name!r} has no parameter {key!r}{_nearest(key, self.params)}")
        kinds = self._kinds
        read = {
            key: coerce(value, self.params[key], f"{self.name}.{key}", kinds.get(key)) for key, value in given.items()
        }
        return {**self.params, **read}

    @cached_property
    def _kinds(self) -> dict[str, type]:
        """The type of each parameter that is annotated as a number or None: its default may not tell it."""
        numbers = {f"{kind.__name__} | None": kind for kind in (bool, int, float)}
        parameters = inspect.signature(self.build).parameters
        annotations = {name: parameter.annotation for name, parameter in parameters.items()}
        return {
            name: numbers[str(annotation)] for name, annotation in annotations.items() if str(annotation) in numbers
        }

    def label(self, params: Mapping[str, Any]) -> str:
        """The selector of this component with those of `params` that differ from the defaults."""
        return format_selector(self.name, {k: v for k, v in params.items() if v != self.params.get(k, v)})

    def accepts(self, keyword: str) -> bool:
        """Whether `build` takes this keyword."""
        return keyword in inspect.signature(self.build).parameters

    def at_present(self) -> Self:
        """Return the component, with its version as it is now where it has one."""
        return self


@dataclass(frozen=True)
class Versioned(Component):
    """A component that results depend on, and that has a version.

    Attributes
    ----------
    version : str
        Part of the key of every cell, or of the folds. In a plugin file, and where none is declared, it is a hash of
        the definition and of all that it reaches (`febench.core.code_version`), taken by `at_present`; elsewhere it is
        what its author declares, and raises whenever results change.
    folder : Path or None
        The folder of the plugin file that defines it.
    files : tuple of str
        Files that it depends on, relative to the folder of the file that defines it: their content is a part of the
        hash.
    """

    version: str = ""
    folder: Path | None = None
    files: tuple[str, ...] = ()

    def at_present(self) -> Self:
        """Return the component with its version as it is now.

        Raises
        ------
        UsageError
            If one of its files cannot be read.
        """
        if self.version and self.folder is None:
            return self
        return replace(self, version=code_version(self.build, self.folder, self.version, self.files))


C = TypeVar("C", bound=Component)


class Registry(Generic[C]):
    """All components of one kind. Entry points are read at the first question and loaded when asked for.

    Parameters
    ----------
    cls : type
        The kind of component kept here.
    group : str
        Entry-point group through which installed packages, febench's own included, offer components.
    """

    def __init__(self, cls: type[C], group: str) -> None:
        self._cls = cls
        self._group = group
        self._registered: dict[str, C] = {}

    @cached_property
    def _offered(self) -> dict[str, EntryPoint]:
        offered: dict[str, EntryPoint] = {}
        for point in entry_points(group=self._group):
            known = offered.setdefault(point.name, point)
            if known.value != point.value:
                raise UsageError(_taken(self._cls.kind, point.name, known.value, point.value))
        return offered

    @property
    def names(self) -> list[str]:
        """Every name that can be asked for, in the order of registration."""
        return list(dict.fromkeys([*self._offered, *self._registered]))

    def add(self, component: C) -> None:
        """Register a component; the same source may register again (a notebook cell run twice).

        Raises
        ------
        UsageError
            If the name belongs to another source.
        """
        known = self._registered.get(component.name)
        owner = known.origin if known else None
        if owner is None and component.name in self._offered:
            owner = self._offered[component.name].module
        if owner is not None and owner != component.origin:
            raise UsageError(_taken(self._cls.kind, component.name, owner, component.origin))
        self._registered[component.name] = component

    def get(self, name: str) -> C:
        """Return the component of that name, at its present version.

        Raises
        ------
        UsageError
            If there is none (the error names the nearest), its package cannot be loaded, or a file that it declares
            cannot be read.
        """
        point = self._offered.get(name)
        if name not in self._registered and point is not None:
            try:
                with contextlib.redirect_stdout(sys.stderr):  # what it prints is no result
                    point.load()
            except UsageError:
                raise
            except (Exception, SystemExit) as error:
                raise UsageError(
                    f"the {self._cls.kind} {name!r} could not be loaded from {point.value}: "
                    f"{type(error).__name__}: {error}"
                ) from error
            if name not in self._registered:
                raise UsageError(f"{point.value} is offered as {self._cls.kind} {name!r} but does not register it")
        if name not in self._registered:
            raise UsageError(
                f"there is no {self._cls.kind} {name!r}{_nearest(name, self.names)} "
                f"(all of them: febench {self._cls.kind.replace(' ', '')}s)"
            )
        return self._registered[name].at_present()

    def find(self, text: str) -> tuple[C, dict[str, Any]]:
        """The component that a selector names, and the parameters it gives, unchecked.

        `name:value` gives the component's first parameter.

        Raises
        ------
        UsageError
            If the text is no selector, or as of `get`.
        """
        name, given = parse_selector(text)
        family, colon, value = name.partition(":")
        if not colon or name in self.names:
            return self.get(name), given
        component = self.get(family)
        return component, {next(iter(component.params), value): value, **given}

    def select(self, text: str) -> tuple[C, dict[str, Any]]:
        """The component that a selector names, and all its parameters, checked; raises as `find` and `resolve` do."""
        component, given = self.find(text)
        return component, component.resolve(given)


def origin_of(build: Callable[..., Any]) -> str:
    """Return the origin of a component: the plugin file that is being loaded, or its builder's module."""
    plugin = _plugin_file.get()
    return str(plugin) if plugin else build.__module__


def plugin_folder() -> Path | None:
    """Return the folder of the plugin file that is being loaded; None while none is."""
    plugin = _plugin_file.get()
    return None if plugin is None else plugin.parent


def load_plugin(path: str | Path) -> None:
    """Run a Python file that registers methods, data sets or protocols; modules beside it can be imported from now on.

    Raises
    ------
    UsageError
        If the file is missing or raises; the sentence names the file and the line.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise UsageError(f"there is no plugin file {path}")
    name = f"febench_plugin_{file.stem}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"the plugin file {path} is not a Python file (its name must end in .py)")
    module = importlib.util.module_from_spec(spec)
    setattr(module, PLUGIN_MARK, True)
    sys.modules[name] = module
    cloudpickle.register_pickle_by_value(module)
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    token = _plugin_file.set(file)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            if isinstance(spec.loader, importlib.machinery.SourceFileLoader):
                # not by exec_module: its cache takes a file edited within a second to the same length for the old one
                exec(spec.loader.source_to_code(file.read_bytes(), str(file)), vars(module))
            else:
                spec.loader.exec_module(module)
    except UsageError as error:
        raise UsageError(f"the plugin file {path} cannot be used: {error}") from error
    except SyntaxError as error:
        raise UsageError(f"the plugin file {path} has a syntax error in line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"the plugin file {path} cannot be used: {type(error).__name__}: {error}") from error
    finally:
        _plugin_file.reset(token)


def _can_import(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that the module would be in
        return False


def _nearest(name: str, names: Any) -> str:
    """Return a question that names the nearest names, whatever their case; `+` counts as plus, as in CK+."""
    near = difflib.get_close_matches(name.lower().replace("+", "plus"), list(names), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _taken(kind: str, name: str, owner: str, other: str) -> str:
    return f"the {kind} name {name!r} is taken by {owner}; {other} must choose another"
