"""UpdateFirmware with a moment of activation: the command waits for it between two attempts that both go well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.envelope import ResultStatus, State
from meterstream.contracts.errors import error
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest, UpdateFirmwareResponse

MODEL = {"manufacturer": "TST", "model_code": "T1"}


@pytest.fixture
async def registry(domain):
    """A meter of org-a, of model T1, and firmware for it."""
    await domain.organisation("root", admin=True)
    await domain.install()
    await carry_out(domain, "AddManufacturer", manufacturer={"code": "TST", "name": "Testers"})
    await carry_out(domain, "AddDeviceModel", device_model=MODEL)
    await domain.execute('update domain.devices set model = \'{"manufacturer": "TST", "model_code": "T1"}\'')
    file = {"identification": "FW-1", "device_models": [MODEL], "module_versions": {}}
    await carry_out(domain, "AddFirmware", firmware=file | {"file": b"image", "image_identifier": b"IMG-1"})
    return domain


async def carry_out(domain, name, **request):
    result = await domain.carry_out(name, "root", None, **request)
    assert result.status is ResultStatus.OK, result.error


def update(registry, **after):
    at = registry.clock.now + timedelta(**after)
    return UpdateFirmwareRequest(firmware_identification="FW-1", activate_at=at)


async def verified(registry, asked):
    """The attempt that sent the image, answered; and that answer."""
    (request,) = (await registry.handle(registry.command(asked))).requests()
    answer = registry.answer(request, UpdateFirmwareResponse(activates_at=asked.activate_at), retryable=True)
    return answer, await registry.handle(answer)


async def test_a_command_waits_for_the_moment_of_activation(registry):
    asked = update(registry, hours=5)
    answer, sent = await verified(registry, asked)
    assert (sent.results(), sent.requests()) == ([], [])
    (state,) = sent.on("command-states")
    assert (state.state, state.due_at, state.error) == (State.SCHEDULED, asked.activate_at, None)
    again = await registry.handle(answer)
    assert again.outgoing == sent.outgoing
    await registry.pass_time(hours=4)
    assert (await registry.run_timers()).requests() == []
    await registry.pass_time(hours=1, seconds=1)
    (request,) = (await registry.run_timers()).requests()
    assert (request.header.attempt, request.header.images[0].firmware_identification) == (2, "FW-1")
    (result,) = (await registry.handle(registry.answer(request, UpdateFirmwareResponse()))).results()
    assert (result.status, result.response, result.attempt) == (ResultStatus.OK, UpdateFirmwareResponse(), 2)


async def test_a_failed_activation_is_tried_again(registry):
    await verified(registry, update(registry, hours=5))
    await registry.pass_time(hours=5, seconds=1)
    (request,) = (await registry.run_timers()).requests()
    away = error("CONNECTION_TIMED_OUT", "away").to_record("PROTOCOL_DLMS")
    await registry.handle(registry.answer(request, error=away, retryable=True))
    await registry.pass_time(hours=1)
    assert [found.header.attempt for found in (await registry.run_timers()).requests()] == [3]


@pytest.mark.parametrize("bundled", [False, True])
async def test_a_moment_that_cannot_be_kept_is_refused(registry, bundled):
    asked = update(registry, hours=1 if bundled else 1000)
    if bundled:
        action = BundleAction(operation="UpdateFirmware", request=registry.codec.encode(asked))
        asked = BundleRequest(actions=[action])
    sent = await registry.handle(registry.command(asked))
    (result,) = sent.results()
    failure = result.response.answers[0].error if bundled else result.error
    assert (failure.code, failure.details["field"]) == ("VALIDATION_ERROR", "request.activate_at")
    assert sent.requests() == []
