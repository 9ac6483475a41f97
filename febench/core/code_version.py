"""The version of code: a hash of a function or class and of all that it reaches.

What is reached from a definition in a plugin file, a script or a notebook:

- its own code, and the module-level functions, classes and values that it uses, and those that these use, as they are
  in memory now: so a notebook's global that was changed counts. Comments, line numbers, docstrings of classes and
  whatever else stands in the same file do not;
- modules beside it (in the folder of the plugin or script, or in the current folder of a notebook) that it imports, at
  its top, inside a function or by `importlib.import_module` with a constant name, and those that these import: their
  code as it lies on the disk, for workers import it from there;
- files that are declared, by their content.

Of a module that workers import by its name, such as one of an installed package, the whole module counts, with the
modules of its package that it imports. Of other installed packages only the names count, as their versions are noted
with the results and are not part of a cell's key. Not seen are modules imported by a computed name, files that are read
and not declared, and the state inside objects that cannot be pickled: declare them, or raise `version=`. The hash holds
no path outside the folder, so it is the same on every machine with the same minor version of Python.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from febench.core.errors import UsageError

PLUGIN_MARK = "__febench_plugin__"
"""An attribute that modules of plugin files have."""
_DESCRIBES_ITSELF = frozenset(
    {"__module__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__firstlineno__", "__static_attributes__",
     "__abstractmethods__", "_abc_impl", "__annotate__", "__annotate_func__", "__annotations_cache__", "__slotnames__"}
)  # fmt: skip
"""Attributes of a class that change nothing that it does, or that Python derives from others."""
_LINE_NUMBERS = ("__firstlineno__", "__static_attributes__")
"""Names to which the body of a class stores, from Python 3.13 on, where it stands."""
_IMPORTERS = frozenset({"import_module", "__import__", "run_path", "spec_from_file_location"})


def code_version(build: Callable[..., Any], folder: Path | None, declared: str | None, files: Iterable[str]) -> str:
    """Return the SHA-256 of a definition and of all that it reaches; see the top of this module.

    Parameters
    ----------
    build : callable
        A function or class.
    folder : Path or None
        The folder of the plugin file that defines it; None if no plugin file does.
    declared : str or None
        A version that its author declares: it is hashed with the rest.
    files : iterable of str
        Files that it depends on, relative to the folder of the file that defines it.

    Raises
    ------
    UsageError
        If a file cannot be read, or the values that are reached are nested too deep.
    """
    home = folder or _folder_of(build)
    digest = hashlib.sha256(repr(declared).encode())
    for name in sorted(set(files)):
        try:
            content = (home / name).read_bytes()
        except OSError as error:
            text = f"cannot read {name}, which {build.__qualname__} declares as one of its files: {error.strerror}"
            raise UsageError(f"{text} (looked for in {home})") from error
        digest.update(repr((name, hashlib.sha256(content).hexdigest())).encode())
    try:
        digest.update(_Reach(folder or _import_folder_of(build), build.__module__.partition(".")[0]).digest(build))
    except RecursionError as error:
        raise UsageError(
            f"{build.__qualname__} uses values that are nested too deep to be hashed: declare a version for it"
        ) from error
    return digest.hexdigest()


def _folder_of(build: Callable[..., Any]) -> Path:
    """Return the folder of the module that defines something; the current one of a notebook."""
    file = getattr(sys.modules.get(build.__module__), "__file__", None)
    return Path.cwd() if file is None else Path(file).resolve().parent


def _import_folder_of(build: Callable[..., Any]) -> Path:
    """Return the folder from which the module that defines something is imported."""
    file = getattr(sys.modules.get(build.__module__), "__file__", None)
    if file is None:
        return Path.cwd()
    return Path(file).resolve().parents[build.__module__.count(".") + (Path(file).stem == "__init__")]


class _Reach:
    """Digests of objects, with those that they reach.

    Parameters
    ----------
    root : Path
        The folder whose modules are followed.
    own : str
        The top-level module of the definition: it is followed even if it is installed.
    """

    def __init__(self, root: Path, own: str) -> None:
        self._root = root.resolve()
        self._own = own
        self._package: tuple[str, ...] = ()  # what relative imports are of
        self._known: dict[int, bytes] = {}
        self._kept: list[Any] = []  # an id is of one object only as long as the object lives
        self._open: list[int] = []
        self._files: dict[Path, bytes] = {}

    def digest(self, value: Any) -> bytes:
        """Return the digest of an object."""
        if (known := self._known.get(id(value))) is not None:
            return known
        if id(value) in self._open:
            return self._of("cycle", self._open.index(id(value)))
        self._open.append(id(value))
        try:
            result = self._of(*self._parts(value))
        finally:
            self._open.pop()
        self._kept.append(value)
        self._known[id(value)] = result
        return result

    def _of(self, kind: str, *parts: Any) -> bytes:
        """Return the digest of some parts: digests, texts and numbers."""
        digest = hashlib.sha256(kind.encode())
        for part in parts:
            text = part if isinstance(part, bytes) else repr(part).encode(errors="surrogatepass")
            digest.update(f":{type(part).__name__}:{len(text)}:".encode())
            digest.update(text)
        return digest.digest()

    def _mapping(self, values: Mapping[Any, Any]) -> bytes:
        """Return the digest of a mapping, in whatever order it is."""
        pairs = sorted((self.digest(name), self.digest(value)) for name, value in values.items())
        return self._of("mapping", *(part for pair in pairs for part in pair))

    def _parts(self, value: Any) -> tuple[Any, ...]:
        """Return the kind of an object and the parts that its digest is made of."""
        match value:
            case None | bool() | int() | float() | complex() | str() | bytes() if type(value).__module__ == "builtins":
                return type(value).__name__, value
            case types.CodeType():
                return "code", *self._code(value)
            case types.ModuleType():
                return "module", self._module(value.__name__)
            case types.FunctionType() | type() if not _is_in_memory(value.__module__ or "builtins"):
                return "name", value.__qualname__, self._module(value.__module__)
            case types.FunctionType():
                return "function", *self._function(value)
            case type():
                return "class", *self._class(value)
            case list() | tuple() if type(value).__module__ == "builtins":
                return type(value).__name__, *map(self.digest, value)
            case set() | frozenset() if type(value).__module__ == "builtins":
                return type(value).__name__, *sorted(map(self.digest, value))
            case types.MappingProxyType():
                return "proxy", self._mapping(value)
            case dict() if type(value) is dict:
                return "dict", self._mapping(value)
            case property():
                return "property", *map(self.digest, (value.fget, value.fset, value.fdel))
            case staticmethod() | classmethod():
                return type(value).__name__, self.digest(value.__func__)
            case functools.cached_property():
                return "cached_property", self.digest(value.func)
            case Path():
                return "path", str(value)
            case _:
                return self._instance(value)

    def _instance(self, value: Any) -> tuple[Any, ...]:
        """Return the parts of any other object: its class, and its state as it would be pickled."""
        made_of = self.digest(type(value))
        if wrapped := getattr(value, "__wrapped__", None):  # of functools.lru_cache
            return "wrapper", made_of, self.digest(wrapped)
        if hasattr(value, "tobytes") and not getattr(getattr(value, "dtype", None), "hasobject", True):
            return "array", str(value.dtype), tuple(value.shape), value.tobytes()
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:  # a lock, a file, a C object without a pickled form
            return "opaque", made_of
        if isinstance(reduced, str):
            return "named", made_of, reduced
        build, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        return (
            "instance", made_of, self.digest(build), self.digest(tuple(arguments)), self.digest(state),
            *map(self.digest, items or ()), *(self.digest(tuple(pair)) for pair in pairs or ()),
        )  # fmt: skip

    def _function(self, function: types.FunctionType) -> Iterator[Any]:
        """Yield the parts of a function."""
        yield function.__qualname__
        yield self.digest(function.__code__)
        yield self.digest(function.__defaults__)
        yield self.digest(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                yield self.digest(cell.cell_contents)
            except ValueError:  # not set yet
                yield "empty"
        yield self._mapping(vars(function))
        used, known = sorted(set(_globals_of(function.__code__))), function.__globals__
        for name in used:
            yield name
            yield self.digest(known[name]) if name in known else "not in the module"

    def _class(self, cls: type) -> Iterator[Any]:
        """Yield the parts of a class."""
        yield cls.__qualname__
        yield self.digest(type(cls))
        for base in cls.__bases__:
            yield self.digest(base)
        members = {name: value for name, value in vars(cls).items() if name not in _DESCRIBES_ITSELF}
        slots = (types.MemberDescriptorType, types.GetSetDescriptorType)
        yield self._mapping({name: value for name, value in members.items() if not isinstance(value, slots)})

    def _code(self, code: types.CodeType) -> Iterator[Any]:
        """Yield the parts of code: its instructions, without the lines and the file where they stand."""
        yield code.co_name
        yield from (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        yield from (code.co_varnames, code.co_freevars, code.co_cellvars, getattr(code, "co_exceptiontable", b""))
        yield from (part for pair in self._instructions(code) for part in pair)
        yield from self._imports(code)

    def _instructions(self, code: types.CodeType) -> list[tuple[str, Any]]:
        """Return each instruction's name, and its argument or the digest of it."""
        result: list[tuple[str, Any]] = []
        for one in dis.get_instructions(code):
            if one.opname == "STORE_NAME" and one.argval in _LINE_NUMBERS:
                result.pop()
            elif "CONST" in one.opname:
                result.append((one.opname, self.digest(one.argval)))
            else:
                plain = isinstance(one.argval, int | str | tuple | None)
                result.append((one.opname, one.argval if plain else one.arg))
        return result

    def _imports(self, code: types.CodeType) -> Iterator[bytes]:
        """Yield the digests of the modules that some code imports."""
        before: list[Any] = []
        for one in dis.get_instructions(code):
            if one.opname == "IMPORT_NAME":
                level = next((value for value in before[-2:] if isinstance(value, int)), 0)
                taken = next((value for value in before[-2:] if isinstance(value, tuple)), ())
                above = self._package[: len(self._package) - level + 1] if level else ()
                name = ".".join([*above, *([one.argval] if one.argval else [])])
                yield self._module(name)
                yield from (self._module(f"{name}.{inside}") for inside in taken if self._find(f"{name}.{inside}"))
            elif "CONST" in one.opname or one.opname == "LOAD_SMALL_INT":
                before.append(one.argval)
        if _IMPORTERS.intersection(code.co_names):
            texts = [value for value in code.co_consts if isinstance(value, str)]
            yield from (
                self._module(text.removesuffix(".py")) for text in texts if self._find(text.removesuffix(".py"))
            )

    def _module(self, name: str) -> bytes:
        """Return the digest of a module: of one beside its code and that of those it imports, of others the name."""
        if _is_in_memory(name):
            return self._of("in memory")
        whole = name.split(".")  # importing a module imports the packages that it is in
        paths = (self._find(".".join(whole[:end])) for end in range(1, len(whole) + 1))
        return self._of("module", name, *(self._file(path) for path in paths if path is not None))

    def _file(self, path: Path) -> bytes:
        """Return the digest of a module's file, and of what it imports beside it."""
        if path in self._files:
            return self._files[path]
        own = path.relative_to(self._root)
        self._files[path] = self._of("file", own.as_posix())  # for modules that import each other
        before, self._package = self._package, own.parts[:-1]
        try:
            code = compile(path.read_bytes(), own.as_posix(), "exec", dont_inherit=True, optimize=0)
            self._files[path] = self._of("file", own.as_posix(), self.digest(code))
        except (OSError, SyntaxError, ValueError) as error:  # a worker cannot import it either
            self._files[path] = self._of("unreadable", own.as_posix(), type(error).__name__)
        finally:
            self._package = before
        return self._files[path]

    def _find(self, name: str) -> Path | None:
        """Return the file of a module in the folder; None of modules that lie elsewhere."""
        parts = name.split(".")
        if not all(part.isidentifier() for part in parts) or parts[0] in {"febench", *sys.stdlib_module_names}:
            return None
        inside = self._root.joinpath(*parts)
        path = next((p for p in (inside / "__init__.py", inside.with_suffix(".py")) if p.is_file()), None)
        return None if path is None or (parts[0] != self._own and _is_installed(path)) else path


def _is_in_memory(name: str) -> bool:
    """Return whether what a module defines goes to workers by its code, and not by its name."""
    return name == "__main__" or hasattr(sys.modules.get(name), PLUGIN_MARK)


def _is_installed(path: Path) -> bool:
    """Return whether a file belongs to Python or to an installed package."""
    return any(Path(sysconfig.get_path(name)).resolve() in path.parents for name in ("purelib", "platlib", "stdlib"))


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield some code and all code inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def _globals_of(code: types.CodeType) -> Iterator[str]:
    """Yield the names that some code, and code inside it, looks up in its module."""
    for inside in _nested(code):
        for one in dis.get_instructions(inside):
            if one.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                yield one.argval
