"""Which tests stay together in one worker process."""

import pytest

from meterstream.demo.pytest_sharing import FAULTS, JOURNEYS, group_of


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/faults/test_kills.py::test_a[domain::x]", FAULTS),
        ("tests/acceptance/test_bundle.py::test_b", JOURNEYS),
        ("tests/integration/test_pushes.py::test_c", JOURNEYS),
        ("tests/interop/test_jdlms_journey.py::test_d", JOURNEYS),
        ("tests/interop/test_stacks.py::test_e", "tests/interop/test_stacks.py"),
        ("libs/runtime/tests/test_topics.py::TestF::test_f", "libs/runtime/tests/test_topics.py"),
    ],
)
def test_a_platform_is_one_group_and_else_a_module_is(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group
