"""Records that carry state between services: devices, counters, marks, organisations, readings."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainSerializer

from meterstream.contracts.avro import AvroType
from meterstream.contracts.base import Moment, Record
from meterstream.contracts.errors import ErrorRecord

READING_SCALE = 9
ReadingValue = Annotated[
    Decimal,
    AvroType({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": READING_SCALE}),
    PlainSerializer(lambda value: value, return_type=Decimal),
]
"""A scaled value for analytics: Avro decimal(38, 9)."""


class KeyKind(StrEnum):
    """Kinds of device keys (names of the SOAP contract)."""

    E_METER_MASTER_KEY = "E_METER_MASTER_KEY"
    E_METER_AUTHENTICATION_KEY = "E_METER_AUTHENTICATION_KEY"
    E_METER_ENCRYPTION_KEY_UNICAST = "E_METER_ENCRYPTION_KEY_UNICAST"
    LLS_PASSWORD = "LLS_PASSWORD"  # noqa: S105  # a kind of key, not a password
    G_METER_MASTER_KEY = "G_METER_MASTER_KEY"
    G_METER_ENCRYPTION_KEY = "G_METER_ENCRYPTION_KEY"
    G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY = "G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY"
    G_METER_OPTICAL_PORT_KEY = "G_METER_OPTICAL_PORT_KEY"


class KeyState(StrEnum):
    """Life of a key: NEW (stored, maybe not in the meter), ACTIVE, EXPIRED (was active), WITHDRAWN (was new)."""

    NEW = "NEW"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class SealedKey(Record):
    """A device key that only protocol-dlms can open.

    `sealed` is nonce and AES-256-GCM ciphertext with tag; associated data bind it to device, kind and key id.
    `proven` tells that an association has stood with it. The same key bytes of a device always have the same id.
    """

    key_id: str
    kind: KeyKind
    state: KeyState
    proven: bool
    sealed: bytes


class SecurityLevel(StrEnum):
    """Authentication of the management association; the highest flag of the device wins."""

    NONE = "none"
    LLS1 = "lls1"
    HLS3 = "hls3"
    HLS4 = "hls4"
    HLS5 = "hls5"


class Connection(Record):
    """How to reach a meter. `base_station` and `cell` bound concurrent sessions in one part of the network.

    `icc_id` names its SIM card, `provider` whose network it is in: for services that wake meters.
    """

    address: str | None = None
    port: int | None = None
    logical_id: int | None = None
    dynamic: bool = False
    base_station: str | None = None
    cell: str | None = None
    icc_id: str | None = None
    provider: str | None = None


class MbusChannel(Record):
    """An M-Bus device behind the gateway; its keys are sealed as those of the record, bound to the M-Bus device."""

    channel: int
    device_identification: str
    mbus_identity: str | None = None
    device_type: str | None = None
    keys: list[SealedKey] = Field(default_factory=list)


class MbusDevice(Record):
    """An M-Bus device that a request names, as the registry knows it.

    The short identifier is `identification_number` (8 digits), `manufacturer` (3 letters), `version` and
    `device_type` (attributes 6 to 9 of the M-Bus client, class 72); `primary_address` is set for wired devices only.
    """

    device_identification: str
    channel: int | None = None
    primary_address: int | None = None
    identification_number: str | None = None
    manufacturer: str | None = None
    version: int | None = None
    device_type: int | None = None
    model_code: str | None = None


class FirmwareImage(Record):
    """A firmware file that a request names; its octets are on topic `firmware`, or at `url` in an object store.

    `sha256` is the digest of the whole file (32 octets) and names it; `size` in octets. `image_identifier` is what
    image_transfer_initiate takes (class 18, method 1); files for M-Bus devices have none.
    """

    firmware_identification: str
    sha256: bytes
    size: int  # 0 where a file at a URL was registered without
    image_identifier: bytes | None = None
    url: str | None = Field(None, repr=False)


Sha256 = Annotated[bytes, Field(min_length=32, max_length=32)]
BLOCK_OCTETS = 256 * 1024
"""What a block of a firmware file holds, the last one apart."""


class FirmwareBlock(Record):
    """A piece of a firmware file; topic `firmware` (compacted).

    `sha256` is the digest of the whole file, `block` counts from 0 to `count` - 1. Files are checked as a whole.
    """

    sha256: Sha256
    block: Annotated[int, Field(ge=0)]
    count: Annotated[int, Field(ge=1)]
    octets: Annotated[bytes, Field(min_length=1, max_length=BLOCK_OCTETS, repr=False)]


class DeviceState(StrEnum):
    """Whether a `DeviceRecord` still stands for a device."""

    ACTIVE = "active"
    REMOVED = "removed"


class DeviceRecord(Record):
    """All that protocol-dlms knows of a gateway; topic `devices` (compacted). Views keep the highest `revision`.

    `system_title` (8 octets) is what the meter called itself in its last association. `with_list_max` is the number of
    attributes in one request; 0: not laid down.
    `ephemeral_public` is the X25519 public key under which this record's keys are sealed for `recipient`.
    `signature_public_key` is the meter's own of ECDSA (security suite 1), a point of P-256, x | y.
    """

    device_identification: str
    revision: int
    state: DeviceState
    organisation: str
    device_type: str
    protocol_name: str
    protocol_version: str
    connection: Connection
    security_level: SecurityLevel
    challenge_length: int = 64
    with_list_max: int = 1
    selective_access: bool = True
    selective_access_periodic_reads: bool = True
    polyphase: bool = False
    use_hdlc: bool = False
    use_short_names: bool = False
    time_zone: str | None = None
    debug: bool = False
    communication_method: str | None = None
    protocol_variant: str | None = None
    system_title: bytes | None = None
    recipient: str = ""
    ephemeral_public: bytes = b""
    keys: list[SealedKey] = Field(default_factory=list)
    channels: list[MbusChannel] = Field(default_factory=list)
    signature_public_key: bytes | None = None


class CounterReservation(Record):
    """A block of invocation counters taken by one process; topic `device-sessions`.

    The block is [`previous_mark`, `new_mark`) and holds only if this is the first reservation in log order above
    `previous_mark`. `owner` is the random id of the process's start.
    """

    gateway: str
    key_id: str
    client_title: bytes
    owner: str
    previous_mark: int
    new_mark: int


class UnsafeStep(Record):
    """A step that must not run twice: written before its first APDU, closed with its answer; topic `device-sessions`.

    `step` is the action's place in a bundle, 0 otherwise. `response` is the encoded answer of a closed step.
    """

    gateway: str
    organisation: str
    correlation_uid: str
    attempt: int
    step: int
    closed: bool
    not_after: Moment
    response: bytes | None = None
    error: ErrorRecord | None = None


class BegunTransfer(Record):
    """An image transfer that a meter has begun and that is not known to have ended; topic `device-sessions`.

    `sha256` is the digest of the octets that are sent; a tombstone says that none is under way.
    """

    gateway: str
    sha256: Sha256
    noted_at: Moment


class ProvenKeys(Record):
    """The keys with which the last association stood; topic `device-sessions`, on change only."""

    gateway: str
    key_ids: list[str]
    observed_at: Moment


class Quirks(Record):
    """What a meter was found not to take, or to be like; topic `device-sessions`, on change only.

    `lists_refused`: requests for several attributes at once are refused as a whole. `scalers_verified`: scaler and unit
    of the registers in its profiles are those that its type lays down. Holds for sessions under `revision` of the
    device's record, and until the meter gets other firmware.
    """

    gateway: str
    revision: int
    lists_refused: bool
    observed_at: Moment
    scalers_verified: bool = False


class LearntAddress(Record):
    """Where a meter with a dynamic address was when it pushed; topic `device-sessions`, on change only.

    `verified`: keys of the meter vouched for the push; otherwise it came from a network that is trusted, or the meter
    has to prove itself in every association (HLS). `address` is an IP address.
    """

    gateway: str
    address: str
    verified: bool
    learnt_at: Moment


class PushTransport(StrEnum):
    """How a push came; one make says different things by TCP and by UDP."""

    TCP = "tcp"
    UDP = "udp"


class Push(Record):
    """Octets that a meter sent unasked, as they came; topic `pushes`. Whose they are is verified by the reader.

    `octets` is one message with its wrapper header, where it has one. The source may be forged.
    """

    octets: Annotated[bytes, Field(max_length=65_536, repr=False)]
    transport: PushTransport
    source_address: str
    source_port: int
    received_at: Moment


class KafkaCommands(StrEnum):
    """Whether and how an organisation may publish commands by itself."""

    OFF = "off"
    OWN_TOPIC = "own-topic"
    SIGNED = "signed"
    TRUSTED = "trusted"


class EndpointKind(StrEnum):
    """How an organisation is told about results."""

    SOAP = "soap"
    WEBHOOK = "webhook"


class Endpoint(Record):
    """Where notifications go. `application` "" serves every application.

    `sealed_secret` (webhooks) is sealed for notification like a device key: ephemeral public key (32 octets), nonce
    and ciphertext, with associated data `<organisation>|endpoint|<url>`.
    """

    kind: EndpointKind
    url: str
    application: str = ""
    sealed_secret: bytes = b""


class OrganisationRecord(Record):
    """An organisation as other services know it; topic `organisations` (compacted)."""

    organisation: str
    revision: int
    name: str
    enabled: bool
    kafka_commands: KafkaCommands = KafkaCommands.OFF
    admin: bool = False
    certificate_names: list[str] = Field(default_factory=list)
    endpoints: list[Endpoint] = Field(default_factory=list)


class ReadingRow(Record):
    """One scaled value. `quantity` is the field's name in the operation's response; `status` the profile's flags."""

    quantity: str
    logical_name: str
    value: ReadingValue
    unit: str
    captured_at: Moment
    status: list[str] = Field(default_factory=list)


class MeterReadings(Record):
    """All values of one answer; topic `readings`."""

    reading_id: str
    device_identification: str
    organisation: str
    correlation_uid: str
    operation: str
    read_at: Moment
    rows: list[ReadingRow]
