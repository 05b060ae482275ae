"""A server of files over HTTPS on this machine, in a thread, as an operator's object store would be."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from meterstream.demo.certificates import Authority


@dataclass
class FileServer:
    """Files by path; a path that is not there is answered with 404.

    Attributes:
        ca_file: certificates to trust for it.
        asked: paths with their queries, as they were asked for.
    """

    ca_file: Path
    base: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def running_file_server(directory: Path) -> Iterator[FileServer]:
    """A server for the length of the block."""
    authority = Authority(directory)
    served = FileServer(authority.files.certificate)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            octets = served.files.get(self.path.partition("?")[0])
            self.send_response(404 if octets is None else 200)
            self.send_header("Content-Length", str(len(octets or b"")))
            self.end_headers()
            self.wfile.write(octets or b"")

        def log_message(self, *_: object) -> None:
            """Nothing on the console of a test run."""

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    files = authority.server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    served.base = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
