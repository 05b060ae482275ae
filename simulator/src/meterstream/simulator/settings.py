"""Settings of a fleet and the address of each meter in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from meterstream.dlms.meter import Habits, Level
from meterstream.dlms.objects import available_profiles
from meterstream.dlms.security import PublicKey
from meterstream.simulator.buffers import BufferRules
from meterstream.simulator.faults import PlannedFault
from meterstream.simulator.network.outbox import OutboxLimits
from meterstream.simulator.objects.clock import ClockRule
from meterstream.simulator.options import ImageOptions, MbusOptions, PushOptions
from meterstream.simulator.traits import Traits

_PORTS: Final = 0x10000
_RESERVED_DEVICES: Final = 16
MAX_DEVICES_PER_PORT: Final = _PORTS - _RESERVED_DEVICES
_HDLC_ADDRESSES: Final = 0x3FFF


class MeterAddress(NamedTuple):
    """Where a meter listens; `logical_device` is the wPort its frames are addressed to."""

    host: str
    port: int
    logical_device: int


class LineFraming(StrEnum):
    """How APDUs lie on the lines of a fleet; BOTH: the first octet of a connection tells."""

    WRAPPER = "wrapper"
    HDLC = "hdlc"
    BOTH = "both"


class DelayPer(StrEnum):
    """What the response delay applies to: the first answer of a connection (the AARE), or each one."""

    SESSION = "session"
    ANSWER = "answer"


class CounterRule(StrEnum):
    """What a meter does about an invocation counter that is not above the last accepted one.

    STRICT: it ends the connection. FREE: it serves it all the same (DSMR generations do). Both count it.
    """

    STRICT = "strict"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """How many meters there are, how they are reached and how they behave.

    Attributes:
        meters: they have the numbers 1 to `meters`.
        seed: secrets and planned faults of all meters derive from it.
        protocols: "name version"; meter n is of the ((n - 1) mod count)th.
        level: of the management association; the public one is always there.
        client_signature_key: with it all meters check what their client signs (HLS 7, key agreement of suite 1), on
            P-256; None: each knows one that derives from the seed.
        port, ports: first port and how many; port 0 takes free ones. The meters are spread evenly over the ports;
            where several share one, the logical device address (1, 2, ...) tells them apart. With as many ports as
            meters each has a port of its own, as logical device 1.
        shared_ports: further ports, after the others, where each meter is reached as well, by its logical device
            address: its number, counted on from port to port after 65,520 meters (16,367 with HDLC).
        max_connections: lines open at once; more are refused.
        udp: the ports take wrapper frames as datagrams too; what a client sends to a meter from one port is a line.
        framing: in HDLC the logical device is the upper part of the server address.
        control_port: of the HTTP control interface on loopback; 0 takes a free one, None: no control interface.
        delay_ms, delay_spread, delay_per: mean response delay; a spread of 0.5 means 50 to 150 % of it, evenly.
        second_connection_wait_ms: how long a second connection to a meter may wait for the first one's end before
            it is refused.
        free_after_ms: how long a meter takes to be free again after a connection.
        idle_timeout_s: a connection without a request for that long is closed.
        clock_rule, counter_rule: None: that of the meter's generation (SMR: fitting, strict; DSMR: specified, free).
        restart_counters: the meters' own counter starts at 1 on every connection, instead of rising for ever.
        habits: how the meters depart from the standard, and the limits of their associations.
        traits: which meters have one phase, and how well their clocks run.
        faults: which meters misbehave, and how.
        fault_seed: decides which meters a share of faults strikes; None: `seed`.
        mbus, images, pushes: M-Bus devices, image transfer and push messages.
        outbox: bounds on the sending of pushes.
        state_file: what the meters know is kept there over restarts; None: it is forgotten.
        save_every_s: how often it is written besides at the end; 0: only then and on demand.
    """

    meters: int = 1
    seed: str = field(default="meterstream", repr=False)
    protocols: tuple[str, ...] = ("SMR 5.0.0",)
    level: Level = Level.HLS5_GMAC
    client_signature_key: PublicKey | None = None
    host: str = "127.0.0.1"
    port: int = 0
    ports: int = 1
    shared_ports: int = 0
    max_connections: int = 10_000
    framing: LineFraming = LineFraming.WRAPPER
    udp: bool = False
    control_port: int | None = None
    delay_ms: float = 0
    delay_spread: float = 0
    delay_per: DelayPer = DelayPer.SESSION
    second_connection_wait_ms: int = 500
    free_after_ms: int = 0
    idle_timeout_s: float = 120
    clock_rule: ClockRule | None = None
    counter_rule: CounterRule | None = None
    restart_counters: bool = False
    habits: Habits = field(default_factory=Habits)
    buffers: BufferRules = field(default_factory=BufferRules)
    traits: Traits = field(default_factory=Traits)
    faults: tuple[PlannedFault, ...] = ()
    fault_seed: str | None = field(default=None, repr=False)
    mbus: MbusOptions = field(default_factory=MbusOptions)
    images: ImageOptions = field(default_factory=ImageOptions)
    pushes: PushOptions = field(default_factory=PushOptions)
    outbox: OutboxLimits = field(default_factory=OutboxLimits)
    state_file: Path | None = None
    save_every_s: float = 300

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            ValueError: naming field and rule.
        """
        _require(self.meters >= 1, "meters", self.meters, "1 or more")
        _require(1 <= self.ports <= self.meters, "ports", self.ports, "1 to the number of meters")
        _require(0 <= self.port < _PORTS, "port", self.port, "0 to 65535")
        _require(not self.port or self.port + self.listeners <= _PORTS, "ports", self.listeners,
                 f"at most {_PORTS - self.port} from that port")  # fmt: skip
        _require(self.listeners < _PORTS, "ports", self.listeners, f"at most {_PORTS - 1}")
        fits = self.devices_per_port <= self.devices_per_shared_port
        _require(fits, "ports", self.ports, f"enough for {self.devices_per_shared_port} meters on each")
        shared = -(-self.meters // self.devices_per_shared_port)
        _require(self.shared_ports in (0, shared), "shared_ports", self.shared_ports,
                 f"0, or {shared} for {self.meters} meters")  # fmt: skip
        datagrams = not self.udp or self.framing is not LineFraming.HDLC
        _require(datagrams, "udp", self.udp, "wrapper frames or both, for HDLC has no datagrams")
        _require(self.max_connections >= 1, "max_connections", self.max_connections, "1 or more")
        _require(self.control_port is None or 0 <= self.control_port < _PORTS, "control_port", self.control_port,
                 "0 to 65535")  # fmt: skip
        for name in ("delay_ms", "second_connection_wait_ms", "free_after_ms"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        _require(0 <= self.delay_spread <= 1, "delay_spread", self.delay_spread, "0 to 1")
        _require(self.save_every_s >= 0, "save_every_s", self.save_every_s, "0 or more")
        _require(self.idle_timeout_s > 0, "idle_timeout_s", self.idle_timeout_s, "more than 0")
        known = [f"{name} {version}" for name, version in available_profiles()]
        _require(bool(self.protocols), "protocols", self.protocols, "at least one")
        for protocol in self.protocols:
            _require(protocol in known, "protocols", protocol, f"one of {', '.join(known)}")
        shares = sum(planned.share for planned in self.faults)
        _require(shares <= 1, "faults", shares, "shares of 1 at most together")

    @property
    def devices_per_port(self) -> int:
        """How many meters share a port."""
        return -(-self.meters // self.ports)

    @property
    def devices_per_shared_port(self) -> int:
        """How many meters one port can tell apart."""
        if self.framing is LineFraming.WRAPPER:
            return MAX_DEVICES_PER_PORT
        return _HDLC_ADDRESSES - _RESERVED_DEVICES

    @property
    def listeners(self) -> int:
        """How many ports there are in all."""
        return self.ports + self.shared_ports

    def protocol_of(self, number: int) -> str:
        """Tell the protocol of a meter."""
        return self.protocols[(number - 1) % len(self.protocols)]

    def place_of(self, number: int) -> tuple[int, int]:
        """Tell which port (counted from 0) and logical device a meter has.

        Raises:
            ValueError: the fleet has no such meter.
        """
        _require(1 <= number <= self.meters, "number", number, f"1 to {self.meters}")
        index, device = divmod(number - 1, self.devices_per_port)
        return index, device + 1

    def shared_place_of(self, number: int) -> tuple[int, int]:
        """Tell where among the ports that all meters share a meter is: port (counted from 0 over all) and device.

        Raises:
            ValueError: the fleet has no such meter, or no such port.
        """
        _require(1 <= number <= self.meters, "number", number, f"1 to {self.meters}")
        _require(self.shared_ports > 0, "shared_ports", self.shared_ports, "1 or more")
        index, device = divmod(number - 1, self.devices_per_shared_port)
        return self.ports + index, device + 1

    def meter_at(self, index: int, logical_device: int) -> int | None:
        """Tell which meter a logical device on a port (counted from 0) is; None: none."""
        if index >= self.ports:
            most = self.devices_per_shared_port
            number = (index - self.ports) * most + logical_device
            return number if 1 <= logical_device <= most and number <= self.meters else None
        if not 1 <= logical_device <= self.devices_per_port:
            return None
        number = index * self.devices_per_port + logical_device
        return number if number <= self.meters else None


def _require(condition: bool, name: str, value: object, rule: str) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}, expected {rule}")
