"""GetBatteryVoltage in domain: authorised by its own function, refused by its own rule, sent to protocol-dlms."""

from __future__ import annotations

from typing import Any

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import ResultStatus

METER = "TEST1024000000001"


async def test_the_owner_reaches_the_meter(domain: Any) -> None:
    await domain.install()
    request = find_operation("GetBatteryVoltage").request(samples=3)
    sent = await domain.handle(domain.command(request))
    (asked,) = sent.requests()
    assert (asked.operation.name, asked.request) == ("GetBatteryVoltage", request)
    response = asked.operation.response(lowest="3.5", read_at=domain.clock.now)
    (result,) = (await domain.handle(domain.answer(asked, response))).results()
    assert (result.status, result.response) == (ResultStatus.OK, response)


async def test_its_own_rule_and_its_own_function(domain: Any) -> None:
    await domain.install()
    await domain.execute(f"insert into domain.device_authorisations values ('org-b', '{METER}', 'AD_HOC')")
    operation = find_operation("GetBatteryVoltage")
    sent = await domain.handle(domain.command(operation.request(samples=3), organisation="org-b"))
    (result,) = sent.results()
    assert (result.error.code, result.error.details["field"]) == ("UNAUTHORIZED", "request.samples")
    one = domain.command(operation.request(), organisation="org-b", uid="B" * 20)
    assert len((await domain.handle(one)).requests()) == 1
    await domain.execute("delete from domain.device_authorisations where organisation = 'org-b'")
    sent = await domain.handle(domain.command(operation.request(), organisation="org-b", uid="C" * 20))
    (result,) = sent.results()
    assert result.error.details["function"] == "GET_BATTERY_VOLTAGE"
