"""One service as in production: `python -m meterstream.<service>`, its settings in the environment."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import psutil

from meterstream.demo.servers.errors import ServerFailed
from meterstream.demo.servers.processes import GuardedProcess, ServerCommand, ServerDirectory, free_ports, wait_until

START_DEADLINE_S = 60.0
GRACE_S = 30.0
PROBE_TIMEOUT_S = 2.0


class ServiceProcess:
    """A running replica that can be stopped, killed, paused and started again with the same settings.

    Attributes:
        name: for example "protocol-dlms-1".
        management: base address of /healthz, /readyz, /metrics.
    """

    def __init__(self, name: str, module: str, directory: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._module = module
        (self._port,) = free_ports(1)
        self.management = f"http://127.0.0.1:{self._port}"
        self._held = ServerDirectory(directory)
        self._environment = {
            **_inherited(),
            **environment,
            "METERSTREAM_MANAGEMENT__HOST": "127.0.0.1",
            "METERSTREAM_MANAGEMENT__PORT": str(self._port),
        }
        self._process: GuardedProcess | None = None

    @property
    def log_path(self) -> Path:
        """Its standard error."""
        return self._held.log_path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    @property
    def _running(self) -> GuardedProcess:
        if self._process is None:
            raise ServerFailed(f"{self.name} is not started")
        return self._process

    def start(self) -> None:
        """Start it; `wait_until_ready` tells when it works."""
        command = ServerCommand(
            arguments=[sys.executable, "-m", self._module],
            stop_signal=signal.SIGTERM,
            orphan_signal=signal.SIGKILL,
            grace_s=GRACE_S,
            environment=self._environment,
        )
        self._process = GuardedProcess(self._held, command)

    def wait_until_ready(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Return when /readyz says so.

        Raises: ServerFailed with the end of its log.
        """
        try:
            wait_until(self.is_ready, alive=self.is_alive, deadline_s=deadline_s, what=self.name)
        except ServerFailed as error:
            raise ServerFailed(
                f"{error}; waiting for {self.waiting_for()}; the end of its log:\n{self._held.log_tail()}"
            ) from None

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    def is_ready(self) -> bool:
        """Whether /readyz says that it works."""
        return self._probe("/readyz")[0] == 200

    def waiting_for(self) -> list[str]:
        """The components that are not ready; "no answer" where nobody says."""
        status, text = self._probe("/readyz")
        return list(json.loads(text)["waiting_for"]) if status in (200, 503) else ["no answer"]

    def metrics(self) -> str:
        """The Prometheus text."""
        return self._probe("/metrics")[1]

    def stop(self) -> None:
        """End it in order and leave its directory."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._held.release()

    def terminate(self) -> None:
        """End it in order; `start` begins again."""
        self._running.stop()

    def kill(self) -> None:
        """SIGKILL; `start` begins again."""
        self._running.kill()

    def pause(self) -> None:
        """SIGSTOP."""
        self._running.pause()

    def resume(self) -> None:
        """SIGCONT."""
        self._running.resume()

    def cpu_seconds(self) -> float:
        """CPU time that it used so far, user and system."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def resident_bytes(self) -> int:
        """Memory that it holds."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def _probe(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.management + path, timeout=PROBE_TIMEOUT_S) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


def _inherited() -> dict[str, str]:
    """Our environment without settings of ours, so that a shell's leftovers change nothing."""
    return {name: value for name, value in os.environ.items() if not name.startswith("METERSTREAM_")}
