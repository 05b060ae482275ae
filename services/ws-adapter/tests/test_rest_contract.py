"""Generated requests against the running face: no failure of ours, and no answer that the document does not have."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import error
from meterstream.contracts.operation import Command, Kind
from meterstream.contracts.operations.bundle import BundleRequest
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
    negative_data_rejection,
]
"""Not `positive_data_acceptance`: rules that a schema cannot tell (begin before end, known time zones) refuse some."""
FUZZING = settings.get_current_profile_name() == "fuzz"
EXAMPLES = settings.get_profile("fuzz").max_examples // 200 if FUZZING else 3
NAMED = (
    "AddDevice",
    "Bundle",
    "GetActualMeterReads",
    "GetDevices",
    "GetPeriodicMeterReads",
    "SetSpecialDays",
    "SynchronizeTime",
)
"""Each form of body and answer; `make fuzz` takes all operations."""
EVERY = load_operations()
NAMES = tuple(sorted(EVERY)) if FUZZING else NAMED
COMMON_ROUTES = "/v1/operations"
SUBMIT_MANY = f"POST {COMMON_ROUTES}"
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


def document_of(name: str) -> dict[str, Any]:
    """The document of one operation: that of all takes minutes to compile. A bundle holds some action of each kind."""
    catalogue = {name: EVERY[name]}
    if issubclass(EVERY[name].request, BundleRequest):
        catalogue |= {action: EVERY[action] for action in NAMED if EVERY[action].bundle_action}
    return build_openapi({name: Forms(catalogue, Codec()).by_name[name]})


def routes_of(name: str) -> Iterator[APIOperation[Any, Any, Any]]:
    """The routes of an operation; those that all have in common come with the first one."""
    schema = from_dict(document_of(name))
    schema.config.generation.update(with_security_parameters=False)  # who calls is known by the certificate
    for found in schema.get_all_operations():
        route = found.ok()
        if name == NAMES[0] or not route.path.startswith(COMMON_ROUTES) or route.path.endswith(f"/{name}"):
            yield route


def checks_of(route: APIOperation[Any, Any, Any]) -> list[CheckFunction]:
    """Where they hold: lines are answered each by itself, so that a body of other lines is no wrong request."""
    return [check for check in CHECKS if check is not negative_data_rejection or route.label != SUBMIT_MANY]


def ask(route: APIOperation[Any, Any, Any], mode: GenerationMode, base: str, headers: dict[str, str]) -> None:
    """Send a route what its document allows, or what it does not."""
    checks = checks_of(route)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(route.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=base, headers=headers, checks=checks, timeout=20)

    check()


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_document(name: str, mode: GenerationMode, face: tuple[str, dict[str, str]]) -> None:
    for route in routes_of(name):
        ask(route, mode, *face)
