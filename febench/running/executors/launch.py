"""Start and kill worker processes: through a server process, or on Windows directly."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from febench.running.executors.server import START_OR_KILL, WORKER_ENDED
from febench.running.executors.worker import python

WORKER_VARIABLES = {"PYTHONSAFEPATH": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Environment of workers: no code from the current folder, and no thread of pyarrow, which scikit-learn may import."""
STDERR_FILENO = 2
"""Workers print to stderr: stdout holds results alone."""
SERVER_STOP_TIMEOUT_S = 5.0
"""Seconds to wait for the server to end, which include the time that it gives workers to end."""


class Launcher(Protocol):
    """Starts and kills workers; each has a number above 0."""

    control: socket.socket
    """Receives a `WORKER_ENDED` message, number and exit code, for each worker that ends; closed at the end."""

    def start(self, number: int, worker_end: socket.socket) -> None:
        """Start a worker that talks by this end of a pair of sockets."""

    def kill(self, number: int) -> None:
        """Kill a worker, if it still runs."""

    def close(self) -> None:
        """Kill all workers."""


def launcher(variables: Mapping[str, str], imports: Sequence[str], fork: bool) -> Launcher:
    """Return what starts workers on this system.

    Parameters
    ----------
    variables : mapping
        Environment variables of the workers, added to those of this process.
    imports : sequence of str
        Modules to import once for all workers.
    fork : bool
        Whether workers may be forks of a process that has imported these modules.
    """
    environment = {**os.environ, **variables, **WORKER_VARIABLES}
    return _Spawner(environment) if os.name == "nt" else _Server(environment, imports, fork)


class _Server:
    """Talks to a server process, which has a session of its own, so that Ctrl-C does not reach it."""

    def __init__(self, environment: Mapping[str, str], imports: Sequence[str], fork: bool) -> None:
        self.control, server_end = socket.socketpair()
        with server_end:
            call = f"serve({server_end.fileno()}, {list(imports)!r}, {fork})"
            self._process = subprocess.Popen(
                python(f"from febench.running.executors.server import serve; {call}"),
                stdin=subprocess.DEVNULL,
                stdout=STDERR_FILENO,
                env=environment,
                pass_fds=(server_end.fileno(),),
                start_new_session=True,
            )

    def start(self, number: int, worker_end: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):  # the server has ended: `control` is closed then
            socket.send_fds(self.control, [START_OR_KILL.pack(number)], [worker_end.fileno()])

    def kill(self, number: int) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(START_OR_KILL.pack(-number))

    def close(self) -> None:
        self.control.close()
        try:
            self._process.wait(SERVER_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:  # it is busy with imports
            self._process.kill()
            self._process.wait()


class _Spawner:
    """Starts a Python for each worker, and a thread that waits for its end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.control, self._reports = socket.socketpair()
        self._environment = environment
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, number: int, worker_end: socket.socket) -> None:
        call = "from febench.running.executors.worker import work_by_share as work; work()"
        process = subprocess.Popen(python(call), stdin=subprocess.PIPE, stdout=STDERR_FILENO, env=self._environment)
        self._processes[number] = process
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            pickle.dump(worker_end.share(process.pid), process.stdin)  # type: ignore[attr-defined,unused-ignore]
            process.stdin.flush()

        def report() -> None:
            code = process.wait()
            with contextlib.suppress(OSError):
                self._reports.sendall(WORKER_ENDED.pack(number, code & 0x7FFFFFFF))

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
