"""Image transfer (class 18) of a meter: its own firmware, and that of its M-Bus devices which it passes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from meterstream.dlms.apdu import ActionResult, ReadResult
from meterstream.dlms.data import (
    Data,
    DataType,
    array,
    bit_string,
    double_long_unsigned,
    enum,
    octet_string,
    structure,
)
from meterstream.simulator.mbus.firmware import is_for_mbus
from meterstream.simulator.mbus.forward import forward, has_addressee
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.objects.image import (
    FAULTY,
    ImageStatus,
    ImageTransfer,
    signature_of,
    transferred_bits,
    version_of,
)

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

BLOCK_SIZE, TRANSFERRED, FIRST_MISSING, ENABLED, STATUS, TO_ACTIVATE = 2, 3, 4, 5, 6, 7
INITIATE, TRANSFER, VERIFY, ACTIVATE = 1, 2, 3, 4

_LOG: Final = "standard_event_log"
_READY_FOR_ACTIVATION, _ACTIVATED, _SELF_CHECK = 17, 18, 20
_VERIFIED: Final = frozenset((ImageStatus.VERIFICATION_SUCCESSFUL, ImageStatus.ACTIVATION_FAILED))

_Method: TypeAlias = "Callable[[SimulatedMeter, SimulatedObject, Data, int], ActionResult]"


@dataclass(slots=True)
class Firmware:
    """Version and signature of the meter's firmware; empty: those of the factory."""

    version: bytes = b""
    signature: bytes = b""


class ImageTransferBehaviour(Behaviour):
    """Methods are refused with other-reason while attribute 5 is false; everything survives the end of a line."""

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {
            INITIATE: "image_transfer_initiate",
            TRANSFER: "image_block_transfer",
            VERIFY: "image_verify",
            ACTIVATE: "image_activate",
        }
    )

    def read(self, meter: SimulatedMeter, _item: SimulatedObject, attribute: int, _at: int) -> ReadResult | None:
        options = meter.model.images
        transfer = meter.peek(ImageTransfer) or _NONE
        if attribute == BLOCK_SIZE:
            return double_long_unsigned(options.block_size)
        if attribute == TRANSFERRED:
            return bit_string(transferred_bits(transfer, lowest_bit_first=options.lowest_bit_first))
        if attribute == FIRST_MISSING:
            return double_long_unsigned(transfer.first_missing)
        if attribute == STATUS:
            return enum(transfer.status)
        if attribute == TO_ACTIVATE:
            return array(() if transfer.info is None else (_info(*transfer.info),))
        return None

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, at: int
    ) -> tuple[ActionResult, Data | None]:
        enabled = meter.written(item, ENABLED)
        if enabled is None or enabled.value is not True:
            return ActionResult.OTHER_REASON, None
        if data is None:
            return ActionResult.TYPE_UNMATCHED, None
        return _METHODS[method](meter, item, data, at), None

    def due(self, meter: SimulatedMeter, item: SimulatedObject, at: int) -> None:
        transfer = meter.state(ImageTransfer)
        if transfer.status == ImageStatus.VERIFICATION_INITIATED:
            _verified(meter, transfer, at)
        elif transfer.restarting:
            _began_to_run(meter, transfer, at)
        elif transfer.status == ImageStatus.ACTIVATION_INITIATED:
            _activate_now(meter, item, transfer, at)


class FirmwareVersion(Behaviour):
    """Active firmware identifier and signature: those of the last image that was activated."""

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, _at: int) -> ReadResult | None:
        firmware = meter.peek(Firmware)
        if attribute != 2 or firmware is None:
            return None
        octets = firmware.signature if item.role.endswith("signature") else firmware.version
        return octet_string(octets) if octets else None


_NONE: Final = ImageTransfer()


def _info(size: int, identifier: bytes, signature: bytes) -> Data:
    return structure(double_long_unsigned(size), octet_string(identifier), octet_string(signature))


# --- methods ---


def _initiate(meter: SimulatedMeter, item: SimulatedObject, data: Data, _at: int) -> ActionResult:
    parts = data.value if data.type is DataType.STRUCTURE and isinstance(data.value, tuple) else ()
    if [part.type for part in parts] != [DataType.OCTET_STRING, DataType.DOUBLE_LONG_UNSIGNED]:
        return ActionResult.TYPE_UNMATCHED
    identifier, size = parts[0].value, parts[1].value
    if not isinstance(identifier, bytes) or not isinstance(size, int):
        return ActionResult.TYPE_UNMATCHED
    if is_for_mbus(identifier) and not has_addressee(meter, identifier):
        return ActionResult.OTHER_REASON
    if _is_busy(meter.peek(ImageTransfer)):
        return ActionResult.TEMPORARY_FAILURE
    meter.unplan(item)
    return meter.state(ImageTransfer).initiate(identifier, size, meter.model.images)


