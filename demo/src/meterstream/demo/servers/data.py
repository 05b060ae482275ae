"""The data of a local server: made, kept for the next run, or set aside when the server cannot use it."""

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from meterstream.demo.servers.errors import ServerFailed
from meterstream.demo.servers.processes import ServerDirectory, free_ports, port_is_free

log = logging.getLogger(__name__)

Server = TypeVar("Server")


class ServerData:
    """`data` in a server's directory; the marker beside it, written last, tells whole data from half-made ones."""

    def __init__(self, held: ServerDirectory) -> None:
        self._held = held
        self.path = held.path / "data"
        self._complete = held.path / "data.complete"
        self._broken = held.path / "data.broken"

    def start(self, *, keep: bool, make: Callable[[], None], run: Callable[[], Server]) -> Server:
        """Start a server on the data of the former run if that is to be kept and whole, else on new data.

        Args:
            make: creates `path`; called when nothing is there.
            run: starts the server and waits until it answers.
        Raises: ServerFailed from `make`, or from `run` on new data.
        """
        if keep and self._complete.exists():
            try:
                return run()
            except ServerFailed as error:
                log.warning("data set aside in %s, starting anew: %s", self._broken, error)
                shutil.rmtree(self._broken, ignore_errors=True)
                with suppress(FileNotFoundError):
                    self.path.rename(self._broken)
        self._complete.unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)
        self._held.log_path.unlink(missing_ok=True)
        make()
        self._complete.touch()
        return run()


def stable_ports(held: ServerDirectory, count: int) -> list[int]:
    """The ports of the former run while they are free, so that what clients were told stays true; else new ones."""
    path = held.path / "ports.json"
    try:
        ports = [int(port) for port in json.loads(path.read_text())]
    except (FileNotFoundError, ValueError, TypeError):
        ports = []
    if len(ports) != count or not all(port_is_free(port) for port in ports):
        ports = free_ports(count)
        path.write_text(json.dumps(ports))
    return ports
