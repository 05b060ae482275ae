"""A meter with short names as a process beside the platform, and the platform's processes of the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import e650_meter
from world import World

from meterstream.contracts.operations.add_device import AddDeviceRequest, DeviceModel, NewDevice
from meterstream.protocol_dlms.engine import PROGRAM

DEADLINE_S = 30.0
POLL_S = 0.05


class E650:
    """Listens on `port`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    def hush(self) -> None:
        """Connections are taken and never answered."""
        self._process.send_signal(signal.SIGSTOP)

    def speak(self) -> None:
        """As before."""
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def running_e650() -> Iterator[E650]:
    """Ends with the block."""
    with subprocess.Popen([sys.executable, e650_meter.__file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield E650(process, int(process.stdout.readline()))
        finally:
            process.kill()


def register(world: World, device: str, port: int, password: bytes) -> None:
    """As an installer does: the device, then how it is talked to."""
    encrypt = world.platform.installer.encrypt
    keys = {name: encrypt(os.urandom(16)) for name in ("master_key", "authentication_key")}
    described = NewDevice(
        protocol_name="LG",
        protocol_version="E650",
        lls1_active=True,
        global_encryption_unicast_key=encrypt(os.urandom(16)),
        lls_password=encrypt(password),
        ip_address_is_static=True,
        network_address="127.0.0.1",
        port=port,
        selective_access_supported=True,
        **keys,
    )
    model = DeviceModel(manufacturer="LGZ", model_code="E650")
    request = AddDeviceRequest(device=described, device_model=model, overwrite=True)
    world.done("AddDevice", device, request.model_dump(mode="json", exclude_none=True))
    data = "SetDeviceCommunicationSettingsData"
    settings: dict[str, Any] = {"ChallengeLength": 16, "WithListMax": 1, "SelectiveAccessSupported": True}
    settings |= {"IpAddressIsStatic": True, "UseSn": True, "UseHdlc": True, "Polyphase": False}
    world.ask("SetDeviceCommunicationSettings", device, {f"{data}/{name}": one for name, one in settings.items()}, {})
    assert world.refusal is None


def engine_processes(world: World) -> list[int]:
    """Process ids of the engine below protocol-dlms."""
    found = []
    for name, service in world.platform.stack.services.items():
        if name.startswith("protocol-dlms"):
            children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text(encoding="ascii").split()
            found += [int(child) for child in children if PROGRAM.encode() in _command(child)]
    return found


def kill_engine(world: World) -> None:
    """Every process of it, as soon as there is one."""
    until = time.monotonic() + DEADLINE_S
    while not (running := engine_processes(world)):
        assert time.monotonic() < until, "no engine was started"
        time.sleep(POLL_S)
    for process in running:
        os.kill(process, signal.SIGKILL)


def _command(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
