"""How this process has workers started and killed: by a server, or on Windows itself."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from febench.running.executors.server import ASKED, ENDED
from febench.running.executors.worker import python

FOR_WORKERS = {"PYTHONSAFEPATH": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""No code from the current folder in what workers start; no thread of pyarrow, which scikit-learn may import."""
STDERR = 2
"""Where what workers print goes: on stdout stand results alone."""
PATIENCE = 5.0
"""Seconds in which the server should have ended; that includes the grace it gives."""


class Launcher(Protocol):
    """Starts and kills workers, which are known by numbers above 0."""

    control: socket.socket
    """Tells the end of each worker by its number and exit code, as `ENDED`; ends if the launcher does."""

    def start(self, number: int, theirs: socket.socket) -> None:
        """Start a worker that has this end of a pair of sockets."""

    def kill(self, number: int) -> None:
        """Kill a worker, if it is still there."""

    def close(self) -> None:
        """Kill them all."""


def launcher(variables: Mapping[str, str], imports: Sequence[str], fork: bool) -> Launcher:
    """What starts workers on this system.

    Parameters
    ----------
    variables : mapping
        Environment variables of the workers, beside those of this process.
    imports : sequence of str
        Modules to import once for all of them.
    fork : bool
        Whether they may be forks of a process in which these are imported.
    """
    environment = {**os.environ, **variables, **FOR_WORKERS}
    return _Spawner(environment) if os.name == "nt" else _Server(environment, imports, fork)


class _Server:
    """The other end of `febench.running.executors.server`, which is in a session of its own: no Ctrl-C reaches it."""

    def __init__(self, environment: Mapping[str, str], imports: Sequence[str], fork: bool) -> None:
        self.control, theirs = socket.socketpair()
        with theirs:
            call = f"serve({theirs.fileno()}, {list(imports)!r}, {fork})"
            self._process = subprocess.Popen(
                python(f"from febench.running.executors.server import serve; {call}"),
                stdin=subprocess.DEVNULL,
                stdout=STDERR,
                env=environment,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def start(self, number: int, theirs: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):  # its end is told by `control`
            socket.send_fds(self.control, [ASKED.pack(number)], [theirs.fileno()])

    def kill(self, number: int) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(ASKED.pack(-number))

    def close(self) -> None:
        self.control.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:  # it is at its imports
            self._process.kill()
            self._process.wait()


class _Spawner:
    """A Python for each worker, and a thread that waits for its end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.control, self._reports = socket.socketpair()
        self._environment = environment
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, number: int, theirs: socket.socket) -> None:
        call = "from febench.running.executors.worker import work_by_share as work; work()"
        process = subprocess.Popen(python(call), stdin=subprocess.PIPE, stdout=STDERR, env=self._environment)
        self._processes[number] = process
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            pickle.dump(theirs.share(process.pid), process.stdin)  # type: ignore[attr-defined,unused-ignore]
            process.stdin.flush()

        def report() -> None:
            code = process.wait()
            with contextlib.suppress(OSError):
                self._reports.sendall(ENDED.pack(number, code & 0x7FFFFFFF))

        threading.Thread(target=report, daemon=True).start()

    def kill(self, number: int) -> None:
        process = self._processes[number]
        if process.poll() is None:
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
            process.kill()

    def close(self) -> None:
        for number, process in self._processes.items():
            self.kill(number)
            process.wait()
        self.control.close()
        self._reports.close()
