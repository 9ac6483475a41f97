"""The process that starts workers: it has imported what they need, and does nothing else.

A worker that is forked from it finds everything imported and nothing used: no thread was started here, no library
set up for work, no CUDA touched. Where that cannot be said, each worker is a Python of its own.

By the socket `control` come a task's number with the socket of its worker, which is started, or the negative number,
which is killed; the number goes back with the exit code when the worker and all that it started have ended. The end of
`control` is the end of whoever asked, and of all workers.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from febench.running.executors.worker import python, work

ASKED = struct.Struct("=q")
ENDED = struct.Struct("=qi")

GRACE = 1.0
"""Seconds that what a worker has started has to tidy up after it."""
PAUSE = 0.005
"""Seconds between looks at whether it has."""

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def serve(descriptor: int, imports: Iterable[str], fork: bool) -> NoReturn:
    """Start and end workers until nobody is there to ask for them."""
    os.set_inheritable(descriptor, False)
    for name in imports:
        with contextlib.suppress(BaseException):  # whoever needs it meets the error again, where it can be told
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    Server(socket.socket(fileno=descriptor), fork and _has_one_thread()).run()


def _has_one_thread() -> bool:
    """Whether this process can be forked: locks held by other threads would be held for ever."""
    threads = Path("/proc/self/task")
    return threads.exists() and len(list(threads.iterdir())) == 1


class Server:
    """Starts workers, each in a process group of its own, and kills the groups whole.

    Parameters
    ----------
    control : socket
        What comes by it and goes back stands at the top of this module.
    fork : bool
        Whether workers are forks of this process.
    """

    def __init__(self, control: socket.socket, fork: bool) -> None:
        self._control = control
        self._fork = fork
        self._pid = os.getpid()
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        self._running: dict[int, int] = {}
        """For a worker's process, the number of its task."""
        self._leaving: dict[int, tuple[int, int, float]] = {}
        """For a group whose worker has ended, the task, the exit code, and the moment at which grace ends."""

    def run(self) -> NoReturn:
        """Serve."""
        if self._libc:  # orphans come here, not to a process 1 that may not collect them
            self._libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        asked = True
        with selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(self._control, selectors.EVENT_READ)
            while asked or self._running or self._leaving:
                for key, _ in selector.select(PAUSE if self._leaving else None):
                    if key.fileobj is woken:
                        woken.recv(4096)
                    elif not self._answer():
                        asked = False
                        selector.unregister(self._control)
                        for pid in self._running:
                            _kill(pid)
                self._collect()
                self._let_go()
        children = Path(f"/proc/self/task/{self._pid}/children")
        with contextlib.suppress(OSError):  # those that left their group, and then theirs, as they become orphans
            while orphans := children.read_text().split():
                for pid in map(int, orphans):
                    _kill(pid)
                    os.waitpid(pid, 0)
        os._exit(0)

    def _answer(self) -> bool:
        """Do what was asked; whether anybody is there to ask."""
        try:
            message, descriptors, *_ = socket.recv_fds(self._control, ASKED.size, 1)
        except ConnectionError:
            return False
        if not message:
            return False
        (number,) = ASKED.unpack(message)
        for link in descriptors:
            self._start(number, link)
            os.close(link)
        for pid in [pid for pid, task in self._running.items() if task == -number]:
            _kill(pid)
        return True

    def _start(self, number: int, link: int) -> None:
        try:
            pid = os.fork()
        except OSError:  # no memory for it, or too many processes: the machine's fault, as when it kills one
            self._tell(number, -signal.SIGKILL)
            return
        if pid == 0:
            try:
                self._become_worker(link)
            finally:
                os._exit(1)
        with contextlib.suppress(OSError):  # both do it, lest one be too late
            os.setpgid(pid, pid)
        self._running[pid] = number

    def _become_worker(self, link: int) -> None:
        os.setpgid(0, 0)
        if self._libc:
            self._libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self._pid:
                os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if not self._fork:
            os.set_inheritable(link, True)
            call = f"from febench.running.executors.worker import work_by_descriptor as work; work({link})"
            os.execv(sys.executable, python(call))
        self._control.close()
        if "numpy.random" in sys.modules:  # each process has another state to begin with, as Python's own random has
            sys.modules["numpy.random"].seed()
        work(socket.socket(fileno=link))

    def _collect(self) -> None:
        """Ask those whose worker has ended to leave; collect the orphans that were left here."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._running:
                code = os.waitstatus_to_exitcode(status)
                self._leaving[pid] = self._running.pop(pid), code, time.monotonic() + GRACE
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGTERM)

    def _let_go(self) -> None:
        """Kill those whose grace has ended, and tell of those groups in which nobody is left."""
        for pid, (number, code, end) in list(self._leaving.items()):
            try:
                os.killpg(pid, signal.SIGKILL if time.monotonic() > end else 0)
            except OSError:
                del self._leaving[pid]
                self._tell(number, code)

    def _tell(self, number: int, code: int) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(ENDED.pack(number, code))


def _kill(pid: int) -> None:
    """Kill a worker, which leads its group; what it started follows when it is collected."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
