"""Whatever a client writes or invokes: devices, images and push setups answer with a result, and can still be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, BitString, Data, DataType, LogicalName, MethodRef, encode
from meterstream.simulator.meter import SimulatedMeter

MANAGEMENT = 1
OBJECTS = [
    (72, "0.1.24.1.0.255", range(2, 15), range(1, 9)),
    (72, "0.2.24.1.0.255", range(2, 15), range(1, 9)),
    (70, "0.1.24.4.0.255", range(2, 5), range(1, 3)),
    (18, "0.0.44.0.0.255", range(2, 8), range(1, 5)),
    (40, "0.1.25.9.0.255", range(2, 8), range(1, 2)),
    (40, "0.3.25.9.0.255", range(2, 8), range(1, 2)),
    (1, "0.1.94.31.10.255", range(2, 3), range(0)),
]
READ = [(4, "0.1.24.2.1.255", 2), (4, "0.2.24.2.2.255", 5), (7, "0.2.24.3.1.255", 2), (77, "0.1.24.9.0.255", 4)]
Maker = Callable[..., SimulatedMeter]

generated = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
scalars = st.one_of(
    st.just(Data(DataType.NULL_DATA, None)),
    st.booleans().map(lambda value: Data(DataType.BOOLEAN, value)),
    st.integers(-128, 127).map(lambda value: Data(DataType.INTEGER, value)),
    st.integers(0, 255).map(lambda value: Data(DataType.UNSIGNED, value)),
    st.integers(0, 255).map(lambda value: Data(DataType.ENUM, value)),
    st.integers(0, 0xFFFF).map(lambda value: Data(DataType.LONG_UNSIGNED, value)),
    st.integers(0, 0xFFFF_FFFF).map(lambda value: Data(DataType.DOUBLE_LONG_UNSIGNED, value)),
    st.text("01", max_size=9).map(lambda value: Data(DataType.BIT_STRING, BitString(value))),
    st.binary(max_size=40).map(lambda value: Data(DataType.OCTET_STRING, value)),
    st.sampled_from([b"\xfd\x19", b"\xfd\x1f", bytes(12), bytes(16), bytes(30)]).map(
        lambda value: Data(DataType.OCTET_STRING, value)
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.builds(
        Data, st.sampled_from([DataType.ARRAY, DataType.STRUCTURE]), st.lists(inner, max_size=4).map(tuple)
    ),
    max_leaves=12,
)
u16 = st.integers(0, 0xFFFF).map(lambda value: Data(DataType.LONG_UNSIGNED, value))
octets = st.binary(max_size=20).map(lambda value: Data(DataType.OCTET_STRING, value))
small = st.integers(0, 4).map(lambda value: Data(DataType.ENUM, value))
names = st.sampled_from([name for _, name, _, _ in OBJECTS] + [name for _, name, _ in READ]).map(
    lambda name: Data(DataType.OCTET_STRING, LogicalName.parse(name))
)
classes = st.sampled_from([1, 4, 7, 18, 40, 70, 72]).map(lambda value: Data(DataType.LONG_UNSIGNED, value))
attribute_numbers = st.integers(-128, 127).map(lambda value: Data(DataType.INTEGER, value))
numbers = st.integers(0, 5).map(lambda value: Data(DataType.DOUBLE_LONG_UNSIGNED, value))
moments = st.binary(min_size=12, max_size=12).map(lambda value: Data(DataType.OCTET_STRING, value))


def structures(*parts: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
    return st.tuples(*parts).map(lambda value: Data(DataType.STRUCTURE, value))


def arrays(element: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
    return st.lists(element, max_size=3).map(lambda value: Data(DataType.ARRAY, tuple(value)))


shaped = st.one_of(
    values,
    arrays(structures(classes, names, attribute_numbers, u16)),
    arrays(structures(moments, moments)),
    structures(small, octets, small),
    structures(octets, numbers),
    structures(numbers, octets),
    arrays(structures(octets, st.just(Data(DataType.OCTET_STRING, b"\xfd\x19")), octets)),
)
steps = st.lists(st.tuples(st.sampled_from(OBJECTS), st.booleans(), st.integers(0, 20), shaped), max_size=12)


@generated
@given(steps=steps, pauses=st.lists(st.integers(0, 10_000), min_size=12, max_size=12))
def test_any_value_gets_a_result(make_meter: Maker, clock: Any, steps: list[Any], pauses: list[int]) -> None:
    clock.seconds = 1_784_109_000.0
    meter = make_meter("SMR 5.5")
    meter.set(MANAGEMENT, AttributeRef(18, LogicalName.parse("0.0.44.0.0.255"), 5), None, Data(DataType.BOOLEAN, True))
    for (class_id, obis, attributes, methods), is_action, place, data in steps:
        name = LogicalName.parse(obis)
        if is_action and methods:
            method = methods[place % len(methods)]
            result, answer = meter.action(MANAGEMENT, MethodRef(class_id, name, method), data)
            assert isinstance(result, ActionResult)
            assert answer is None
        else:
            ref = AttributeRef(class_id, name, attributes[place % len(attributes)])
            assert isinstance(meter.set(MANAGEMENT, ref, None, data), DataAccessResult)
        clock.seconds += pauses[place % len(pauses)]
    for class_id, obis, attributes, _ in OBJECTS:
        for attribute in attributes:
            value = meter.get(MANAGEMENT, AttributeRef(class_id, LogicalName.parse(obis), attribute), None)
            assert isinstance(value, Data)
            encode(value)
    for class_id, obis, attribute in READ:
        value = meter.get(MANAGEMENT, AttributeRef(class_id, LogicalName.parse(obis), attribute), None)
        assert isinstance(value, Data)
        encode(value)
