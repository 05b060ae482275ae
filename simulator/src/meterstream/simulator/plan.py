"""Fault plans from a file: YAML, with errors that name file, line, field and rule.

seed: tuesday
faults:
  - kind: cut
    share: 1 %
    after: 40
  - kind: reboot
    meters: 1-100, 250
    connections: 1
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from meterstream.simulator.faults import FAULT_FIELDS, Fault, PlannedFault

_MAX_OCTETS: Final = 1 << 20
_MAX_FAULTS: Final = 1000
_SHARE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(%?)", re.ASCII)
_NUMBERS: Final = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?", re.ASCII)
_MEMBERS: Final = ("kind", "share", "meters", *FAULT_FIELDS)


class PlanError(ValueError):
    """A plan that cannot be used; the text names file, line, field and rule."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults of a fleet; `seed` None: that of the fleet decides which meters a share strikes."""

    faults: tuple[PlannedFault, ...]
    seed: str | None = field(default=None, repr=False)


def load_plan(path: Path) -> FaultPlan:
    """Read a plan.

    Raises:
        PlanError: it cannot be read, or says what no plan says.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(_MAX_OCTETS + 1)
        text = octets.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: {error}") from error
    if len(octets) > _MAX_OCTETS:
        raise PlanError(f"{path}: more than {_MAX_OCTETS} octets")
    return parse_plan(text, str(path))


def parse_plan(text: str, where: str) -> FaultPlan:
    """Read a plan from text; `where` names it in errors.

    Raises:
        PlanError: as `load_plan`.
    """
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanError(f"{where}:{line}: no YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise PlanError(f"{where}: no YAML: {error}") from error
    if root is None:
        raise PlanError(f"{where}:1: faults is missing")
    members = dict(_members(root, where, ("seed", "faults")))
    if "faults" not in members:
        raise _error(where, root, "faults is missing")
    listed = members["faults"]
    if not isinstance(listed, yaml.SequenceNode):
        raise _error(where, listed, "faults: expected a list")
    if len(listed.value) > _MAX_FAULTS:
        raise _error(where, listed, f"faults: more than {_MAX_FAULTS}")
    faults = tuple(_planned(node, where) for node in listed.value)
    if sum(planned.share for planned in faults) > 1 + 1e-9:
        raise _error(where, listed, "faults: the shares are more than 100 % together")
    seed = members.get("seed")
    return FaultPlan(faults, None if seed is None else _scalar(seed, where, "seed"))


def _planned(node: yaml.Node, where: str) -> PlannedFault:
    members = dict(_members(node, where, _MEMBERS))
    if ("share" in members) == ("meters" in members):
        raise _error(where, node, "expected either share or meters")
    values: dict[str, object] = {}
    for name, member in members.items():
        if name not in ("share", "meters"):
            values[name] = _value(member, where, name)
    try:
        fault = Fault.from_fields(values)
    except ValueError as error:
        field_name = str(error).split(" ", 1)[0]
        raise _error(where, members.get(field_name, node), str(error)) from error
    if "share" in members:
        return PlannedFault(fault, share=_share(members["share"], where))
    return PlannedFault(fault, meters=_numbers(members["meters"], where))


def _share(node: yaml.Node, where: str) -> float:
    text = _scalar(node, where, "share")
    match = _SHARE.fullmatch(text)
    share = float(match[1]) / (100 if match[2] else 1) if match else 2.0
    if share > 1:
        raise _error(where, node, f"share: {text!r} is neither a number from 0 to 1 nor a percentage such as 2.5 %")
    return share


def _numbers(node: yaml.Node, where: str) -> tuple[range, ...]:
    if isinstance(node, yaml.SequenceNode):
        texts = [_scalar(element, where, "meters") for element in node.value]
    else:
        texts = _scalar(node, where, "meters").split(",")
    ranges = []
    for text in texts:
        match = _NUMBERS.fullmatch(text.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last:
            raise _error(where, node, f"meters: {text.strip()!r} is no number such as 5 and no range such as 10-20")
        ranges.append(range(first, last + 1))
    return tuple(ranges)


def _members(node: yaml.Node, where: str, known: tuple[str, ...]) -> Iterator[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _error(where, node, f"expected a mapping with {', '.join(known)}")
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if name not in known:
            raise _error(where, key, f"{name}: unknown field; known: {', '.join(known)}")
        if name in seen:
            raise _error(where, key, f"{name}: given twice")
        seen.add(name)
        yield name, value


def _scalar(node: yaml.Node, where: str, name: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _error(where, node, f"{name}: expected a plain value")
    return str(node.value)


def _value(node: yaml.Node, where: str, name: str) -> object:
    """Read a plain value; `Fault.from_fields` checks what it may be."""
    text = _scalar(node, where, name)
    kind = FAULT_FIELDS.get(name)
    if kind is bool and text in ("true", "false"):
        return text == "true"
    if kind is int and text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    return text


def _error(where: str, node: yaml.Node, rule: str) -> PlanError:
    return PlanError(f"{where}:{node.start_mark.line + 1}: {rule}")
