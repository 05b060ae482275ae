"""Containers where a Docker engine answers, else processes of this machine, also when the engine lacks the image."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from meterstream.demo.servers import PostgresServer, ServerUnavailable, start_postgres
from meterstream.demo.servers.containers import ContainerUnavailable, docker_answers
from meterstream.demo.servers.control import LocalServer


class EngineWithoutImages(BaseHTTPRequestHandler):
    """The few answers of a Docker engine that has no image and no way to the registry."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.endswith("/version"):
            self.answer(200, {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "25.0"})
        elif self.path.endswith("/_ping"):
            self.answer(200, {})
        elif "/networks" in self.path:
            self.answer(200, [])
        else:
            self.answer(404, {"message": "No such image"})

    def do_POST(self) -> None:
        self.answer(500, {"message": "dial tcp: lookup of the registry failed"})

    def answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Requests are no news."""

    def address_string(self) -> str:
        return "unix"


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    address = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{address}")
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    with UnixServer(str(address), EngineWithoutImages) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")


@pytest.mark.usefixtures("engine")
def test_asks_the_engine_whether_it_answers() -> None:
    assert docker_answers()


@pytest.mark.usefixtures("no_engine")
def test_no_engine_is_no_error() -> None:
    assert not docker_answers()


@pytest.mark.servers
@pytest.mark.usefixtures("engine")
def test_an_engine_without_the_image_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("METERSTREAM_SERVERS", raising=False)
    server = start_postgres(tmp_path / "postgres")
    assert isinstance(server, PostgresServer)
    assert isinstance(server.control, LocalServer)
    assert "lookup of the registry failed; starting a process of this machine instead" in caplog.text
    server.stop()


@pytest.mark.usefixtures("engine")
def test_who_insists_on_docker_is_told_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_SERVERS", "docker")
    with pytest.raises(ContainerUnavailable, match=r"run a container for PostgreSQL: .*lookup of the registry failed"):
        start_postgres(tmp_path / "postgres")


@pytest.mark.usefixtures("no_engine")
def test_who_insists_on_docker_is_told_that_none_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_SERVERS", "docker")
    with pytest.raises(ServerUnavailable, match="no Docker engine answers"):
        start_postgres(tmp_path / "postgres")


def test_an_unknown_choice_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_SERVERS", "podman")
    with pytest.raises(ServerUnavailable, match="METERSTREAM_SERVERS=podman is not known: use auto, docker or local"):
        start_postgres(tmp_path / "postgres")
