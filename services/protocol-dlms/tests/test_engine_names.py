"""Short names: object lists, offsets, settings."""

from __future__ import annotations

from typing import Any

import pytest
from engine_stage import engine_program

from meterstream.dlms.data import (
    Data,
    array,
    integer,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.errors import ConfigurationError, DecodeError
from meterstream.protocol_dlms.engine import EngineConfig, EngineHdlc, EngineProcesses
from meterstream.protocol_dlms.engine.names import METHOD_OFFSETS, base_names, method_name

CLOCK, REGISTER = bytes.fromhex("0000010000FF"), bytes.fromhex("0100010800FF")


def entry(base: int, class_id: int, name: bytes) -> Data:
    return structure(long(base), long_unsigned(class_id), unsigned(0), octet_string(name))


def test_base_names_are_unsigned() -> None:
    listed = base_names(array([entry(0x2BC0, 8, CLOCK), entry(-1536, 3, REGISTER)]))
    assert listed == {(8, CLOCK): 0x2BC0, (3, REGISTER): 0xFA00}
    assert base_names(array([])) == {}


@pytest.mark.parametrize(
    ("objects", "place"),
    [
        (integer(1), "INTEGER instead of an array"),
        (structure(), "STRUCTURE instead of an array"),
        (array([entry(1, 8, CLOCK), integer(1)]), "entry 1"),
        (array([structure(long(1))]), "entry 0"),
        (array([structure(octet_string(b""), long_unsigned(1), unsigned(0), octet_string(CLOCK))]), "entry 0"),
        (array([structure(long(1), octet_string(b""), unsigned(0), octet_string(CLOCK))]), "entry 0"),
        (array([structure(long(1), long_unsigned(1), unsigned(0), long(1))]), "entry 0"),
    ],
)
def test_an_object_list_that_is_none(objects: Data, place: str) -> None:
    with pytest.raises(DecodeError, match=place):
        base_names(objects)


def test_methods_follow_the_attributes() -> None:
    assert method_name(0x1000, METHOD_OFFSETS[3], 1) == 0x1028
    assert method_name(0x1000, METHOD_OFFSETS[7], 2) == 0x1060


@pytest.mark.parametrize(
    "settings",
    [
        {"client_sap": 128, "hdlc": EngineHdlc()},
        {"server_sap": 128, "hdlc": EngineHdlc()},
        {"hdlc": EngineHdlc(), "server_sap": 0x4000},
        {"client_sap": 0x10000},
        {"max_pdu": 63},
        {"work_timeout_s": 0.0},
    ],
)
def test_settings_out_of_range(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        EngineConfig(**settings)


def test_other_settings_out_of_range() -> None:
    with pytest.raises(ConfigurationError):
        EngineHdlc(information=31)
    with pytest.raises(ConfigurationError):
        EngineProcesses(engine_program(), 0)
    assert "secret" not in repr(EngineConfig(password=b"secret"))
