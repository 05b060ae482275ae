"""Which data a local server starts on."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from meterstream.demo.servers import ServerFailed
from meterstream.demo.servers.control import LocalServer
from meterstream.demo.servers.data import ServerData, stable_ports
from meterstream.demo.servers.processes import ServerCommand, ServerDirectory


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[ServerDirectory]:
    held = ServerDirectory(tmp_path / "server")
    yield held
    held.release()


def start(directory: ServerDirectory, *, keep: bool, note: str) -> str:
    """Run a "server" that returns what its data hold, and refuses data that were damaged."""
    data = ServerData(directory)

    def make() -> None:
        data.path.mkdir()
        if note == "no space left":
            raise ServerFailed(note)
        (data.path / "note").write_text(note)

    def run() -> str:
        if (data.path / "note").read_text() == "damaged":
            raise ServerFailed("cannot read its data")
        return (data.path / "note").read_text()

    return data.start(keep=keep, make=make, run=run)


def test_data_are_made_anew_unless_they_are_to_be_kept(directory: ServerDirectory) -> None:
    assert start(directory, keep=True, note="first") == "first"
    assert start(directory, keep=True, note="second") == "first"
    assert start(directory, keep=False, note="third") == "third"


def test_half_made_data_are_never_used(directory: ServerDirectory) -> None:
    with pytest.raises(ServerFailed, match="no space left"):
        start(directory, keep=True, note="no space left")
    assert start(directory, keep=True, note="second") == "second"


def test_data_the_server_cannot_use_are_set_aside_once(
    directory: ServerDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    for attempt in ("first", "second"):
        start(directory, keep=False, note=attempt)
        (directory.path / "data" / "note").write_text("damaged")
        assert start(directory, keep=True, note="anew") == "anew"
        assert (directory.path / "data.broken" / "note").read_text() == "damaged"
    assert "starting anew: cannot read its data" in caplog.text


def test_a_server_that_ends_at_once_shows_the_end_of_its_log(directory: ServerDirectory) -> None:
    command = ServerCommand(["/bin/sh", "-c", "echo the disk is full >&2; exit 1"], signal.SIGTERM, signal.SIGKILL, 1.0)
    with pytest.raises(ServerFailed, match=r"(?s)Kafka ended while it was starting.*server\.log:\nthe disk is full"):
        LocalServer("Kafka", directory, command, lambda: False)


@pytest.mark.parametrize("former", ["", "{", "[1]", '["x", "y"]', "null"])
def test_ports_are_chosen_anew_when_the_former_are_not_known(directory: ServerDirectory, former: str) -> None:
    (directory.path / "ports.json").write_text(former)
    ports = stable_ports(directory, 2)
    assert stable_ports(directory, 2) == ports
