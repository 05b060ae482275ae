"""The password of LLS and the master key, changed over a line that is cut at any octet: neither is ever lost.

An association proves a password as it proves keys. No association needs the master key: what the meter takes under it
proves it, so an attempt after a lost answer tries the former one and then the new one.
"""

from __future__ import annotations

from typing import Any

import pytest
from key_line import AUTHENTICATION, ENCRYPTION, MASTER, REPLACE, SYNCHRONIZE, CuttingLine, KeyPlatform, Way
from key_owners import octets_of
from key_scene import PASSWORD, Scene

from meterstream.contracts.key_transfers import KeyOutcome
from meterstream.contracts.operations import replace_keys, synchronize_time
from meterstream.contracts.records import KeyKind, KeyState, SecurityLevel
from meterstream.dlms.meter import Level
from meterstream.simulator.objects.keytransfer import KeyTransferFaults, Master
from meterstream.simulator.settings import FleetSettings

ALL = (PASSWORD, MASTER, AUTHENTICATION, ENCRYPTION)
STRIDE = 5
"""Of cuts where everything changes at once: each exchange is cut everywhere where it stands alone."""


@pytest.fixture
async def at(make_bench: Any, header: Any, make_turn: Any) -> Any:
    lines: list[CuttingLine] = []

    async def make(protocol: str, level: Level = Level.LLS) -> Scene:
        bench = await make_bench(FleetSettings(meters=1, protocols=(protocol,), level=level))
        address = bench.fleet.address(1)
        line = CuttingLine(address.host, address.port)
        await line.listen()
        lines.append(line)
        lls = level is Level.LLS
        security_level = SecurityLevel.LLS1 if lls else SecurityLevel.HLS5
        return Scene(KeyPlatform(bench, header, make_turn, line, security_level=security_level), password=lls)

    yield make
    for line in lines:
        await line.close()


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize(
    ("kinds", "stride"), [((PASSWORD,), 1), ((MASTER,), 1), (ALL, STRIDE)], ids=["password", "master", "all"]
)
async def test_no_cut_loses_it(at: Any, kinds: tuple[KeyKind, ...], stride: int, way: Way) -> None:
    scene = await at("DSMR 2.2")
    await scene.octets_of_a_change(kinds, way)
    whole = await scene.octets_of_a_change(kinds, way)
    first = await scene.octets_of_an_association(way)
    seen = {await scene.cut(kinds, way, octets) for octets in range(first, whole, stride)}
    assert {finished for finished, _ in seen} == {True, False}
    assert (False, (KeyOutcome.UNDECIDED,)) in seen
    if kinds == (PASSWORD,):
        assert (False, (KeyOutcome.TRANSFERRED,)) in seen


@pytest.mark.parametrize("protocol", ["DSMR 2.2", "DSMR 4.2.2", "SMR 5.0.0"])
async def test_the_master_key_of_any_version(at: Any, protocol: str) -> None:
    scene = await at(protocol, Level.HLS5_GMAC)
    await scene.octets_of_a_change((MASTER, AUTHENTICATION, ENCRYPTION), Way.TO_METER)


async def test_a_password_where_none_is_used(at: Any) -> None:
    scene = await at("SMR 5.0.0", Level.HLS5_GMAC)
    new = scene.start(())
    scene.registry.hold(PASSWORD, "pw2", octets_of("pw2"), KeyState.NEW)
    named = new[0].model_copy(update={"kind": PASSWORD, "key_id": "pw2"})
    response = await scene.platform.ask(replace_keys.OPERATION, REPLACE, [*new, named])
    assert (response.error.code, response.header.retryable) == ("UNSUPPORTED_COMMUNICATION_SETTING", False)
    probe = await scene.platform.ask(replace_keys.OPERATION, REPLACE)
    assert probe.error.code == "KEYS_UNDECIDED"
    assert scene.registry.state("pw2") is KeyState.WITHDRAWN


async def test_a_version_without_a_password_to_write_refuses_it(at: Any) -> None:
    scene = await at("SMR 5.0.0")
    new = scene.start((PASSWORD,))
    response = await scene.replace(new)
    assert response.error.code == "DEVICE_REFUSED"
    assert scene.registry.state("pw2") is KeyState.WITHDRAWN
    assert (await scene.platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)).error is None


async def test_a_refusal_for_the_time_being_leaves_a_master_key_undecided(at: Any) -> None:
    scene = await at("SMR 5.0.0", Level.HLS5_GMAC)
    new = scene.start((MASTER,))
    scene.meter.restore(KeyTransferFaults([2], [], []))
    response = await scene.replace(new)
    assert (response.error.code, scene.registry.state("mk2")) == ("DEVICE_REFUSED", KeyState.NEW)
    assert (await scene.replace(new)).error is None
    scene.check_end("at last")


@pytest.mark.parametrize("held", [True, False])
async def test_a_probe_tells_which_master_key_the_meter_holds(at: Any, held: bool) -> None:
    scene = await at("SMR 5.0.0", Level.HLS5_GMAC)
    scene.start((MASTER,))
    if held:
        scene.meter.restore(Master(octets_of("mk2")))
    response = await scene.platform.ask(replace_keys.OPERATION, REPLACE)
    assert response.error.code == "KEYS_UNDECIDED"
    assert scene.registry.state("mk2") is (KeyState.ACTIVE if held else KeyState.WITHDRAWN)


async def test_other_keys_find_out_which_master_key_wraps_them(at: Any) -> None:
    scene = await at("SMR 5.0.0", Level.HLS5_GMAC)
    new = scene.start((MASTER, AUTHENTICATION, ENCRYPTION))
    scene.meter.restore(Master(octets_of("mk2")))
    response = await scene.replace([key for key in new if key.kind is not MASTER])
    assert response.error is None
    scene.check_end("under the new master key")
