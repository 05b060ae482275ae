"""Generated requests against the running face: no failure of ours, and no answer that the document does not have."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import error
from meterstream.contracts.operation import Command, Kind
from meterstream.contracts.operations.get_devices import DeviceSummary, GetDevicesResponse
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.rest.openapi import build_openapi
from meterstream.ws_adapter.settings import HttpSettings

pytestmark = pytest.mark.hypothesis

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FUZZING = settings.get_current_profile_name() == "fuzz"
EXAMPLES = settings.get_profile("fuzz").max_examples // 20 if FUZZING else 2
NAMED = ("AddDevice", "GetActualMeterReads", "GetDevices", "GetPeriodicMeterReads", "SetSpecialDays", "SynchronizeTime")
"""Each form of body and answer but the bundle, whose schema takes long to compile; `make fuzz` takes all operations."""
DEVICES = GetDevicesResponse(
    total_pages=1,
    devices=[
        DeviceSummary(
            device_uid="1",
            device_identification="E0000000000000001",
            device_type="SMART_METER_E",
            activated=True,
            has_schedule=False,
            public_key_present=False,
        )
    ],
)

OPERATIONS = load_operations() if FUZZING else {name: load_operations()[name] for name in NAMED}
schema = from_dict(build_openapi(Forms(OPERATIONS, Codec()).by_name))
schema.config.phases.coverage.enabled = FUZZING  # hundreds of requests a route


@schemathesis.serializer("application/x-ndjson")
def to_ndjson(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """A generated body of lines is text."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def face(build_stack: Callable[..., Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The face on a thread of its own; where it is, and who calls."""
    http = HttpSettings(host="127.0.0.1", port=0, trusted_proxies="127.0.0.1", requests_per_s=1e6)
    stack = build_stack(http, verdict_s=0.5, synchronous_s=0.5, retrieval_s=0.01)
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    refuse = stack.domain.rejecting(error("UNAUTHORIZED", "not authorised"))
    devices = stack.domain.completing(DEVICES)

    def answer(command: Command) -> Any:
        if command.operation.name == "GetDevices":
            return devices(command)
        return refuse(command) if command.operation.kind is Kind.SYNCHRONOUS else stack.domain.queued(command)

    stack.domain.answer = answer

    async def serve() -> None:
        await stack.listener.start()
        started.set()
        await ended.wait()
        await stack.listener.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="face")
    thread.start()
    assert started.wait(30)
    yield stack.base, stack.as_organisation("DemoGridOrg")
    loop.call_soon_threadsafe(ended.set)
    thread.join(30)
    assert not thread.is_alive()
    loop.close()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
def test_answers_are_those_of_the_document(case: schemathesis.Case, face: tuple[str, dict[str, str]]) -> None:
    base, headers = face
    case.call_and_validate(base_url=base, headers=headers, checks=CHECKS, timeout=20)
