"""The two servers as their users see them, whoever runs them: a process of ours or a container."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from meterstream.demo.servers.errors import ServerFailed
from meterstream.demo.servers.processes import GuardedProcess, ServerCommand, ServerDirectory, wait_until

START_DEADLINE_S = 90.0


class ServerControl(Protocol):
    """What can be done to a running server. Every method returns when it is done, or raises ServerFailed."""

    def stop(self) -> None:
        """End it for good; may be called twice."""
        ...

    def kill(self) -> None:
        """End it as a crash would; port and data stay for `restart`."""
        ...

    def pause(self) -> None:
        """Stop it from running; its connections stay open."""
        ...

    def resume(self) -> None: ...

    def restart(self) -> None:
        """Start it again on the same port and data, stopping it first if it runs; returns when it answers."""
        ...


class _Controlled:
    control: ServerControl

    def stop(self) -> None:
        """End it for good; may be called twice."""
        self.control.stop()

    def kill(self) -> None:
        """End it as a crash would; port and data stay for `restart`."""
        self.control.kill()

    def pause(self) -> None:
        """Stop it from running; its connections stay open and nothing answers until `resume`."""
        self.control.pause()

    def resume(self) -> None:
        self.control.resume()

    def restart(self) -> None:
        """Start it again on the same port and data, stopping it first if it runs; returns when it answers."""
        self.control.restart()


@dataclass(frozen=True)
class KafkaServer(_Controlled):
    """A running one-node Kafka."""

    bootstrap_servers: str
    control: ServerControl = field(repr=False)


@dataclass(frozen=True)
class PostgresServer(_Controlled):
    """A running PostgreSQL; `dsn` is the superuser's, for the database `postgres`, and carries its password."""

    dsn: str = field(repr=False)
    control: ServerControl = field(repr=False)


class LocalServer:
    """`ServerControl` over a guarded process of this machine."""

    def __init__(
        self, name: str, directory: ServerDirectory, command: ServerCommand, answers: Callable[[], bool]
    ) -> None:
        """Start it and wait until it answers. Raises: ServerFailed, with the end of the log."""
        self._name = name
        self._directory = directory
        self._command = command
        self._answers = answers
        self._process = self._start()

    @property
    def pids(self) -> Sequence[int]:
        """Process ids of the server, for measurements; empty when it does not run."""
        return [self._process.pid] if self._process.is_alive() else []

    def stop(self) -> None:
        self._process.stop()
        self._directory.release()

    def kill(self) -> None:
        self._process.kill()

    def pause(self) -> None:
        self._process.pause()

    def resume(self) -> None:
        self._process.resume()

    def restart(self) -> None:
        self._process.stop()
        self._process = self._start()

    def _start(self) -> GuardedProcess:
        process = GuardedProcess(self._directory, self._command)
        try:
            wait_until(self._answers, alive=process.is_alive, deadline_s=START_DEADLINE_S, what=self._name)
        except ServerFailed as error:
            process.stop()
            raise ServerFailed(
                f"{error}; the end of {self._directory.log_path}:\n{self._directory.log_tail()}"
            ) from None
        except BaseException:
            process.stop()
            raise
        return process
