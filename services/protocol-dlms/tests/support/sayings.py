"""What a meter can answer where something else belongs."""

from __future__ import annotations

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import (
    Data,
    DataType,
    array,
    bit_string,
    boolean,
    compact_array,
    double_long,
    enum,
    float32,
    integer,
    long64_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)

HOSTILE: list[Data | DataAccessResult] = [
    null(),
    boolean(True),
    bit_string(""),
    bit_string("1" * 15),
    bit_string("1" * 4096),
    integer(-128),
    double_long(-1),
    long64_unsigned(2**64 - 1),
    unsigned(255),
    enum(255),
    float32(float("nan")),
    octet_string(b""),
    octet_string(b"\xff" * 70_000),
    visible_string("\x00\xff"),
    utf8_string("\U0001f600" * 10),
    array(),
    structure(),
    structure(null(), null()),
    structure(long64_unsigned(2**64 - 1), bit_string("0" * 16)),
    structure(enum(1), structure()),
    array([structure(enum(1), bit_string("0" * 16))] * 3),
    compact_array(DataType.UNSIGNED, [unsigned(1)]),
    Data(DataType.DONT_CARE, None),
    Data(DataType.DATE_TIME, bytes(12)),
    *(result for result in DataAccessResult if result is not DataAccessResult.SUCCESS),
]
