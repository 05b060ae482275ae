from __future__ import annotations

import pytest

from meterstream.notification.adapters.database import ServiceDatabase
from meterstream.notification.adapters.organisations import Organisations
from meterstream.notification.adapters.store import DeliveryStore
from meterstream.notification.handlers.results import ResultsHandler
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import DatabaseOutage, UnreadableMessage
from meterstream.runtime.kafka import Message
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.outbound.addresses import TargetRules
from meterstream.runtime.settings import PostgresSettings


class NoLetters:
    async def send(self, letters) -> None:
        assert not letters


@pytest.fixture
def handler(make_organisation, soap_endpoint) -> ResultsHandler:
    """On a database that was never opened."""
    organisations = Organisations()
    organisations.take("DemoGridOrg", make_organisation(soap_endpoint))
    return ResultsHandler(
        shared_codec(),
        organisations,
        TargetRules(),
        DeliveryStore(ServiceDatabase(PostgresSettings(dsn="postgresql://nobody@127.0.0.1:1/none"))),
        NoLetters(),
        give_up_after_s=60,
        stored=lambda: pytest.fail("nothing was stored"),
        metrics=Metrics("notification"),
    )


@pytest.mark.parametrize("value", [None, b"", b"\xc3\x01broken"])
async def test_a_message_that_is_no_result_is_poison(handler, value: bytes | None) -> None:
    with pytest.raises(UnreadableMessage):
        await handler.handle([Message("results", 0, 0, None, value)])


async def test_another_record_is_poison(handler, make_organisation) -> None:
    with pytest.raises(UnreadableMessage, match="where a result or an event belongs"):
        await handler.handle([Message("results", 0, 0, None, shared_codec().encode(make_organisation()))])


async def test_without_a_database_the_batch_is_held(handler, make_result) -> None:
    with pytest.raises(DatabaseOutage):
        await handler.handle([Message("results", 0, 0, None, shared_codec().encode(make_result()))])


async def test_nobody_to_tell_is_counted_and_needs_no_database(handler, make_result) -> None:
    await handler.handle([Message("results", 0, 0, None, shared_codec().encode(make_result(organisation="Unknown")))])
    labels = {"kind": "none", "outcome": "unaddressed"}
    assert handler._metrics.registry.get_sample_value("meterstream_deliveries_total", labels) == 1
