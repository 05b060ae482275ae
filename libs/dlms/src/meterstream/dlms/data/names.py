"""What identifies an attribute or a method: class id, logical name, number."""

from __future__ import annotations

from typing import NamedTuple, Self


class LogicalName(bytes):
    """Six bytes, shown as OBIS text: str(LogicalName(b"\\0\\0\\1\\0\\0\\xff")) == "0.0.1.0.0.255".

    A subclass of bytes, so it goes wherever six bytes go.
    Raises: ValueError for any other number of bytes.
    """

    def __new__(cls, octets: bytes) -> Self:
        if len(octets) != 6:
            raise ValueError(f"a logical name has 6 bytes, not {len(octets)}")
        return super().__new__(cls, octets)

    @classmethod
    def parse(cls, obis: str) -> Self:
        """From "A.B.C.D.E.F", each 0..255 in decimal. Raises: ValueError."""
        groups = obis.split(".")
        if len(groups) != 6 or not all(group.isascii() and group.isdigit() and len(group) <= 3 for group in groups):
            raise ValueError(f"{obis!r} is not an OBIS code of six decimal groups")
        return cls(bytes(map(int, groups)))

    def __str__(self) -> str:
        return ".".join(map(str, self))

    def __repr__(self) -> str:
        return f"LogicalName({self!s})"


class AttributeRef(NamedTuple):
    """Attribute of an object, e.g. {class 8, 0.0.1.0.0.255, attribute 2}; attribute 0 means all of them."""

    class_id: int
    logical_name: bytes
    attribute: int

    def __str__(self) -> str:
        return f"{self.class_id}/{'.'.join(map(str, self.logical_name))}/{self.attribute}"


class MethodRef(NamedTuple):
    """Method of an object, e.g. {class 15, 0.0.40.0.0.255, method 1}."""

    class_id: int
    logical_name: bytes
    method: int

    def __str__(self) -> str:
        return f"{self.class_id}/{'.'.join(map(str, self.logical_name))}/{self.method}"
