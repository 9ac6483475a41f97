"""The life of a worker process: it takes one task, does it, sends what came of it, and ends.

Nothing of febench but the contract is imported here: what a task needs is loaded by it, before its clock starts.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import struct
import sys
import threading
from typing import NoReturn

from febench.running.executors.base import Failure

BEGUN = struct.Struct("=q")
"""What a worker says when its imports are done: its process id. All that follows is its result."""

_exit, _send = os._exit, socket.socket.sendall
"""As they are before code of others is loaded."""


def python(call: str) -> list[str]:
    """The command that starts Python on `call`, with what this process can import.

    The standard library goes first, and the current folder is no part of the path unless it is one here: a `pickle.py`
    beside a script is not Python's.
    """
    home = os.path.dirname(os.__file__)  # noqa: PTH120
    standard = (home, os.path.join(home, "lib-dynload"), os.path.join(sys.base_prefix, "DLLs"))  # noqa: PTH118
    path = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100
    path.sort(key=lambda place: place not in standard)
    return [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {path!r}; {call}"]


def work(link: socket.socket) -> NoReturn:
    """Do the task that comes in by `link`, and end this process."""
    code = 1
    try:
        with link.makefile("rb") as file:
            variables, packed = pickle.loads(file.read())
        os.environ.update(variables)
        result = _do(packed, link)
        try:
            told = pickle.dumps(result)
        except BaseException as error:
            told = pickle.dumps(Failure.of(error))
        _send(link, told)
        code = 0
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        _exit(code)  # no thread and no handler that a method left behind has a say in it


def _do(packed: bytes, link: socket.socket) -> object:
    try:
        task = pickle.loads(packed)
        with contextlib.suppress(BaseException):
            task.load()
        _send(link, BEGUN.pack(os.getpid()))
        return task.run()
    except BaseException as error:
        return Failure.of(error)


def work_by_descriptor(descriptor: int) -> NoReturn:
    """Work, with a socket that was inherited."""
    os.set_inheritable(descriptor, False)
    work(socket.socket(fileno=descriptor))


def work_by_share() -> NoReturn:
    """Work, with a socket that Windows shares on stdin, whose end is the parent's and our own."""

    def die_with_parent() -> None:
        sys.stdin.buffer.read()
        _exit(1)

    link = socket.fromshare(pickle.load(sys.stdin.buffer))  # type: ignore[attr-defined,unused-ignore]
    threading.Thread(target=die_with_parent, daemon=True).start()
    work(link)
