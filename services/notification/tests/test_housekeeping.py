from __future__ import annotations

import asyncio
from uuid import UUID

from meterstream.contracts.records import EndpointKind
from meterstream.notification.adapters.store import NewDelivery, Source
from meterstream.notification.housekeeping import Housekeeping
from meterstream.notification.model.notice import notice_of
from meterstream.notification.model.targets import Target


async def test_purges_on_its_timer_until_it_is_stopped(store, database, make_result) -> None:
    notice = notice_of(make_result())
    assert notice is not None
    refused = Target(UUID(int=1), UUID(int=2), EndpointKind.SOAP, "http://127.0.0.1/", True, "loopback")
    housekeeping = Housekeeping(store, interval_s=0.02, keep_s=0)
    await housekeeping.start()
    await store.add([NewDelivery(refused, notice, Source("results", 0, 0, None, b""))], give_up_after_s=60)
    async with asyncio.timeout(10), database.connection() as connection:
        while True:
            cursor = await connection.execute("select count(*) from notification.deliveries")
            if await cursor.fetchone() == (0,):
                break
            await asyncio.sleep(0.01)
    await housekeeping.stop()
