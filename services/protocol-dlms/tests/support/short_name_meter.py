"""A meter with short names, written by hand, and the objects that all meters of these tests have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from meterstream.dlms.apdu import Aare, ApplicationContext, Conformance, DataAccessResult, InitiateResponse, decode_aarq
from meterstream.dlms.apdu.acse import AssociationResult, UserDiagnostic
from meterstream.dlms.data import (
    DEFAULT_LIMITS,
    AttributeRef,
    Data,
    LogicalName,
    array,
    double_long_unsigned,
    encode,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.data.lengths import encode_length
from meterstream.dlms.framing import WrapperReader, wrap

ASSOCIATION = 0xFA00
CLIENT = 16
SHORT_CONFORMANCE = Conformance(0x1C0320)  # read, write, unconfirmed write, multiple references, parameterised access

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
ENERGY = AttributeRef(3, LogicalName.parse("1.0.1.8.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
SECRET = AttributeRef(1, LogicalName.parse("0.0.96.1.0.255"), 2)
UNKNOWN = AttributeRef(3, LogicalName.parse("1.0.99.99.0.255"), 2)
BASES = {CLOCK[:2]: 0x2BC0, ENERGY[:2]: 0x4100, PROFILE[:2]: 0x6000, SECRET[:2]: 0x7000}
ROWS = array(structure(double_long_unsigned(row), unsigned(row % 7)) for row in range(60))
VALUES = {
    CLOCK: octet_string(bytes.fromhex("07E8070F010A1E0000FF8880")),
    ENERGY: double_long_unsigned(1_234_567),
    PROFILE: ROWS,
}


def everything(selection: bytes, data: Data) -> Data:
    """The whole attribute, whatever was selected."""
    return data


@dataclass
class ShortNameMeter:
    """Read and Write of IEC 62056-5-3 over wrapper frames, in blocks where the answer is long; hand-written.

    Attributes:
        bases: base names by class and logical name: the object list of the association.
        choose: what selector and parameters take of an attribute.
        spoil: what becomes of each answer APDU on its way out.
    """

    values: dict[AttributeRef, Data] = field(default_factory=lambda: dict(VALUES))
    bases: dict[tuple[int, bytes], int] = field(default_factory=lambda: dict(BASES))
    choose: Callable[[bytes, Data], Data] = everything
    client: int = CLIENT
    password: bytes | None = None
    block: int = 100
    spoil: Callable[[bytes], bytes | None] = lambda apdu: apdu
    invoked: list[tuple[int, Data]] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    selected: list[bytes] = field(default_factory=list)

    def short_name(self, ref: AttributeRef) -> int:
        """Base name and eight octets for each attribute before."""
        return self.bases[ref[:2]] + 8 * (ref.attribute - 1)

    @property
    def lists_read(self) -> int:
        """How often somebody began to read the object list."""
        return sum(request[2:5] == bytes.fromhex("02FA08") for request in self.requests)

    def new_association(self) -> _Connection:
        return _Connection(self)


class _Connection:
    """As MeterAssociation for `serve_meter`."""

    closed = False
    close_cause = None

    def __init__(self, meter: ShortNameMeter) -> None:
        self._meter = meter
        self._reader = WrapperReader()
        self._rest = b""
        self._number = 1

    def receive(self, octets: bytes) -> bytes:
        self._reader.feed(octets)
        answers = b""
        while self._reader.waiting and (frame := self._reader.next_frame()) is not None:
            if frame.source != self._meter.client:
                continue
            self._meter.requests.append(frame.apdu)
            answer = self._meter.spoil(self._answer(frame.apdu))
            if answer is not None:
                answers += wrap(frame.destination, frame.source, answer)
        return answers

    def _answer(self, apdu: bytes) -> bytes:
        match apdu[0]:
            case 0x60:
                return self._aare(apdu)
            case 0x62:
                return bytes.fromhex("6303800100")
            case 0x05:
                return self._read(apdu)
            case 0x06:
                return self._write(apdu)
            case _:
                return bytes.fromhex("D80102")

    def _aare(self, apdu: bytes) -> bytes:
        aarq = decode_aarq(apdu)
        right = aarq.context == ApplicationContext.SHORT_NAMES
        if not right or aarq.authentication_value != self._meter.password:
            diagnostic = UserDiagnostic.AUTHENTICATION_FAILURE if right else UserDiagnostic.CONTEXT_NAME_NOT_SUPPORTED
            return Aare(aarq.context, AssociationResult.REJECTED_PERMANENT, diagnostic).encode()
        information = InitiateResponse(SHORT_CONFORMANCE, 1200, vaa_name=ASSOCIATION).encode()
        return Aare(aarq.context, AssociationResult.ACCEPTED, 0, user_information=information).encode()

    def _read(self, apdu: bytes) -> bytes:
        assert apdu[1] == 1, "one variable at a time"
        if apdu[2] == 5:
            assert int.from_bytes(apdu[3:5], "big") == self._number
            self._number += 1
            return self._block()
        name = int.from_bytes(apdu[3:5], "big")
        data = self._object_list() if name == ASSOCIATION + 8 else self._value(name)
        if apdu[2] == 4:
            self._meter.selected.append(apdu[5:])
            data = None if data is None else self._meter.choose(apdu[5:], data)
        if data is None:
            return bytes((0x0C, 1, 1, DataAccessResult.READ_WRITE_DENIED))
        raw = encode(data)
        if len(raw) <= self._meter.block:
            return b"\x0c\x01\x00" + raw
        self._rest, self._number = b"\x01\x00" + raw, 1
        return self._block()

    def _block(self) -> bytes:
        block, self._rest = self._rest[: self._meter.block], self._rest[self._meter.block :]
        head = bytes((0x0C, 1, 2, not self._rest)) + self._number.to_bytes(2, "big")
        return head + encode_length(len(block)) + block

    def _value(self, name: int) -> Data | None:
        return next((value for ref, value in self._meter.values.items() if self._meter.short_name(ref) == name), None)

    def _write(self, apdu: bytes) -> bytes:
        assert apdu[1:3] == b"\x01\x02", "one variable at a time"
        name = int.from_bytes(apdu[3:5], "big")
        data, end = Decoder(apdu, DEFAULT_LIMITS).value(6)
        assert end == len(apdu)
        if name == self._meter.bases.get(ENERGY[:2], 0x10000) + 0x28:
            self._meter.invoked.append((name, data))
            return bytes.fromhex("0D0100")
        for ref in self._meter.values:
            if self._meter.short_name(ref) == name:
                self._meter.values[ref] = data
                return bytes.fromhex("0D0100")
        return bytes((0x0D, 1, 1, DataAccessResult.READ_WRITE_DENIED))

    def _object_list(self) -> Data:
        return array(
            structure(
                long(base - 0x10000 if base > 0x7FFF else base),
                long_unsigned(class_id),
                unsigned(0),
                octet_string(name),
            )
            for (class_id, name), base in self._meter.bases.items()
        )
