"""A worker process: it receives one task, runs it, sends the result, and ends.

Only the contract of executors is imported here: a task loads what it needs before its time limit starts.
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

WORKER_STARTED = struct.Struct("=q")
"""Message of a worker when its imports are done: its process id. All bytes after it are the pickled result."""

_exit, _send = os._exit, socket.socket.sendall
"""Kept, because code that a task loads may replace them."""


def python(call: str) -> list[str]:
    """Return the command that runs the statement `call` in a new Python with the import path of this process.

    The standard library goes first, and the current folder is no part of the path unless it is one here: a `pickle.py`
    beside a script is not Python's.
    """
    home = os.path.dirname(os.__file__)  # noqa: PTH120
    standard = (home, os.path.join(home, "lib-dynload"), os.path.join(sys.base_prefix, "DLLs"))  # noqa: PTH118
    path = [os.path.abspath(folder) for folder in sys.path]  # noqa: PTH100
    path.sort(key=lambda folder: folder not in standard)
    return [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {path!r}; {call}"]


def work(link: socket.socket) -> NoReturn:
    """Run the task that `link` receives, send its result, and end this process."""
    code = 1
    try:
        with link.makefile("rb") as file:
            variables, packed = pickle.loads(file.read())
        os.environ.update(variables)
        result = _run(packed, link)
        try:
            message = pickle.dumps(result)
        except BaseException as error:
            message = pickle.dumps(Failure.of(error))
        _send(link, message)
        code = 0
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        _exit(code)  # no thread and no exit handler of a method delays it


def _run(packed: bytes, link: socket.socket) -> object:
    try:
        task = pickle.loads(packed)
        with contextlib.suppress(BaseException):
            task.load()
        _send(link, WORKER_STARTED.pack(os.getpid()))
        return task.run()
    except BaseException as error:
        return Failure.of(error)


def work_by_descriptor(descriptor: int) -> NoReturn:
    """Run the task of an inherited socket."""
    os.set_inheritable(descriptor, False)
    work(socket.socket(fileno=descriptor))


def work_by_share() -> NoReturn:
    """Run the task of a socket that Windows shares through stdin; end when stdin is closed: the parent has ended."""

    def die_with_parent() -> None:
        sys.stdin.buffer.read()
        _exit(1)

    link = socket.fromshare(pickle.load(sys.stdin.buffer))  # type: ignore[attr-defined,unused-ignore]
    threading.Thread(target=die_with_parent, daemon=True).start()
    work(link)
