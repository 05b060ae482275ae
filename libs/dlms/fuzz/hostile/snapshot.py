"""Copies of a role in the middle of a session: cheaper than playing the session up to there again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from types import MethodType
from typing import Any, Final, TypeVar, cast

from meterstream.dlms.security import ContentCipher, SuiteCipher

T = TypeVar("T")
_Copier = Callable[[Any, dict[int, Any]], Any]

_OURS: Final = ("meterstream.dlms", "hostile")
_STATELESS: Final = (ContentCipher, SuiteCipher)
_MISSING: Final = object()
_COPIERS: Final[dict[type, _Copier]] = {}


def copy_of(role: T) -> T:
    """All that changes is copied, what never does is shared; references to one object stay references to one."""
    return cast("T", _copy(role, {}))


def _copy(value: Any, done: dict[int, Any]) -> Any:
    kind = type(value)
    copier = _COPIERS.get(kind)
    if copier is None:
        copier = _COPIERS[kind] = _copier_for(kind)
    if copier is _share:
        return value
    known = done.get(id(value), _MISSING)
    return copier(value, done) if known is _MISSING else known


def _copier_for(kind: type) -> _Copier:
    if kind is MethodType:
        return _method
    if kind in (list, deque, set):
        return _sequence
    if kind is dict:
        return _dict
    if kind is bytearray:
        return _octets
    if not kind.__module__.startswith(_OURS) or issubclass(kind, (Enum, BaseException, tuple, *_STATELESS)):
        return _share
    parameters = getattr(kind, "__dataclass_params__", None)
    if parameters is not None and parameters.frozen:
        return _share
    return _object(kind)


def _share(value: Any, _: dict[int, Any]) -> Any:
    return value


def _method(value: Any, done: dict[int, Any]) -> Any:
    return MethodType(value.__func__, _copy(value.__self__, done))


def _sequence(value: Any, done: dict[int, Any]) -> Any:
    copied = done[id(value)] = type(value)(_copy(each, done) for each in value)
    return copied


def _dict(value: Any, done: dict[int, Any]) -> Any:
    copied = done[id(value)] = {key: _copy(each, done) for key, each in value.items()}
    return copied


def _octets(value: Any, done: dict[int, Any]) -> Any:
    done[id(value)] = copied = bytearray(value)
    return copied


def _object(kind: type) -> _Copier:
    slots = tuple(
        f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") else name
        for base in kind.__mro__
        for name in getattr(base, "__slots__", ())
        if name not in ("__dict__", "__weakref__")
    )

    def copier(value: Any, done: dict[int, Any]) -> Any:
        copied: Any = object.__new__(kind)
        done[id(value)] = copied
        for name in slots:
            kept = getattr(value, name, _MISSING)
            if kept is not _MISSING:
                shared = _COPIERS.get(type(kept)) is _share
                setattr(copied, name, kept if shared else _copy(kept, done))
        if hasattr(value, "__dict__"):
            for name, kept in value.__dict__.items():
                copied.__dict__[name] = _copy(kept, done)
        return copied

    return copier
