"""How COSEM names what it holds (IEC 62056-6-2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from meterstream.contracts.base import ObisCode


def _octets(obis: str) -> str:
    if any(int(part) > 255 for part in obis.split(".")):
        raise ValueError("each of the six values is 0 to 255")
    return obis


LogicalName = Annotated[ObisCode, AfterValidator(_octets)]
"""A logical name as text whose six values are octets."""

ClassId = Annotated[int, Field(ge=0, le=65535)]
"""Number of an interface class."""

AttributeIndex = Annotated[int, Field(ge=0, le=127)]
"""Number of an attribute; 0 stands for all of them."""

DataIndex = Annotated[int, Field(ge=0, le=65535)]
"""Element within an attribute that is an array or structure, from 1; 0 is the attribute as a whole."""
