"""Values of meters as JSON and back: state classes, COSEM data, octets; what is secret is sealed.

Plain JSON for None, numbers, texts and lists; everything else is an object with one member that names its kind:
`tuple`, `octets` (hexadecimal), `sealed` (AES-GCM, hexadecimal), `data` (A-XDR, hexadecimal), `map` (pairs), `enum`,
`state` (a dataclass of the simulator, with its members). Members that a class keeps out of its repr are sealed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from meterstream.dlms.data import Data, decode, encode
from meterstream.dlms.errors import DlmsError

_PACKAGE: Final = "meterstream.simulator."
_SALT: Final = b"meterstream simulated fleet: state file"
_NONCE_OCTETS: Final = 12
_CHECK_OCTETS: Final = 8
_MAX_DEPTH: Final = 32


class CodecError(ValueError):
    """JSON that is no value of a meter."""


class StateCodec:
    """Writes and reads values of one fleet.

    Args:
        seed: of the fleet; what is secret is sealed under a key that derives from it.
    """

    def __init__(self, seed: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=16 + _CHECK_OCTETS, salt=_SALT, info=b"").derive(seed.encode())
        self._cipher = AESGCM(derived[:16])
        self.seed_check = derived[16:].hex()
        """Tells whether a file is of the same seed, and nothing else about it."""

    def plain(self, value: object, context: bytes, *, secret: bool = False) -> Any:
        """Write a value; octets in it are sealed when it is secret, bound to `context`.

        Raises:
            CodecError: a type that no meter has.
        """
        if value is None or isinstance(value, (bool, float)) or type(value) in (int, str):
            return value
        if isinstance(value, Enum):
            return {"enum": _name_of(type(value)), "value": value.value}
        if isinstance(value, bytes):
            return {"sealed": self._seal(value, context)} if secret else {"octets": value.hex()}
        if isinstance(value, Data):
            octets = encode(value)
            return {"data": {"sealed": self._seal(octets, context)} if secret else octets.hex()}
        if isinstance(value, list):
            return [self.plain(each, context, secret=secret) for each in value]
        if isinstance(value, Mapping):
            pairs = value.items()
            return {"map": [[self.plain(part, context, secret=secret) for part in pair] for pair in pairs]}
        if is_dataclass(value) and type(value).__module__.startswith(_PACKAGE):
            return {"state": _name_of(type(value)), "members": self._members(value, context, secret=secret)}
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return {"tuple": [self.plain(each, context, secret=secret) for each in value]}
        if isinstance(value, tuple) and type(value).__module__.startswith(_PACKAGE):
            parts = [self.plain(each, context, secret=secret) for each in value]
            return {"named": _name_of(type(value)), "values": parts}
        raise CodecError(f"a value of type {type(value).__name__} cannot be written down")

    def value(self, plain: Any, context: bytes, depth: int = 0) -> Any:
        """Read a value.

        Raises:
            CodecError: naming what is wrong.
        """
        if depth > _MAX_DEPTH:
            raise CodecError(f"more than {_MAX_DEPTH} levels")
        if plain is None or isinstance(plain, (bool, int, float, str)):
            return plain
        if isinstance(plain, list):
            return [self.value(each, context, depth + 1) for each in plain]
        match plain:
            case {"octets": str(text), **rest} if not rest:
                return octets_of(text)
            case {"sealed": str(text), **rest} if not rest:
                return self._open(text, context)
            case {"data": text, **rest} if not rest:
                return self._data(text, context)
            case {"tuple": [*parts], **rest} if not rest:
                return tuple(self.value(part, context, depth + 1) for part in parts)
            case {"map": [*pairs], **rest} if not rest:
                return self._map(pairs, context, depth)
            case {"enum": str(name), "value": value, **rest} if not rest:
                return _enum(name, value)
            case {"state": str(name), "members": dict(members), **rest} if not rest:
                return self._state(name, members, context, depth)
            case {"named": str(name), "values": [*parts], **rest} if not rest:
                return self._named(name, parts, context, depth)
        raise CodecError(f"unknown form {str(sorted(plain) if isinstance(plain, dict) else plain)[:80]}")

    def _members(self, value: Any, context: bytes, *, secret: bool) -> dict[str, Any]:
        return {
            each.name: self.plain(getattr(value, each.name), context, secret=secret or not each.repr)
            for each in _fields(type(value)).values()
        }

    def _data(self, plain: Any, context: bytes) -> Data:
        match plain:
            case str(text):
                octets = octets_of(text)
            case {"sealed": str(text)}:
                octets = self._open(text, context)
            case _:
                raise CodecError("data is neither hexadecimal nor sealed")
        try:
            return decode(octets)
        except DlmsError as error:
            raise CodecError(f"data: {error}") from error

    def _map(self, pairs: list[Any], context: bytes, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2:
                raise CodecError("map has an element that is no pair")
            key, value = (self.value(part, context, depth + 1) for part in pair)
            try:
                found[key] = value
            except TypeError:
                raise CodecError("map has a key that cannot be one") from None
        return found

    def _state(self, name: str, members: dict[str, Any], context: bytes, depth: int) -> Any:
        kind = _class_of(name)
        if not is_dataclass(kind):
            raise CodecError(f"state {name} is unknown")
        known = _fields(kind)
        for member in members:
            if member not in known:
                raise CodecError(f"state {name} has no member {member}")
        try:
            return kind(**{member: self.value(part, context, depth + 1) for member, part in members.items()})
        except (TypeError, ValueError, DlmsError) as error:
            raise CodecError(f"state {name}: {error}") from error

    def _named(self, name: str, parts: list[Any], context: bytes, depth: int) -> Any:
        kind = _class_of(name)
        if not issubclass(kind, tuple) or len(getattr(kind, "_fields", ())) != len(parts):
            raise CodecError(f"values {name} are unknown, or not {len(parts)}")
        return kind(*(self.value(part, context, depth + 1) for part in parts))

    def _seal(self, octets: bytes, context: bytes) -> str:
        nonce = os.urandom(_NONCE_OCTETS)
        return (nonce + self._cipher.encrypt(nonce, octets, context)).hex()

    def _open(self, text: str, context: bytes) -> bytes:
        octets = octets_of(text)
        try:
            return self._cipher.decrypt(octets[:_NONCE_OCTETS], octets[_NONCE_OCTETS:], context)
        except (InvalidTag, ValueError):
            raise CodecError("sealed octets do not open: they were changed, or are of another fleet") from None


def octets_of(text: str) -> bytes:
    """Read hexadecimal octets.

    Raises:
        CodecError: it is none.
    """
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise CodecError("octets that are not hexadecimal") from None


def _fields(kind: type) -> dict[str, Field[Any]]:
    return {each.name: each for each in fields(kind) if each.init}


def _name_of(kind: type) -> str:
    return f"{kind.__module__.removeprefix(_PACKAGE)}.{kind.__qualname__}"


def _class_of(name: str) -> type:
    """Find a class of a module of the simulator that is in use; nothing is imported for a file's sake."""
    module, _, qualified = name.rpartition(".")
    found = getattr(sys.modules.get(_PACKAGE + module), qualified, None)
    if not isinstance(found, type) or found.__module__ != _PACKAGE + module:
        raise CodecError(f"class {name} is unknown")
    return found


def _enum(name: str, value: Any) -> Enum:
    kind = _class_of(name)
    try:
        if issubclass(kind, Enum):
            return kind(value)
    except ValueError:
        raise CodecError(f"{value!r} is no {name}") from None
    raise CodecError(f"enum {name} is unknown")
