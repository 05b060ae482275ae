"""The simulated fleet as a process of its own, and its meters as AddDevice needs them."""

from __future__ import annotations

import json
import signal
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meterstream.demo.servers.processes import GuardedProcess, ServerCommand, ServerDirectory, free_ports, wait_until
from meterstream.simulator.identity import identification_for, keys_for
from meterstream.simulator.mbus.device import Medium, identity_of, manufacturer_letters
from meterstream.simulator.mbus.keys import mbus_keys_for

START_DEADLINE_S = 30.0
REQUEST_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class FleetSettings:
    """How many meters, and what they are like."""

    directory: Path
    meters: int
    seed: str
    protocol_name: str = "SMR"
    protocol_version: str = "5.0.0"
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoMeter:
    """A simulated meter with the keys it left the factory with."""

    number: int
    identification: str
    host: str
    port: int
    logical_id: int
    protocol_name: str
    protocol_version: str
    master_key: bytes = field(repr=False)
    authentication_key: bytes = field(repr=False)
    encryption_key: bytes = field(repr=False)


@dataclass(frozen=True)
class DemoMbusDevice:
    """A simulated M-Bus device with the keys it left the factory with."""

    identification: str
    identification_number: str
    manufacturer: str
    version: int
    device_type: int
    default_key: bytes = field(repr=False)
    user_key: bytes = field(repr=False)
    firmware_key: bytes = field(repr=False)
    optical_port_key: bytes = field(repr=False)


class Fleet:
    """A running fleet behind one port; a meter's number is its wrapper address."""

    def __init__(self, settings: FleetSettings) -> None:
        self._settings = settings
        self._held = ServerDirectory(settings.directory)
        self.port, self._control_port = free_ports(2)
        command = ServerCommand(
            arguments=[
                sys.executable,
                "-m",
                "meterstream.simulator",
                f"--meters={settings.meters}",
                f"--seed={settings.seed}",
                f"--protocol={settings.protocol_name} {settings.protocol_version}",
                f"--port={self.port}",
                f"--control-port={self._control_port}",
                *settings.arguments,
            ],
            stop_signal=signal.SIGTERM,
            orphan_signal=signal.SIGKILL,
            grace_s=5.0,
        )
        self._process = GuardedProcess(self._held, command)
        wait_until(self._answers, alive=self._process.is_alive, deadline_s=START_DEADLINE_S, what="the fleet")

    @property
    def pid(self) -> int:
        """Process id of the simulator."""
        return self._process.pid

    def meters(self) -> Sequence[DemoMeter]:
        """Every meter, number 1 first."""
        return [self.meter(number) for number in range(1, self._settings.meters + 1)]

    def meter(self, number: int) -> DemoMeter:
        """One meter."""
        keys = keys_for(self._settings.seed, number)
        return DemoMeter(
            number=number,
            identification=identification_for(number),
            host="127.0.0.1",
            port=self.port,
            logical_id=number,
            protocol_name=self._settings.protocol_name,
            protocol_version=self._settings.protocol_version,
            master_key=keys.master,
            authentication_key=keys.authentication,
            encryption_key=keys.encryption,
        )

    def gas_meter(self, number: int, channel: int, *, smr5: bool) -> DemoMbusDevice:
        """The gas meter that is on a channel from the start."""
        identity = identity_of(Medium.GAS, number, channel, 0, smr5=smr5)
        keys = mbus_keys_for(self._settings.seed, identity.identification)
        return DemoMbusDevice(
            identification=identity.equipment_identifier,
            identification_number=f"{identity.identification:08d}",
            manufacturer=manufacturer_letters(identity.manufacturer),
            version=identity.version,
            device_type=identity.device_type,
            default_key=keys.default,
            user_key=keys.user,
            firmware_key=keys.firmware,
            optical_port_key=keys.optical_port,
        )

    def stats(self) -> dict[str, Any]:
        """What the fleet counted: associations, services, repeated nonces."""
        return self.control("GET", "/stats")

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """A call of the simulator's control interface."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._control_port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as response:
            found: dict[str, Any] = json.loads(response.read() or b"{}")
            return found

    def stop(self) -> None:
        """End it."""
        self._process.stop()
        self._held.release()

    def _answers(self) -> bool:
        try:
            self.stats()
        except OSError:
            return False
        return True


@contextmanager
def running_fleet(settings: FleetSettings) -> Iterator[Fleet]:
    """The fleet, listening; ended with the block."""
    fleet = Fleet(settings)
    try:
        yield fleet
    finally:
        fleet.stop()
