"""Which test runs in which worker process: what shares a running platform, or a module, stays together.

With `--dist=loadgroup` the tests of one platform run in one worker, so it is started once, and those of one module in
one, so its fixtures are made once. What waits for servers begins first; tests that need nothing fill the time.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

PLATFORM = "platform"
TESTS_OF_ALL = "tests/"


class TogetherScheduling(LoadGroupScheduling):  # type: ignore[misc]  # the package ships no types
    """Hands out groups in the order in which they were collected; tests of no group go by their module."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the number of a module's tests says nothing about their duration

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if group == nodeid else group


def keep_together(items: list[pytest.Item]) -> None:
    """Mark the tests of each platform as one group, and order all tests by what they wait for."""
    platforms = {item.nodeid: platform for item in items if (platform := _platform_of(item)) is not None}
    for item in items:
        if item.nodeid in platforms:
            item.add_marker(pytest.mark.xdist_group(f"platform-of-{platforms[item.nodeid]}"))
    on_servers = {item.path for item in items if item.get_closest_marker("servers")}

    def rank(item: pytest.Item) -> tuple[int, int]:
        platform = platforms.get(item.nodeid)
        if platform is not None:  # the deeper one first: it is broken on purpose, and takes longest to mend
            return 0, -platform.count("/")
        if item.path in on_servers:
            return 1, 0
        return 2, not item.nodeid.startswith(TESTS_OF_ALL)

    items.sort(key=rank)


def _platform_of(item: pytest.Item) -> str | None:
    """The folder whose conftest starts the platform that a test runs on."""
    if not isinstance(item, pytest.Function) or PLATFORM not in item.fixturenames:
        return None
    found: Sequence[pytest.FixtureDef[object]] = item._fixtureinfo.name2fixturedefs.get(PLATFORM, ())
    return found[-1].baseid if found else None
