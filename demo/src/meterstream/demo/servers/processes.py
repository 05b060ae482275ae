"""One server process of ours: started under a guard, recorded on disk, found again after a crash.

A server directory holds `lock` (held while a living process owns the directory), `process.json` (who runs in it, by
process id and start time, so that a recycled id is never mistaken for ours) and `server.log`.
"""

import atexit
import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from meterstream.demo.servers import guard
from meterstream.demo.servers.errors import ServerFailed, ServerInUse

LOOPBACK = "127.0.0.1"
PORTS = range(
    20_000, 32_000
)  # below Linux's ephemeral range, so no outgoing connection takes one while a server is down
LOG_TAIL_BYTES = 4_000
POLL_S = 0.05
KILL_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    """The user a server runs as, when that is not the user we are."""

    user_id: int
    group_id: int
    keep_dac_override: bool


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """How to run one server and how to end it."""

    arguments: Sequence[str]
    stop_signal: signal.Signals
    orphan_signal: signal.Signals
    grace_s: float
    identity: Identity | None = None
    environment: Mapping[str, str] | None = None  # None: ours


def free_ports(count: int) -> list[int]:
    """Loopback TCP ports that nobody listens on now."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(found) == count:
            return found
        if port_is_free(port):
            found.append(port)
    raise ServerFailed(f"no {count} free TCP ports between {PORTS.start} and {PORTS.stop - 1}")


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def wait_until(answers: Callable[[], bool], *, alive: Callable[[], bool], deadline_s: float, what: str) -> None:
    """Ask until the server answers.

    Raises: ServerFailed when `alive` turns false or `deadline_s` seconds are over; the message names `what`.
    """
    deadline = time.monotonic() + deadline_s
    while not answers():
        if not alive():
            raise ServerFailed(f"{what} ended while it was starting")
        if time.monotonic() > deadline:
            raise ServerFailed(f"{what} did not answer within {deadline_s:g} s")
        time.sleep(POLL_S)


class ServerDirectory:
    """Exclusive hold on a directory; takes away what a crashed owner left running in it."""

    def __init__(self, path: Path) -> None:
        """Raises: ServerInUse while another process, or another object of this one, holds `path`."""
        self.path = path.resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711)
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise ServerInUse(f"another process runs a server in {self.path}; stop that one first") from None
        try:
            self.repair()
        except BaseException:
            self.release()
            raise

    @property
    def log_path(self) -> Path:
        return self.path / "server.log"

    @property
    def record_path(self) -> Path:
        return self.path / "process.json"

    def release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def record(self, processes: Sequence[psutil.Process]) -> None:
        entries = [{"pid": process.pid, "started": process.create_time()} for process in processes]
        partial = self.record_path.with_suffix(".partial")
        partial.write_text(json.dumps(entries))
        partial.replace(self.record_path)

    def repair(self) -> None:
        """Kill what a former owner left running; a process that merely got the same id is left alone."""
        try:
            entries = json.loads(self.record_path.read_text())
            recorded = [(int(entry["pid"]), float(entry["started"])) for entry in entries]
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # never written, or cut off by a crash
            recorded = []
        ours: list[psutil.Process] = []
        for pid, started in recorded:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if process.create_time() == started:
                    ours.append(process)
        kill_tree(ours)
        self.record_path.unlink(missing_ok=True)

    def log_tail(self) -> str:
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, self.log_path.stat().st_size - LOG_TAIL_BYTES))
                return log.read().decode(errors="replace").strip()
        except FileNotFoundError:
            return ""


def with_descendants(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """`processes` and all below them; parents come first, so that none forks unseen once it is stopped or killed."""
    found: list[psutil.Process] = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found.extend((process, *process.children(recursive=True)))
    return list(dict.fromkeys(found))


def kill_tree(processes: Sequence[psutil.Process]) -> None:
    """SIGKILL; returns when they are gone. Raises: ServerFailed when one is still there after ten seconds."""
    victims = with_descendants(processes)
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    deadline = time.monotonic() + KILL_WAIT_S
    while alive := [victim.pid for victim in victims if not _has_ended(victim)]:
        if time.monotonic() > deadline:
            raise ServerFailed(f"process {alive[0]} outlives SIGKILL")
        time.sleep(POLL_S)


def _has_ended(process: psutil.Process) -> bool:
    """Gone, or only waiting for a slow parent to ask; other threads that are left still hold its ports and files."""
    try:
        return not process.is_running() or (process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1)
    except psutil.NoSuchProcess:
        return True


class GuardedProcess:
    """A running server under its guard (see `guard.py`); it ends with this process, whatever ends this process."""

    def __init__(self, directory: ServerDirectory, command: ServerCommand) -> None:
        """Raises: ServerFailed when the command cannot be executed."""
        self._directory = directory
        self._command = command
        identity = command.identity
        order = guard.GuardOrder(
            command=list(command.arguments),
            log_path=str(directory.log_path),
            stop_signal=command.stop_signal,
            orphan_signal=command.orphan_signal,
            grace_s=command.grace_s,
            user_id=identity.user_id if identity else None,
            group_id=identity.group_id if identity else None,
            keep_dac_override=identity.keep_dac_override if identity else False,
        )
        with directory.log_path.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, json.dumps(order)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=None if command.environment is None else dict(command.environment),
            )
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        first_line = self._guard.stdout.readline()  # comes at once, or the guard ends and closes it
        self._guard.stdout.close()
        try:
            self._server = psutil.Process(int(first_line))
            directory.record([psutil.Process(self._guard.pid), self._server])
        except (ValueError, psutil.NoSuchProcess):
            self._wait_for_guard()
            raise ServerFailed(f"could not run {command.arguments[0]}: {directory.log_tail()}") from None
        with suppress(BrokenPipeError):
            self._guard.stdin.write(b"\n")
            self._guard.stdin.flush()
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """Process id of the server itself."""
        return self._server.pid

    def is_alive(self) -> bool:
        return self._guard.poll() is None

    def wait(self, timeout_s: float) -> int:
        """Exit status of a command that ends by itself. Raises: ServerFailed when it does not in time."""
        try:
            return self._guard.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"{self._command.arguments[0]} did not end within {timeout_s:g} s") from None
        finally:
            self.stop()

    def stop(self) -> None:
        """End it in order, by force after its grace time; returns when it and its guard are gone."""
        atexit.unregister(self.stop)
        self.resume()  # a paused server cannot end in order
        self._wait_for_guard()

    def kill(self) -> None:
        """SIGKILL to the server and all its children, as by a crash of the machine's memory manager."""
        kill_tree([self._server])
        self.stop()  # the guard has seen the end; this waits until it is gone, too

    def pause(self) -> None:
        """SIGSTOP to the server and all its children: connections stay open and nothing answers."""
        self._signal_tree(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_tree(signal.SIGCONT)

    def _signal_tree(self, number: signal.Signals) -> None:
        signalled: set[psutil.Process] = set()
        while remaining := [process for process in with_descendants([self._server]) if process not in signalled]:
            for process in remaining:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            signalled.update(remaining)

    def _wait_for_guard(self) -> None:
        assert self._guard.stdin is not None
        with suppress(BrokenPipeError):
            self._guard.stdin.close()
        try:
            self._guard.wait(self._command.grace_s + KILL_WAIT_S)
        except subprocess.TimeoutExpired:
            kill_tree([psutil.Process(self._guard.pid)])
            self._guard.wait()
        self._directory.record_path.unlink(missing_ok=True)
