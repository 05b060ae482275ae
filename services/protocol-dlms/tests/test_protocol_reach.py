"""Where meters are found: addresses in their order, sleeping meters woken and waited for, and who is believed."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from meterstream import protocol_dlms
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    DeviceState,
    LearntAddress,
    Push,
    PushTransport,
    SecurityLevel,
)
from meterstream.protocol_dlms.associations import Associations, Visit
from meterstream.protocol_dlms.fence import Leaving
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.limits import ConnectionLimits
from meterstream.protocol_dlms.ping import ping
from meterstream.protocol_dlms.pushes.lessons import Lessons, within
from meterstream.protocol_dlms.reach import Reach, Sought
from meterstream.protocol_dlms.settings import ReachSettings
from meterstream.protocol_dlms.views.addresses import AddressTable, Whereabouts
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.protocol_dlms.wakeup import HttpWakeup
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.kafka import Message
from meterstream.runtime.sealing import Opener
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
GATEWAY = "EXXXX123456789012"
CONFIGURED, LEARNT = "192.0.2.1", "192.0.2.2"
NOT_OF_SESSIONS = {"device_type", "protocol_variant"}
"""What the record says of a device that no session has to know."""
METER: Any = object()
AWAY = error("CONNECTION_TIMED_OUT", "nobody", phase="connect")
NOW = datetime(2025, 3, 11, 12, tzinfo=UTC)


def record(address: str | None = CONFIGURED, *, dynamic: bool = True, **changes: Any) -> DeviceRecord:
    fields = {
        "device_identification": GATEWAY,
        "revision": 1,
        "state": DeviceState.ACTIVE,
        "organisation": "grid",
        "device_type": "SMART_METER_E",
        "protocol_name": "SMR",
        "protocol_version": "5.0.0",
        "connection": Connection(address=address, dynamic=dynamic),
        "security_level": SecurityLevel.HLS5,
    }
    return DeviceRecord.model_validate(fields | changes)


class Line:
    """Addresses at which a meter answers; whatever else happens at one is raised."""

    def __init__(self, **outcomes: PlatformError) -> None:
        self.up: set[str] = set()
        self.outcomes = {name.replace("_", "."): outcome for name, outcome in outcomes.items()}
        self.tried: list[str] = []

    async def __call__(self, address: str) -> Any:
        self.tried.append(address)
        if address in self.up:
            return METER
        raise self.outcomes.get(address, AWAY)


class Alarm:
    """Wakes at once: tells the table where the meter is, or brings an address up."""

    def __init__(self, *effects: Callable[[], object]) -> None:
        self.effects = effects
        self.woken: list[str] = []

    async def wake(self, record: DeviceRecord) -> None:
        self.woken.append(record.device_identification)
        for effect in self.effects:
            effect()


def quick(**changes: Any) -> ReachSettings:
    return ReachSettings.model_validate({"wake_wait_s": 0.3, "wake_retry_s": 0.02} | changes)


@pytest.fixture
def table() -> AddressTable:
    return AddressTable()


@pytest.fixture
def sought(table: AddressTable, guard: Any) -> Callable[..., Sought]:
    def make(found: DeviceRecord | None = None) -> Sought:
        return Sought(found or record(), guard, Whereabouts(table, 0, GATEWAY))

    return make


class TestAddresses:
    def test_a_static_one_has_to_be_known_and_pushes_change_nothing(self, sought: Make, table: AddressTable) -> None:
        table.told(0, GATEWAY, LEARNT)
        assert sought(record(dynamic=False)).addresses() == [CONFIGURED]
        with pytest.raises(PlatformError) as caught:
            sought(record(" ", dynamic=False)).addresses()
        assert caught.value.code.number == 212

    def test_of_a_dynamic_one_the_learnt_comes_first_and_the_other_stays(
        self, sought: Make, table: AddressTable
    ) -> None:
        assert sought().addresses() == [CONFIGURED]
        assert sought(record(None)).addresses() == []
        table.told(0, GATEWAY, LEARNT)
        assert sought().addresses() == [LEARNT, CONFIGURED]
        table.told(0, GATEWAY, CONFIGURED)
        assert sought().addresses() == [CONFIGURED]
        table.drop([0])
        assert sought().addresses() == [CONFIGURED]


class TestReach:
    @pytest.mark.parametrize(
        "code", ["AUTHENTICATION_ERROR", "ILLEGAL_RESPONSE", "RESPONSE_TIMEOUT", "COUNTERS_EXHAUSTED"]
    )
    async def test_a_forged_address_costs_one_try(self, sought: Make, table: AddressTable, code: str) -> None:
        table.told(0, GATEWAY, LEARNT)
        line = Line(**{"192_0_2_2": error(code, "somebody else")})
        line.up = {CONFIGURED}
        assert await Reach(quick()).open(sought(), line) is METER
        assert line.tried == [LEARNT, CONFIGURED]

    async def test_what_lies_with_the_record_is_told_at_once(self, sought: Make, table: AddressTable) -> None:
        table.told(0, GATEWAY, LEARNT)
        line = Line(**{"192_0_2_2": error("KEY_NOT_PRESENT", "no key")})
        alarm = Alarm()
        with pytest.raises(PlatformError, match="no key"):
            await Reach(quick(), alarm).open(sought(), line)
        assert (line.tried, alarm.woken) == ([LEARNT], [])

    async def test_a_meter_that_is_there_or_static_is_not_woken(self, sought: Make) -> None:
        alarm = Alarm()
        line = Line(**{"192_0_2_1": error("RESPONSE_TIMEOUT", "silent")})
        with pytest.raises(PlatformError, match="silent"):
            await Reach(quick(), alarm).open(sought(), line)
        with pytest.raises(PlatformError, match="nobody"):
            await Reach(quick(), alarm).open(sought(record(dynamic=False)), Line())
        assert alarm.woken == []

    async def test_without_a_wakeup_the_failure_is_told(self, sought: Make) -> None:
        with pytest.raises(PlatformError, match="nobody"):
            await Reach(quick()).open(sought(), Line())
        with pytest.raises(PlatformError, match=f"no address of {GATEWAY} is known") as caught:
            await Reach(quick()).open(sought(record(None)), Line())
        assert caught.value.code.number == 419
        assert caught.value.retryable

    async def test_its_push_tells_where_it_woke_up(self, sought: Make, table: AddressTable) -> None:
        line = Line()
        line.up = {LEARNT}
        loop = asyncio.get_running_loop()
        alarm = Alarm(lambda: loop.call_later(0.01, table.told, 0, GATEWAY, LEARNT))
        settings = quick(wake_wait_s=20, wake_retry_s=20)
        async with asyncio.timeout(5):
            assert await Reach(settings, alarm).open(sought(record(None)), line) is METER
        assert (alarm.woken, line.tried) == ([GATEWAY], [LEARNT])

    async def test_its_known_address_answers_again(self, guard: Any) -> None:
        line = Line()
        alarm = Alarm(lambda: line.up.add(CONFIGURED))
        assert await Reach(quick(), alarm).open(Sought(record(), guard), line) is METER
        assert line.tried == [CONFIGURED, CONFIGURED]

    async def test_the_wait_is_bounded_and_wakes_once(self, sought: Make) -> None:
        line, alarm = Line(), Alarm()
        with pytest.raises(PlatformError, match=r"was woken, but did not answer within 0\.3 s") as caught:
            await Reach(quick(), alarm).open(sought(), line)
        assert caught.value.code.number == 419
        assert len(alarm.woken) == 1
        assert 2 <= len(line.tried) <= 20

    async def test_whoever_waits_leaves_with_its_partition(self, sought: Make, guard: Any) -> None:
        def leave() -> None:
            guard.leaving = True

        with pytest.raises(Leaving):
            await Reach(quick(wake_wait_s=60), Alarm(leave)).open(sought(), Line())

    async def test_an_echo_comes_before_each_connection_and_decides_nothing(self, sought: Make) -> None:
        sent: list[tuple[str, float]] = []

        async def echo(host: str, timeout_s: float) -> bool:
            sent.append((host, timeout_s))
            return False

        line = Line()
        line.up = {CONFIGURED}
        assert await Reach(quick(ping_timeout_s=7), None, echo).open(sought(), line) is METER
        assert sent == [(CONFIGURED, 7)]


@pytest.fixture
def ping_groups() -> tuple[int, int]:
    least, most = Path("/proc/sys/net/ipv4/ping_group_range").read_text().split()
    return int(least), int(most)


async def test_an_echo_is_answered_where_the_system_lets_us_ask(ping_groups: tuple[int, int]) -> None:
    least, most = ping_groups
    assert await ping("127.0.0.1", 5) is any(least <= group <= most for group in (os.getegid(), *os.getgroups()))
    assert await ping("no.such.host.invalid", 5) is False


class TestTable:
    async def test_whoever_waits_is_told_and_nobody_else(self, table: AddressTable) -> None:
        async with asyncio.timeout(5):
            waiting = [asyncio.ensure_future(table.next(GATEWAY, 5)) for _ in range(2)]
            other = asyncio.ensure_future(table.next("another", 0.05))
            await asyncio.sleep(0)
            assert table.told(0, GATEWAY, LEARNT) is True
            assert table.told(0, GATEWAY, LEARNT) is False
            assert [await found for found in waiting] == [True, True]
            assert await other is False

    def test_the_topic_brings_addresses_back(self) -> None:
        sessions = SessionTable("process")
        learnt = LearntAddress(gateway=GATEWAY, address=LEARNT, verified=True, learnt_at=NOW)
        key = f"{GATEWAY}|address".encode()
        sessions.on_record(key, learnt, Message("device-sessions", 3, 0, key, b"", ()))
        assert Whereabouts(sessions.addresses, 3, GATEWAY).learnt == LEARNT
        sessions.drop([3])
        assert Whereabouts(sessions.addresses, 3, GATEWAY).learnt is None


class TestLessons:
    def learn(self, table: AddressTable, found: DeviceRecord, networks: Sequence[str] = (), *, verified: bool) -> Any:
        push = Push(
            octets=b"",
            transport=PushTransport.TCP,
            source_address=LEARNT,
            source_port=1,
            received_at=NOW,
        )
        lessons = Lessons(table, shared_codec(), lambda _topic, _key: 4, [ip_network(text) for text in networks])
        return lessons.learn(push, found, 4, verified=verified)

    @pytest.mark.parametrize(
        ("found", "networks", "verified", "believed"),
        [
            (record(), [], False, True),
            (record(dynamic=False), [], True, False),
            (record(security_level=SecurityLevel.LLS1), [], True, True),
            (record(security_level=SecurityLevel.LLS1), [], False, False),
            (record(security_level=SecurityLevel.NONE), ["198.51.100.0/24"], False, False),
            (record(security_level=SecurityLevel.NONE), ["192.0.2.0/24"], False, True),
        ],
    )
    def test_who_is_believed(
        self, table: AddressTable, found: DeviceRecord, networks: list[str], verified: bool, believed: bool
    ) -> None:
        sent = self.learn(table, found, networks, verified=verified)
        assert (sent is not None) is believed
        assert table.of(4, GATEWAY) == (LEARNT if believed else None)
        if sent is not None:
            assert (sent.topic, sent.key, sent.partition) == ("device-sessions", f"{GATEWAY}|address".encode(), 4)
            told = shared_codec().decode(sent.value)
            assert (told.address, told.verified, told.learnt_at) == (LEARNT, verified, NOW)
            assert self.learn(table, found, networks, verified=verified) is None, "told on change only"

    def test_networks(self) -> None:
        networks = [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]
        assert within("::ffff:192.0.2.7", networks)
        assert within("2001:db8::1%eth0", networks)
        assert not within("198.51.100.1", networks)
        assert not within("nowhere", networks)


class TestHttpWakeup:
    @pytest.fixture
    async def service(self) -> Any:
        seen: list[Any] = []
        status = {"code": 202}

        async def answer(request: web.Request) -> web.Response:
            seen.append((request.path_qs, request.headers.get("Authorization"), await request.json()))
            return web.Response(status=status["code"], headers={"Location": "/elsewhere"})

        app = web.Application()
        app.router.add_post("/{tail:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert runner.addresses
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen, status
        await runner.cleanup()

    async def test_posts_for_the_device_with_the_token_of_the_moment(self, service: Any, tmp_path: Path) -> None:
        url, seen, _ = service
        token = tmp_path / "token"
        token.write_text("first\n")
        wakeup = HttpWakeup(url + "/sms/{device}?valid=5", token, 5)
        await wakeup.start()
        await wakeup.wake(record())
        token.write_text("second")
        await wakeup.wake(record())
        await wakeup.stop()
        assert seen == [
            (f"/sms/{GATEWAY}?valid=5", f"Bearer {text}", {"device_identification": GATEWAY})
            for text in ("first", "second")
        ]

    async def test_a_service_may_want_the_sim_card_and_its_network(self, service: Any) -> None:
        url, seen, _ = service
        wakeup = HttpWakeup(url + "/{provider}/sim/{iccid}?for={device}", None, 5)
        sim = record().connection.model_copy(update={"icc_id": "8931 08/7&x=%41{device}", "provider": "KPN"})
        await wakeup.wake(record().model_copy(update={"connection": sim}))
        await wakeup.stop()
        told = {"device_identification": GATEWAY, "icc_id": sim.icc_id, "provider": "KPN"}
        path = f"/KPN/sim/8931%2008%2F7%26x%3D%2541%7Bdevice%7D?for={GATEWAY}"
        assert seen == [(path, None, told)]

    @pytest.mark.parametrize(("place", "missing"), [("{iccid}", "SIM card"), ("{device}/{provider}", "provider")])
    async def test_what_the_registry_does_not_know_is_told(self, service: Any, place: str, missing: str) -> None:
        url, seen, _ = service
        with pytest.raises(PlatformError, match=missing) as caught:
            await HttpWakeup(f"{url}/{place}", None, 5).wake(record())
        assert (caught.value.code.name, seen) == ("SESSION_PROVIDER_ERROR", [])

    @pytest.mark.parametrize("code", [302, 401, 404, 500])
    async def test_whatever_is_no_success_is_told_without_url_and_token(
        self, service: Any, tmp_path: Path, code: int
    ) -> None:
        url, seen, status = service
        status["code"] = code
        token = tmp_path / "token"
        token.write_text("hidden")
        wakeup = HttpWakeup(url + "/{device}?key=hidden", token, 5)
        with pytest.raises(PlatformError, match=f"was not sent: status {code}") as caught:
            await wakeup.wake(record())
        await wakeup.stop()
        assert caught.value.code.number == 419
        assert "hidden" not in f"{caught.value.message}{caught.value.details}"
        assert len(seen) == 1

    async def test_a_service_that_is_away_and_a_token_that_is_not_there(self, service: Any, tmp_path: Path) -> None:
        url, seen, _ = service
        (tmp_path / "empty").write_text("\n")
        away = HttpWakeup("http://127.0.0.1:1/{device}", None, 2)
        for wakeup in (away, *(HttpWakeup(url + "/{device}", tmp_path / name, 2) for name in ("absent", "empty"))):
            with pytest.raises(PlatformError, match="was not sent") as caught:
                await wakeup.wake(record())
            assert caught.value.__cause__ is None
            await wakeup.stop()
        assert seen == []

    @pytest.mark.parametrize(
        "url", ["ftp://sms/{device}", "http://sms/", "", "http://sms/{provider}", "http://sms/{device}/{msisdn}"]
    )
    def test_a_url_has_a_place_for_the_device(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="WAKEUP_URL"):
            HttpWakeup(url, None, 5)


@pytest.mark.parametrize("name", sorted(set(DeviceRecord.model_fields) | set(Connection.model_fields)))
def test_every_setting_of_a_device_is_used(name: str) -> None:
    sources = [path.read_text() for path in Path(protocol_dlms.__path__[0]).rglob("*.py")]
    used = any(re.search(rf"record\.(connection\.)?{name}\b|(connection|place)\.{name}\b", text) for text in sources)
    assert used or name in NOT_OF_SESSIONS


async def test_a_sleeping_meter_is_woken_and_read_at_the_address_of_its_push(make_bench: Make) -> None:
    bench = await make_bench(FleetSettings())
    loop = asyncio.get_running_loop()
    asleep = bench.record(
        connection=bench.record().connection.model_copy(update={"address": None, "dynamic": True}),
    )
    gateway = bench.gateway()
    lessons = Lessons(bench.sessions.addresses, bench.codec, bench.broker.partition_of, ())
    push = Push(
        octets=b"",
        transport=PushTransport.TCP,
        source_address="127.0.0.1",
        source_port=1,
        received_at=NOW,
    )
    alarm = Alarm(lambda: loop.call_later(0.01, lambda: lessons.learn(push, asleep, 2, verified=False)))
    associations = Associations(
        bench.settings,
        KeyRing(Opener(bench.private_key)),
        bench.reserver,
        ConnectionLimits(10, 1000),
        bench.metrics,
        reach=Reach(quick(wake_wait_s=20), alarm),
    )
    visit = Visit(asleep, (), bench.guard, pushing=Whereabouts(bench.sessions.addresses, 2, gateway))
    meter = await associations.open(visit)
    assert alarm.woken == [gateway]
    assert meter.alive
    await associations.close(meter)
    meter = await associations.open(visit)
    assert alarm.woken == [gateway], "it is still there"
    await associations.close(meter)
