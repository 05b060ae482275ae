"""What a meter calls itself reaches its record, by which ciphered pushes find their sender."""

from __future__ import annotations

from datetime import timedelta

import pytest

METER = "TEST1024000000001"
TITLE = bytes.fromhex("4d534d0000000001")
OTHER_TITLE = bytes.fromhex("4d534d0000000002")


async def told(domain, title, moment=None):
    """The meter answers a command; in its association it called itself so."""
    (asked,) = (await domain.handle(domain.command(uid=f"title-{next(domain.offsets):014}"))).requests()
    changes = {} if moment is None else {"observed_at": moment}
    await domain.handle(domain.answer(asked, system_title=title, **changes))
    domain.taken()
    await domain.relay.publish_changes()
    return [record.system_title for record in domain.taken().on("devices") if record.device_identification == METER]


@pytest.fixture
async def installed(domain):
    await domain.install()
    await domain.relay.publish_changes()
    return domain


async def test_a_new_title_makes_a_new_record_once(installed):
    now = installed.clock.now
    assert await told(installed, None) == [None]  # the zone was news
    assert await told(installed, TITLE, now) == [TITLE]
    assert await told(installed, TITLE, now + timedelta(seconds=1)) == []
    assert await told(installed, OTHER_TITLE, now + timedelta(seconds=2)) == [OTHER_TITLE]


async def test_an_older_observation_changes_nothing(installed):
    now = installed.clock.now
    assert await told(installed, TITLE, now + timedelta(minutes=1)) == [TITLE]
    assert await told(installed, OTHER_TITLE, now) == []


async def test_what_is_no_title_is_left_alone(installed):
    await told(installed, None)
    assert await told(installed, b"short") == []
