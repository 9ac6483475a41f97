"""The process that starts workers: it imports what they need, and computes nothing.

A forked worker finds its modules imported and unused: this process starts no thread, sets no library up and does not
touch CUDA. Where that does not hold, each worker is a Python of its own.

The socket `control` receives `START_OR_KILL` messages: a worker's number together with a socket starts that worker, the
negative number kills it. When a worker and all that it started have ended, a `WORKER_ENDED` message with its number and
exit code is sent back. When `control` is closed, the parent has ended: all workers are killed, and this process ends.
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

START_OR_KILL = struct.Struct("=q")
WORKER_ENDED = struct.Struct("=qi")

TERMINATION_GRACE_S = 1.0
"""Seconds that the processes which a worker has started get to end after it, before they are killed."""
POLL_INTERVAL_S = 0.005
"""Seconds between two looks at whether they have ended."""

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def serve(descriptor: int, imports: Iterable[str], fork: bool) -> NoReturn:
    """Start and kill workers until the parent ends."""
    os.set_inheritable(descriptor, False)
    for name in imports:
        with contextlib.suppress(BaseException):  # the task that needs it raises the error again, and reports it
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    Server(socket.socket(fileno=descriptor), fork and _has_one_thread()).run()


def _has_one_thread() -> bool:
    """Return whether this process can be forked: a lock that another thread holds would never be released."""
    threads = Path("/proc/self/task")
    return threads.exists() and len(list(threads.iterdir())) == 1


class Server:
    """Starts workers, each in a process group of its own, and kills the groups whole.

    Parameters
    ----------
    control : socket
        Its messages are described at the top of this module.
    fork : bool
        Whether workers are forks of this process.
    """

    def __init__(self, control: socket.socket, fork: bool) -> None:
        self._control = control
        self._fork = fork
        self._pid = os.getpid()
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        self._running: dict[int, int] = {}
        """The number of each running worker, by its process id."""
        self._leaving: dict[int, tuple[int, int, float]] = {}
        """Of each process group whose worker has ended: its number, its exit code, and when the group is killed."""

    def run(self) -> NoReturn:
        """Handle messages until the parent ends, then end this process."""
        if self._libc:  # orphans become children of this process: process 1 may not collect them
            self._libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        parent_lives = True
        with selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(self._control, selectors.EVENT_READ)
            while parent_lives or self._running or self._leaving:
                for key, _ in selector.select(POLL_INTERVAL_S if self._leaving else None):
                    if key.fileobj is woken:
                        woken.recv(4096)
                    elif not self._handle_message():
                        parent_lives = False
                        selector.unregister(self._control)
                        for pid in self._running:
                            _kill(pid)
                self._collect()
                self._kill_leftovers()
        children = Path(f"/proc/self/task/{self._pid}/children")
        with contextlib.suppress(OSError):  # processes that left their group, then their children, which become orphans
            while orphans := children.read_text().split():
                for pid in map(int, orphans):
                    _kill(pid)
                    os.waitpid(pid, 0)
        os._exit(0)

    def _handle_message(self) -> bool:
        """Handle one message; return whether the parent still lives."""
        try:
            message, descriptors, *_ = socket.recv_fds(self._control, START_OR_KILL.size, 1)
        except ConnectionError:
            return False
        if not message:
            return False
        (number,) = START_OR_KILL.unpack(message)
        for link in descriptors:
            self._start(number, link)
            os.close(link)
        for pid in [pid for pid, task in self._running.items() if task == -number]:
            _kill(pid)
        return True

    def _start(self, number: int, link: int) -> None:
        try:
            pid = os.fork()
        except OSError:  # no memory, or too many processes: the machine's fault, as when it kills a process
            self._report(number, -signal.SIGKILL)
            return
        if pid == 0:
            try:
                self._become_worker(link)
            finally:
                os._exit(1)
        with contextlib.suppress(OSError):  # parent and child both do it, because either may be late
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
        if "numpy.random" in sys.modules:  # give each process a random state of its own, as Python's random has
            sys.modules["numpy.random"].seed()
        work(socket.socket(fileno=link))

    def _collect(self) -> None:
        """Collect ended processes; ask the group of a worker that has ended to terminate."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._running:
                code = os.waitstatus_to_exitcode(status)
                self._leaving[pid] = self._running.pop(pid), code, time.monotonic() + TERMINATION_GRACE_S
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGTERM)

    def _kill_leftovers(self) -> None:
        """Kill groups that have had their time to end, and report the groups that have ended."""
        for pid, (number, code, end) in list(self._leaving.items()):
            try:
                os.killpg(pid, signal.SIGKILL if time.monotonic() > end else 0)
            except OSError:
                del self._leaving[pid]
                self._report(number, code)

    def _report(self, number: int, code: int) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(WORKER_ENDED.pack(number, code))


def _kill(pid: int) -> None:
    """Kill a worker; the rest of its process group is killed when the worker is collected."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
