"""Methods of plugin files and notebooks, pickled by value with the names of their files."""

from __future__ import annotations

import io
from collections import ChainMap
from collections.abc import Callable
from types import CodeType
from typing import Any, ClassVar

import cloudpickle


def dumps(thing: object) -> bytes:
    """Pickle as `cloudpickle.dumps`; what `pickle.loads` makes of it knows the files its code came from.

    cloudpickle 3.1.3 and later leave them out, and an error in a plugin could not tell its place.
    """
    file = io.BytesIO()
    _Pickler(file).dump(thing)
    return file.getvalue()


def _code(code: CodeType) -> tuple[Callable[..., CodeType], tuple[Any, ...]]:
    make, parts, *_ = cloudpickle.Pickler.dispatch_table[CodeType](code)
    return _named, (make, parts, code.co_filename)


def _named(make: Callable[..., CodeType], parts: tuple[Any, ...], file: str) -> CodeType:
    return make(*parts).replace(co_filename=file)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    dispatch_table: ClassVar = ChainMap({CodeType: _code}, cloudpickle.Pickler.dispatch_table)
