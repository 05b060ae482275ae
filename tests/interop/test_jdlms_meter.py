"""Our client and a meter that no one here wrote: the jDLMS server (GPLv3, see jdlms-meter/README.md)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms.apdu import Conformance, DataAccessResult
from meterstream.dlms.asyncio import MeterSession, open_session
from meterstream.dlms.client import PUBLIC_CLIENT, AssociationConfig, Level, SecurityKeys, client_title_for
from meterstream.dlms.data import AttributeRef, CosemDateTime, Data, LogicalName, octet_string, structure
from meterstream.dlms.data import double_long_unsigned as u32
from meterstream.dlms.data import enum as enumerated
from meterstream.dlms.data import integer as i8
from meterstream.dlms.errors import AccessError, LinkClosed

pytestmark = pytest.mark.servers

REGISTERS = {
    "1.0.1.8.0.255": 18_422_107,
    "1.0.1.8.1.255": 10_021_040,
    "1.0.1.8.2.255": 8_401_067,
    "1.0.2.8.0.255": 3_100_250,
    "1.0.2.8.1.255": 1_000_200,
    "1.0.2.8.2.255": 2_100_050,
}
WATT_HOURS = structure(i8(0), enumerated(30))
_counters = itertools.count(5000)  # of all sessions: no counter is used twice under one key


class Counters:
    def take(self) -> int:
        return next(_counters)

    async def ensure(self, count: int) -> None:
        """There is always another one."""


def ref(class_id: int, obis: str, attribute: int) -> AttributeRef:
    return AttributeRef(class_id, bytes(LogicalName.parse(obis)), attribute)


CLOCK = ref(8, "0.0.1.0.0.255", 2)


async def management(meter, *, encryption: bytes | None = None, authentication: bytes | None = None) -> MeterSession:
    config = AssociationConfig(
        level=Level.HLS5_GMAC,
        client_title=client_title_for(meter.identification),
        keys=SecurityKeys(encryption or meter.encryption_key, authentication or meter.authentication_key),
        with_list_max=16,
    )
    return await open_session((meter.host, meter.port), config, Counters(), connect_timeout_s=5, response_timeout_s=5)


async def public(meter) -> MeterSession:
    config = AssociationConfig(level=Level.NONE, client_sap=PUBLIC_CLIENT)
    return await open_session((meter.host, meter.port), config, None, connect_timeout_s=5, response_timeout_s=5)


def moment_of(data: Data) -> datetime:
    moment = CosemDateTime.from_data(data).to_datetime()
    assert moment is not None
    return moment


async def test_associates_and_knows_the_meter_by_its_title(jdlms_meter) -> None:
    async with await management(jdlms_meter) as session:
        assert session.server_title == jdlms_meter.system_title
        assert session.negotiated & Conformance.GET
        assert session.last_received_counter is not None


async def test_reads_clock_register_and_name(jdlms_meter) -> None:
    async with await management(jdlms_meter) as session:
        assert moment_of(await session.get(CLOCK)).tzinfo is not None
        assert await session.get(ref(3, "1.0.1.8.0.255", 2)) == u32(18_422_107)
        assert await session.get(ref(3, "1.0.1.8.0.255", 3)) == WATT_HOURS
        assert await session.get(ref(1, "0.0.42.0.0.255", 2)) == octet_string(jdlms_meter.logical_device_name.encode())


async def test_reads_all_registers_with_one_list(jdlms_meter) -> None:
    refs = [ref(3, obis, attribute) for obis in REGISTERS for attribute in (2, 3)]
    async with await management(jdlms_meter) as session:
        before = session.sent_apdus
        answers = await session.get_list(refs)
        assert session.sent_apdus == before + 1
    assert answers == [part for value in REGISTERS.values() for part in (u32(value), WATT_HOURS)]


async def test_a_missing_object_gets_its_own_result_in_a_list(jdlms_meter) -> None:
    async with await management(jdlms_meter) as session:
        answers = await session.get_list([ref(3, "1.0.1.8.0.255", 2), ref(3, "1.0.99.8.0.255", 2)])
    assert answers == [u32(18_422_107), DataAccessResult.OBJECT_UNDEFINED]


async def test_sets_the_clock_and_reads_it_back(jdlms_meter) -> None:
    wanted = datetime(2025, 7, 1, 12, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))
    async with await management(jdlms_meter) as session:
        await session.set(CLOCK, CosemDateTime.from_datetime(wanted).to_data())
        found = moment_of(await session.get(CLOCK))
        assert timedelta(0) <= found - wanted < timedelta(seconds=10)
        assert found.utcoffset() == timedelta(hours=2)
        now = datetime.now(UTC)
        await session.set(CLOCK, CosemDateTime.from_datetime(now).to_data())
        assert abs(moment_of(await session.get(CLOCK)) - now) < timedelta(seconds=10)


async def test_a_refused_write_is_the_meters_result(jdlms_meter) -> None:
    async with await management(jdlms_meter) as session:
        with pytest.raises(AccessError) as refused:
            await session.set(ref(3, "1.0.1.8.0.255", 2), u32(0))
        assert refused.value.result is DataAccessResult.READ_WRITE_DENIED
        assert await session.get(ref(3, "1.0.1.8.0.255", 2)) == u32(18_422_107)


async def test_the_public_client_reads_the_invocation_counter(jdlms_meter) -> None:
    async with await public(jdlms_meter) as session:
        assert await session.get(ref(1, "0.0.43.1.0.255", 2)) == u32(jdlms_meter.invocation_counter)


@pytest.mark.parametrize("wrong", ["encryption", "authentication"])
async def test_a_wrong_key_is_refused(jdlms_meter, wrong: str) -> None:
    """jDLMS closes the connection and says nothing: an outcome of its own, not "unreachable"."""
    with pytest.raises(LinkClosed):
        await management(jdlms_meter, **{wrong: bytes(16)})
    async with await management(jdlms_meter) as session:
        assert session.usable


async def test_sessions_follow_each_other_without_a_wait(jdlms_meter) -> None:
    for _ in range(5):
        async with await management(jdlms_meter) as session:
            assert await session.get(ref(3, "1.0.1.8.1.255", 2)) == u32(10_021_040)
