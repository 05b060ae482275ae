"""Fault plans from a file: what they say, and errors that name file, line, field and rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterstream.simulator.faults import Fault, FaultKind, fault_for
from meterstream.simulator.plan import PlanError, load_plan, parse_plan

PLAN = """\
seed: tuesday
faults:
  - kind: cut
    share: 10 %
    after: 40
    connections: 3
  - kind: slow
    share: 0.2
    delay_ms: 250
  - kind: reboot
    meters: 1-100, 250
    down_ms: 5000
    clock_lost: true
  - kind: lost-block
    meters: [300, 310-311]
"""


def test_a_plan_strikes_shares_and_the_meters_it_names(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN)
    plan = load_plan(file)
    assert plan.seed == "tuesday"
    assert "tuesday" not in repr(plan)
    faults = {number: fault_for(plan.faults, "tuesday", number) for number in range(1, 5001)}
    reboot = Fault(FaultKind.REBOOT, down_ms=5000, clock_lost=True)
    assert {number for number, fault in faults.items() if fault == reboot} == {*range(1, 101), 250}
    assert {number for number, fault in faults.items() if fault and fault.kind is FaultKind.LOST_BLOCK} == {
        300, 310, 311,
    }  # fmt: skip
    kinds = [fault for fault in faults.values() if fault]
    assert 420 < kinds.count(Fault(FaultKind.CUT, 40, 3)) < 570
    assert 850 < kinds.count(Fault(FaultKind.SLOW, delay_ms=250)) < 1110
    assert faults == {number: fault_for(load_plan(file).faults, "tuesday", number) for number in range(1, 5001)}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "plan.yaml:1: faults is missing"),
        ("seed: a\n", "plan.yaml:1: faults is missing"),
        ("- kind: cut\n", "plan.yaml:1: expected a mapping with seed, faults"),
        ("faults: cut\n", "plan.yaml:1: faults: expected a list"),
        ("faults:\n  - cut\n", "plan.yaml:2: expected a mapping with kind, share"),
        ("faults: []\nfault: 1\n", "plan.yaml:2: fault: unknown field; known: seed, faults"),
        ("faults:\n  - kind: cut\n", "plan.yaml:2: expected either share or meters"),
        ("faults:\n  - kind: cut\n    share: 1\n    meters: 1\n", "plan.yaml:2: expected either share or meters"),
        ("faults:\n  - share: 1\n", "plan.yaml:2: kind is missing"),
        ("faults:\n  - kind: broken\n    share: 1\n", "plan.yaml:2: kind 'broken' is unknown; known: silent"),
        ("faults:\n  - kind: cut\n    kind: cut\n    share: 1\n", "plan.yaml:3: kind: given twice"),
        ("faults:\n  - kind: cut\n    share: 101 %\n", "plan.yaml:3: share: '101 %' is neither a number from 0 to 1"),
        ("faults:\n  - kind: cut\n    share: .nan\n", "plan.yaml:3: share: '.nan' is neither"),
        ("faults:\n  - kind: cut\n    meters: 5-2\n", "plan.yaml:3: meters: '5-2' is no number such as 5"),
        ("faults:\n  - kind: cut\n    meters: {}\n", "plan.yaml:3: meters: expected a plain value"),
        ("faults:\n  - kind: cut\n    share: 1\n    after: -1\n", "plan.yaml:4: after is no whole number"),
        ("faults:\n  - kind: cut\n    share: 1\n    connections: 0\n", "plan.yaml:4: connections is 0, expected 1"),
        ("faults:\n  - kind: reboot\n    share: 1\n    clock_lost: 1\n", "plan.yaml:4: clock_lost is no true or false"),
        ("faults:\n  - {kind: cut, share: 0.6}\n  - {kind: cut, share: 0.5}\n", "plan.yaml:2: faults: the shares are"),
        ("faults: [\n", "plan.yaml:2: no YAML: "),
        ("faults: &a [*a]\n", "plan.yaml:1: expected a mapping with kind, share"),
    ],
)
def test_plans_that_cannot_be(text: str, error: str) -> None:
    with pytest.raises(PlanError, match=error.replace("(", r"\(").replace("[", r"\[")):
        parse_plan(text, "plan.yaml")


def test_files_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="No such file"):
        load_plan(tmp_path / "nothing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match=r"binary.yaml: .*decode"):
        load_plan(tmp_path / "binary.yaml")
    (tmp_path / "long.yaml").write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(PlanError, match=r"long.yaml: more than 1048576 octets"):
        load_plan(tmp_path / "long.yaml")
