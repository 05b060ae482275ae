"""A server process ends with whoever started it, and a crash leaves nothing that the next start cannot repair."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from meterstream.demo.servers import ServerFailed, ServerInUse
from meterstream.demo.servers.processes import (
    GuardedProcess,
    ServerCommand,
    ServerDirectory,
    free_ports,
    port_is_free,
    wait_until,
)

DEADLINE_S = 20.0
SERVER = ["/bin/sleep", "600"]
SHELL_WITH_CHILD = ["/bin/sh", "-c", "sleep 600 & wait"]
DEAF_SHELL = ["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 600; done"]


def command(arguments: list[str], *, grace_s: float = 5.0) -> ServerCommand:
    return ServerCommand(arguments, signal.SIGTERM, signal.SIGKILL, grace_s)


def eventually(condition: Callable[[], bool]) -> None:
    wait_until(condition, alive=lambda: True, deadline_s=DEADLINE_S, what="the condition")


def gone(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[ServerDirectory]:
    held = ServerDirectory(tmp_path / "server")
    yield held
    held.repair()
    held.release()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A process that started a server: itself, its guard's process id and its server's."""
    program = f"""
        import json, signal, time
        from pathlib import Path
        from meterstream.demo.servers.processes import GuardedProcess, ServerCommand, ServerDirectory
        held = ServerDirectory(Path({str(tmp_path / "server")!r}))
        GuardedProcess(held, ServerCommand({SERVER!r}, signal.SIGTERM, signal.SIGKILL, 5.0))
        print(held.record_path.read_text(), flush=True)
        signal.pause()
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        guard, server = (entry["pid"] for entry in json.loads(process.stdout.readline()))
        yield process, guard, server
        process.kill()


def test_stop_leaves_no_process(directory: ServerDirectory) -> None:
    process = GuardedProcess(directory, command(SHELL_WITH_CHILD))
    server = psutil.Process(process.pid)
    eventually(lambda: len(server.children()) == 1)
    (child,) = server.children()
    process.stop()
    assert not process.is_alive()
    assert gone(server.pid)
    eventually(lambda: gone(child.pid))
    assert not directory.record_path.exists()


def test_stop_kills_what_ignores_its_stop_signal(directory: ServerDirectory) -> None:
    process = GuardedProcess(directory, command(DEAF_SHELL, grace_s=0.2))
    eventually(lambda: "deaf" in directory.log_tail())
    process.stop()
    assert gone(process.pid)


def test_stop_ends_a_paused_server(directory: ServerDirectory) -> None:
    process = GuardedProcess(directory, command(SHELL_WITH_CHILD))
    process.pause()
    eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    process.stop()
    assert gone(process.pid)


def test_kill_takes_the_children_too(directory: ServerDirectory) -> None:
    process = GuardedProcess(directory, command(SHELL_WITH_CHILD))
    server = psutil.Process(process.pid)
    eventually(lambda: len(server.children()) == 1)
    (child,) = server.children()
    process.kill()
    assert not process.is_alive()
    assert gone(process.pid)
    assert gone(child.pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_the_process_that_started_it(
    owner: tuple[subprocess.Popen[str], int, int], number: signal.Signals
) -> None:
    process, guard, server = owner
    process.send_signal(number)
    process.wait(DEADLINE_S)
    eventually(lambda: gone(guard) and gone(server))


def test_a_server_ends_with_its_guard(owner: tuple[subprocess.Popen[str], int, int]) -> None:
    _, guard, server = owner
    os.kill(guard, signal.SIGKILL)
    eventually(lambda: gone(server))


def test_the_next_start_ends_what_a_crashed_owner_left(
    owner: tuple[subprocess.Popen[str], int, int], tmp_path: Path
) -> None:
    process, guard, server = owner
    os.kill(guard, signal.SIGSTOP)  # so that only the repair can end them
    process.kill()
    process.wait(DEADLINE_S)
    assert not gone(server)
    held = ServerDirectory(tmp_path / "server")
    assert gone(guard)
    eventually(lambda: gone(server))
    assert not held.record_path.exists()
    held.release()


def test_repair_spares_a_process_that_merely_got_the_same_id(directory: ServerDirectory) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as stranger:
        directory.record_path.write_text(json.dumps([{"pid": stranger.pid, "started": time.time() - 3600}]))
        directory.repair()
        assert stranger.poll() is None
        assert not directory.record_path.exists()
        stranger.kill()


@pytest.mark.parametrize("remains", ["", "[{", "{}", '[{"pid": 1}]', '["x"]', "null"])
def test_repair_takes_a_record_that_was_cut_off(directory: ServerDirectory, remains: str) -> None:
    directory.record_path.write_text(remains)
    directory.repair()
    assert not directory.record_path.exists()


def test_a_directory_has_one_owner_at_a_time(directory: ServerDirectory) -> None:
    with pytest.raises(ServerInUse, match="another process runs a server in"):
        ServerDirectory(directory.path)
    directory.release()
    ServerDirectory(directory.path).release()


def test_a_command_that_is_not_there_is_named(directory: ServerDirectory) -> None:
    with pytest.raises(ServerFailed, match="could not run /nowhere/kafka"):
        GuardedProcess(directory, command(["/nowhere/kafka"]))


def test_a_command_tells_its_exit_status_and_output(directory: ServerDirectory) -> None:
    process = GuardedProcess(directory, command(["/bin/sh", "-c", "echo no disk left >&2; exit 3"]))
    assert process.wait(DEADLINE_S) == 3
    assert directory.log_tail() == "no disk left"


def test_waiting_ends_when_the_server_does() -> None:
    with pytest.raises(ServerFailed, match="Kafka ended while it was starting"):
        wait_until(lambda: False, alive=lambda: False, deadline_s=DEADLINE_S, what="Kafka")


def test_waiting_has_a_deadline() -> None:
    with pytest.raises(ServerFailed, match=r"Kafka did not answer within 0\.1 s"):
        wait_until(lambda: False, alive=lambda: True, deadline_s=0.1, what="Kafka")


def test_free_ports_are_free_and_differ() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(port_is_free(port) for port in ports)
