"""A meter in memory with an image transfer object, and faults that a test chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import (
    Data,
    Selection,
    array,
    boolean,
    double_long_unsigned,
    enum,
    octet_string,
    structure,
)
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, At, MethodTarget
from meterstream.protocol_dlms.meter import method_ref
from meterstream.protocol_dlms.twin import MemoryMeter

BLOCK = 216
INITIATE, TRANSFER, VERIFY, ACTIVATE = range(1, 5)


class ImageMeter(MemoryMeter):
    """Keeps its state over associations: `back` gives the same meter again.

    Attributes:
        answers: results of methods in turn, by number; what is not there succeeds.
        loses: which block transfers, counted from 0, are lost although the answer is success.
        steps: status after a method, in turn as it is read; None keeps what the method made.
        verifies: whether the image passes.
    """

    def __init__(self, profile: MeterProfile) -> None:
        super().__init__(profile)
        self.answers: dict[int, list[ActionResult]] = {}
        self.loses: Callable[[int], bool] = lambda _: False
        self.steps: dict[int, list[int]] = {}
        self.verifies = True
        self.enabled = False
        self.status = 0
        self.identifier = b""
        self.size = 0
        self.blocks: dict[int, bytes] = {}
        self.sent: list[int] = []
        self.passing: list[int] = []
        self.block_size = BLOCK
        self.put(At("image_transfer", 5), boolean(False))
        for attribute, read in ((2, self._block_size), (4, self._first_missing), (6, self._status), (7, self._info)):
            self.put(At("image_transfer", attribute), read)

    @property
    def octets(self) -> bytes:
        return b"".join(octets for _, octets in sorted(self.blocks.items()))

    def back(self) -> ImageMeter:
        """The line is up again."""
        self.asked.clear()
        self.drop_after = None
        return self

    async def action(self, target: MethodTarget, data: Data | None = None) -> Data | None:
        method = method_ref(self.profile, target).method
        await super().action(target, data)
        result = self._call(method, data)
        queued = self.answers.get(method)
        if queued:
            result = queued.pop(0)
        if result is not ActionResult.SUCCESS:
            raise AccessRefused(result, method_ref(self.profile, target))
        return None

    def _call(self, method: int, data: Any) -> ActionResult:
        if self.answers.get(method) and self.answers[method][0] is not ActionResult.TEMPORARY_FAILURE:
            return ActionResult.SUCCESS  # refused below
        self.passing = list(self.steps.get(method, []))
        match method:
            case 1:
                identifier, size = (part.value for part in data.value)
                self.status, self.identifier, self.size, self.blocks = 1, identifier, size, {}
            case 2:
                number, octets = (part.value for part in data.value)
                if not self.loses(len(self.sent)) and not self.answers.get(method):
                    self.blocks[number] = octets
                self.sent.append(number)
            case 3:
                self.status = 3 if self.verifies and len(self.octets) == self.size else 4
                return ActionResult.SUCCESS if self.status == 3 else ActionResult.OTHER_REASON
            case 4:
                self.status = 6
        return ActionResult.SUCCESS

    def _block_size(self, _: Selection | None) -> Data:
        return double_long_unsigned(self.block_size)

    def _first_missing(self, _: Selection | None) -> Data:
        count = -(-self.size // BLOCK)
        return double_long_unsigned(next((n for n in range(count) if n not in self.blocks), count))

    def _status(self, _: Selection | None) -> Data:
        return enum(self.passing.pop(0) if self.passing else self.status)

    def _info(self, _: Selection | None) -> Data:
        if self.status not in (3, 5, 6, 7):
            return array([])
        entry = (double_long_unsigned(self.size), octet_string(self.identifier), octet_string(self.octets[:4]))
        return array([structure(*entry)])
