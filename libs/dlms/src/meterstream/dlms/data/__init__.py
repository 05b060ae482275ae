"""COSEM data: values, their A-XDR form, names, date-times, units and access parameters. Pure."""

from meterstream.dlms.data.captures import NextCapture, every, monthly
from meterstream.dlms.data.decoder import DEFAULT_LIMITS, DataLimits, decode, decode_prefix
from meterstream.dlms.data.encoder import encode
from meterstream.dlms.data.lengths import decode_length, encode_length
from meterstream.dlms.data.names import AttributeRef, LogicalName, MethodRef
from meterstream.dlms.data.profile_buffer import Cell, NullData, ProfileColumn, profile_rows
from meterstream.dlms.data.profile_octets import decode_profile_rows
from meterstream.dlms.data.selection import (
    BY_ENTRY,
    BY_RANGE,
    CLOCK,
    CaptureObject,
    Selection,
    entry_descriptor,
    range_descriptor,
)
from meterstream.dlms.data.temporal import CosemDateTime
from meterstream.dlms.data.types import (
    DELTA_TYPES,
    INTEGER_TYPES,
    NULL,
    ArrayOf,
    BitString,
    CompactArray,
    Data,
    DataType,
    StructureOf,
    TypeDescription,
    Value,
    array,
    bcd,
    bit_string,
    boolean,
    compact_array,
    delta_double_long,
    delta_double_long_unsigned,
    delta_integer,
    delta_long,
    delta_long_unsigned,
    delta_unsigned,
    dont_care,
    double_long,
    double_long_unsigned,
    enum,
    float32,
    float64,
    integer,
    long,
    long64,
    long64_unsigned,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)
from meterstream.dlms.data.units import Unit, scale

__all__ = [
    "BY_ENTRY", "BY_RANGE", "CLOCK", "DEFAULT_LIMITS", "DELTA_TYPES", "INTEGER_TYPES", "NULL", "ArrayOf",
    "AttributeRef", "BitString", "CaptureObject", "Cell", "CompactArray", "CosemDateTime", "Data", "DataLimits",
    "DataType", "LogicalName", "MethodRef", "NextCapture", "NullData", "ProfileColumn", "Selection", "StructureOf",
    "TypeDescription", "Unit", "Value", "array", "bcd", "bit_string", "boolean", "compact_array", "decode",
    "decode_length", "decode_prefix", "decode_profile_rows", "delta_double_long", "delta_double_long_unsigned",
    "delta_integer", "delta_long", "delta_long_unsigned", "delta_unsigned", "dont_care", "double_long",
    "double_long_unsigned", "encode", "encode_length", "entry_descriptor", "enum", "every", "float32", "float64",
    "integer", "long", "long64", "long64_unsigned", "long_unsigned", "monthly", "null", "octet_string", "profile_rows",
    "range_descriptor", "scale", "structure", "unsigned", "utf8_string", "visible_string",
]  # fmt: skip
