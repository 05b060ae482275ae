"""Who gets the hostile octets."""

from enum import StrEnum


class Side(StrEnum):
    """DECODER: no session, one function that takes any octets."""

    CLIENT = "client"
    METER = "meter"
    DECODER = "decoder"


ROLES = (Side.CLIENT, Side.METER)
