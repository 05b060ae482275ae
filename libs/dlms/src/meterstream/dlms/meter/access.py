"""ACCESS at the meter: its items go to the same application as GET, SET and ACTION (IEC 62056-5-3, 6.13)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu import (
    AccessAction,
    AccessActionResult,
    AccessGet,
    AccessGetResult,
    AccessItem,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSetResult,
    ActionResult,
    DataAccessResult,
)
from meterstream.dlms.data import NULL, Data
from meterstream.dlms.meter.application import MeterApplication

_BREAK_ON_ERROR: Final = 1 << 29


def serve_access(application: MeterApplication, sap: int, request: AccessRequest) -> bytes:
    """The access-response, however long. Raises: DropLine.

    With break-on-error the items after the first failure are not carried out; they have other-reason.
    """
    results: list[AccessResult] = []
    values: list[Data] = []
    broken = False
    for item, data in zip(request.items, request.data, strict=True):
        result, value = _skipped(item) if broken else _serve(application, sap, item, data)
        results.append(result)
        values.append(value)
        broken = broken or (bool(request.invoke & _BREAK_ON_ERROR) and result.result != 0)
    return AccessResponse(request.invoke, tuple(results), tuple(values)).encode()


def _serve(application: MeterApplication, sap: int, item: AccessItem, data: Data) -> tuple[AccessResult, Data]:
    if isinstance(item, AccessAction):
        done, returned = application.action(sap, item.ref, None if data == NULL else data)
        return AccessActionResult(done), NULL if returned is None else returned
    if isinstance(item, AccessGet):
        read = application.get(sap, item.ref, item.selection)
        if isinstance(read, DataAccessResult):
            return AccessGetResult(read), NULL
        return AccessGetResult(DataAccessResult.SUCCESS), read
    return AccessSetResult(application.set(sap, item.ref, item.selection, data)), NULL


def _skipped(item: AccessItem) -> tuple[AccessResult, Data]:
    if isinstance(item, AccessAction):
        return AccessActionResult(ActionResult.OTHER_REASON), NULL
    if isinstance(item, AccessGet):
        return AccessGetResult(DataAccessResult.OTHER_REASON), NULL
    return AccessSetResult(DataAccessResult.OTHER_REASON), NULL
