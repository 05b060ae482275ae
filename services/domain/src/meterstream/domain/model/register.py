"""What a register is: rows of one shape that decisions find by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from meterstream.contracts.base import Record

R = TypeVar("R", bound=Record)


def _no_names(_: Record) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Register(Generic[R]):
    """Rows of one shape; `key_of` names a row, `names_of` tells by which further keys it is found."""

    name: str
    model: type[R]
    key_of: Callable[[R], str]
    names_of: Callable[[R], tuple[str, ...]] = _no_names