def _transfer(meter: SimulatedMeter, _item: SimulatedObject, data: Data, _at: int) -> ActionResult:
    parts = data.value if data.type is DataType.STRUCTURE and isinstance(data.value, tuple) else ()
    if [part.type for part in parts] != [DataType.DOUBLE_LONG_UNSIGNED, DataType.OCTET_STRING]:
        return ActionResult.TYPE_UNMATCHED
    number, octets = parts[0].value, parts[1].value
    if not isinstance(number, int) or not isinstance(octets, bytes):
        return ActionResult.TYPE_UNMATCHED
    transfer = meter.peek(ImageTransfer)
    if transfer is None:
        return ActionResult.OTHER_REASON
    return transfer.take(number, octets, meter.number, meter.model.images.loss)


def _verify(meter: SimulatedMeter, item: SimulatedObject, data: Data, at: int) -> ActionResult:
    if data.type is not DataType.INTEGER:
        return ActionResult.TYPE_UNMATCHED
    transfer = meter.peek(ImageTransfer)
    if transfer is None or transfer.status == ImageStatus.NOT_INITIATED or not any(transfer.blocks):
        return ActionResult.OTHER_REASON
    if _is_busy(transfer):
        return ActionResult.TEMPORARY_FAILURE
    if meter.model.images.verify_ms:
        transfer.status = ImageStatus.VERIFICATION_INITIATED
        meter.plan(item, meter.model.images.verify_ms, at)
        return ActionResult.TEMPORARY_FAILURE
    return ActionResult.SUCCESS if _verified(meter, transfer, at) else ActionResult.OTHER_REASON


def _activate(meter: SimulatedMeter, item: SimulatedObject, data: Data, at: int) -> ActionResult:
    if data.type is not DataType.INTEGER:
        return ActionResult.TYPE_UNMATCHED
    transfer = meter.peek(ImageTransfer)
    if transfer is None:
        return ActionResult.OTHER_REASON
    if _is_busy(transfer):
        return ActionResult.TEMPORARY_FAILURE
    if is_for_mbus(transfer.identifier):
        if transfer.status not in _VERIFIED | {ImageStatus.INITIATED}:
            return ActionResult.OTHER_REASON
    elif transfer.status not in _VERIFIED:
        return ActionResult.OTHER_REASON
    transfer.status = ImageStatus.ACTIVATION_INITIATED
    meter.plan(item, meter.model.images.activate_ms, at)
    succeeds = meter.model.images.activation_succeeds
    return ActionResult.SUCCESS if succeeds else ActionResult.TEMPORARY_FAILURE


_METHODS: Final[Mapping[int, _Method]] = MappingProxyType(
    {INITIATE: _initiate, TRANSFER: _transfer, VERIFY: _verify, ACTIVATE: _activate}
)


def _is_busy(transfer: ImageTransfer | None) -> bool:
    busy = (ImageStatus.VERIFICATION_INITIATED, ImageStatus.ACTIVATION_INITIATED)
    return transfer is not None and transfer.status in busy


# --- what takes its time ---


def _verified(meter: SimulatedMeter, transfer: ImageTransfer, at: int) -> bool:
    passed = transfer.verify()
    if passed:
        meter.log(_LOG, _READY_FOR_ACTIVATION, at)
    return passed


def _activate_now(meter: SimulatedMeter, item: SimulatedObject, transfer: ImageTransfer, at: int) -> None:
    """Pass an image on to its M-Bus device; otherwise restart with it, or stay with the old one where it is faulty."""
    if is_for_mbus(transfer.identifier):
        forwarded = forward(meter, transfer.identifier, transfer.octets, at, complete=transfer.is_complete)
        transfer.status = ImageStatus.ACTIVATION_SUCCESSFUL if forwarded else ImageStatus.ACTIVATION_FAILED
        transfer.forget_blocks()
    elif transfer.identifier.endswith(FAULTY):
        transfer.status = ImageStatus.ACTIVATION_FAILED
    else:
        transfer.restarting = True
        down = meter.model.images.restart_ms
        meter.plan(item, down, at)
        left = at + down - meter.model.now_ms()
        if left > 0:
            meter.model.restart(meter.number, left)


def _began_to_run(meter: SimulatedMeter, transfer: ImageTransfer, at: int) -> None:
    """The new firmware runs, and has checked itself."""
    firmware = meter.state(Firmware)
    firmware.version = version_of(transfer.identifier) or signature_of(transfer.octets)
    firmware.signature = signature_of(transfer.octets)
    transfer.restarting = False
    transfer.status = ImageStatus.ACTIVATION_SUCCESSFUL
    transfer.forget_blocks()
    meter.log(_LOG, _ACTIVATED, at)
    meter.log(_LOG, _SELF_CHECK, at)
