"""Which test runs in which worker process: what shares a running platform, or a module, stays together.

With `--dist=loadfile` the tests of one platform run in one worker, so it is started once, and those of one module in
one, so its fixtures are made once. What waits for servers begins first; tests that need nothing fill the time.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

PLATFORM = "platform"
FAULTS, JOURNEYS = "faults", "journeys"
PLATFORMS = {  # whose tests are broken on purpose first: they take longest
    "tests/faults/*": FAULTS,
    "tests/acceptance/*": JOURNEYS,
    "tests/integration/*": JOURNEYS,
    "tests/interop/*_journey.py": JOURNEYS,
}
TESTS_OF_ALL = "tests/"
LAST_USER = pytest.StashKey[pytest.Function]()


class TogetherScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the package ships no types
    """Hands out platforms and modules in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the number of a module's tests says nothing about their duration

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The platform that a test's module belongs to, else the module."""
    module = nodeid.partition("::")[0]
    return next((group for pattern, group in PLATFORMS.items() if fnmatchcase(module, pattern)), module)


def keep_together(items: list[pytest.Item]) -> None:
    """Order tests by what they wait for.

    Raises:
        pytest.UsageError: a test of a platform lies where no group is known for it.
    """
    groups = list(dict.fromkeys(PLATFORMS.values()))
    on_servers = set()
    for item in items:
        group = group_of(item.nodeid)
        if isinstance(item, pytest.Function) and PLATFORM in item.fixturenames and group not in groups:
            raise pytest.UsageError(f"{item.nodeid} uses a platform: name its group in {__name__}.PLATFORMS")
        if item.get_closest_marker("servers"):
            on_servers.add(group)

    def rank(item: pytest.Item) -> tuple[int, bool]:
        group = group_of(item.nodeid)
        if group in groups:
            return groups.index(group), False
        return len(groups) + (group not in on_servers), not group.startswith(TESTS_OF_ALL)

    items.sort(key=rank)


def stop_platform_after(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop a platform after its last test: idle, it would take time from all that follow."""
    if isinstance(item, pytest.Function) and PLATFORM in item.fixturenames:
        item.session.stash[LAST_USER] = item
    user = item.session.stash.get(LAST_USER, None)
    if user is None or (nextitem is not None and group_of(nextitem.nodeid) == group_of(user.nodeid)):
        return
    del item.session.stash[LAST_USER]
    for fixture in user._fixtureinfo.name2fixturedefs[PLATFORM]:
        fixture.finish(item._request)  # type: ignore[attr-defined]  # for its hooks alone; the user's is gone by now
