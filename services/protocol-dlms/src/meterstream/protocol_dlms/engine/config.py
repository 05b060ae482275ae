"""Settings of one session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from meterstream.dlms.client import AnswerLimits
from meterstream.dlms.errors import ConfigurationError
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcParameters

_MIN_PDU: Final = 64
_MAX_PDU: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class EngineHdlc:
    """HDLC frames over TCP, window 1, as the engine speaks them.

    Attributes:
        lower, wide: of the server address, whose upper part is the server's SAP; as in HdlcAddress.
        information: octets of an information field in both directions, 32..2030.
    Raises: ConfigurationError.
    """

    lower: int | None = None
    wide: bool = False
    information: int = 128

    def __post_init__(self) -> None:
        HdlcParameters(self.information, self.information)


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Settings of one session. There are no keys: see the README.

    Attributes:
        client_sap, server_sap: wPorts, or the upper HDLC addresses.
        password: LLS; None opens without authentication.
        short_names: short-name referencing (IEC 62056-5-3, clause 8: Read and Write); else logical names.
        base_names: base name of an object by class and logical name; what is not here comes from the object list of
            the association (base name FA00), which is read only when it is needed.
        method_offsets: offset of the first method from the base name, by class, where METHOD_OFFSETS is not enough.
        hdlc: None is the wrapper over TCP.
        max_pdu: what the meter may send at once.
        limits: of one answer.
        work_timeout_s: how long the engine may think about one frame; then its process is ended.
        exchange_timeout_s: for one operation with all its frames and blocks: a meter that goes on sending them is not
            waited for longer.
    Raises: ConfigurationError.
    """

    client_sap: int = 16
    server_sap: int = 1
    password: bytes | None = field(default=None, repr=False)
    short_names: bool = True
    base_names: Mapping[tuple[int, bytes], int] = field(default_factory=lambda: MappingProxyType({}))
    method_offsets: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    hdlc: EngineHdlc | None = None
    max_pdu: int = _MAX_PDU
    limits: AnswerLimits = field(default_factory=AnswerLimits)
    work_timeout_s: float = 10.0
    exchange_timeout_s: float = 1800.0

    def __post_init__(self) -> None:
        if self.hdlc is not None:
            HdlcAddress(self.client_sap)
            HdlcAddress(self.server_sap, self.hdlc.lower, self.hdlc.wide)
        elif not 0 <= self.client_sap <= 0xFFFF or not 0 <= self.server_sap <= 0xFFFF:
            raise ConfigurationError("client_sap and server_sap are wPorts, 0..65535")
        if not _MIN_PDU <= self.max_pdu <= _MAX_PDU:
            raise ConfigurationError(f"max_pdu is {_MIN_PDU}..{_MAX_PDU}")
        if not self.work_timeout_s > 0 or not self.exchange_timeout_s > 0:
            raise ConfigurationError("work_timeout_s and exchange_timeout_s are above 0")
