"""jDLMS (GPL-3.0, tests only), client and meter: Java programs in processes of their own, see ../jdlms-meter."""

from __future__ import annotations

import select
import subprocess
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    MethodRef,
    entry_descriptor,
    range_descriptor,
)
from stacks.port import CLIENT_SAPS, COUNTERS, TIMEOUT_S, Line, NotOffered, Refused, Way
from stacks.world import Plain

METER_CLASS: Final = "meterstream.interop.JdlmsMeter"
CLIENT_CLASS: Final = "meterstream.interop.JdlmsClient"
MECHANISMS: Final = {Way.NONE: "NONE", Way.LLS: "LOW", Way.LLS_PLAIN: "LOW"}
SAPS: Final = {way: CLIENT_SAPS[way] for way in (Way.NONE, Way.LLS, Way.LLS_PLAIN, Way.SUITE_2)}
"""Addresses of clients that the meter knows, besides the one with HLS 5."""
TYPES: Final = {
    DataType.UNSIGNED: "u8",
    DataType.LONG_UNSIGNED: "u16",
    DataType.DOUBLE_LONG_UNSIGNED: "u32",
    DataType.INTEGER: "i8",
    DataType.LONG: "i16",
    DataType.DOUBLE_LONG: "i32",
    DataType.ENUM: "enum",
}
ANSWER_S: Final = 3 * TIMEOUT_S
"""An open takes several answers of the meter."""


class JdlmsError(Exception):
    """What jDLMS raised: the name of its class and its text."""


class JdlmsRefused(JdlmsError):
    """The meter did not let it in."""


@dataclass
class JdlmsProcess:
    """The client program that runs; one association at a time."""

    process: subprocess.Popen[bytes]

    def ask(self, line: str) -> list[str]:
        """The words after "ok". Raises: JdlmsError, TimeoutError."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], ANSWER_S)[0]:
            raise TimeoutError("the client of jDLMS does not answer")
        word, *rest = self.process.stdout.readline().decode().rstrip("\n").split(" ")
        if word != "ok":
            raise JdlmsError(" ".join(rest))
        return rest


class JdlmsClient:
    """One association of jDLMS as a client."""

    def __init__(self, line: Line, process: JdlmsProcess) -> None:
        self._line = line
        self._process = process

    def associate(self) -> None:
        line = self._line
        options = {
            "host": line.host,
            "port": str(line.port),
            "sap": str(line.sap),
            "mechanism": mechanism_of(line.way),
            "counter": str(COUNTERS.next()),
        }
        if line.ciphered:
            options["encryption"] = f"AES_GCM_{8 * len(line.encryption_key)}"
            options["ek"] = line.encryption_key.hex()
            options["ak"] = line.authentication_key.hex()
        if options["mechanism"] == "LOW":
            options["password"] = line.password.hex()
        if line.way is Way.HDLC:
            options["framing"] = "hdlc"
        try:
            self._process.ask("open " + " ".join(f"{name}={value}" for name, value in options.items()))
        except JdlmsError as error:
            raise JdlmsRefused(str(error)) from error

    def get(self, ref: AttributeRef) -> Plain:
        return self._one(f"get {word_of(ref)}")

    def get_list(self, refs: list[AttributeRef]) -> list[Plain | Refused]:
        return [result_of(word) for word in self._process.ask("get " + " ".join(word_of(ref) for ref in refs))]

    def rows_by_range(self, profile: AttributeRef, first: datetime, last: datetime) -> Plain:
        parameters = range_descriptor(CosemDateTime.from_datetime(first), CosemDateTime.from_datetime(last))
        return self._one(f"get {word_of(profile)}:1={text_of(parameters)}")

    def rows_by_entry(self, profile: AttributeRef, first: int, last: int) -> Plain:
        return self._one(f"get {word_of(profile)}:2={text_of(entry_descriptor(first, last))}")

    def set(self, ref: AttributeRef, data: Data) -> None:
        self._done(f"set {word_of(ref)}={text_of(data)}")

    def set_list(self, items: list[tuple[AttributeRef, Data]]) -> list[int]:
        words = self._process.ask("set " + " ".join(f"{word_of(ref)}={text_of(data)}" for ref, data in items))
        return [int(word.removeprefix("!")) for word in words]

    def action(self, ref: MethodRef, data: Data) -> None:
        name = LogicalName(ref.logical_name)
        self._done(f"action {ref.class_id}:{name}:{ref.method}={text_of(data)}")

    def release(self) -> None:
        self._process.ask("release")

    def close(self) -> None:
        self._process.ask("abort")

    def _one(self, line: str) -> Plain:
        (word,) = self._process.ask(line)
        result = result_of(word)
        if isinstance(result, Refused):
            raise result
        return result

    def _done(self, line: str) -> None:
        (word,) = self._process.ask(line)
        number = int(word.removeprefix("!"))
        if number:
            raise Refused(number)


def mechanism_of(way: Way) -> str:
    if way in (Way.HLS3, Way.HLS4, Way.HLS6, Way.HLS7, Way.DEDICATED, Way.GENERAL_GLOBAL, Way.GENERAL, Way.BLOCKS):
        raise NotOffered(f"the client has no setting for {way.value}")
    return MECHANISMS.get(way, "HLS5_GMAC")


def word_of(ref: AttributeRef) -> str:
    return f"{ref.class_id}:{LogicalName(ref.logical_name)}:{ref.attribute}"


def text_of(data: Data) -> str:
    """As Text.java reads it."""
    value = data.value
    if isinstance(value, tuple):
        kind = "array" if data.type is DataType.ARRAY else "structure"
        return f"{kind}[{','.join(text_of(item) for item in value)}]"
    if isinstance(value, bytes):
        return f"x:{value.hex()}"
    return f"{TYPES[data.type]}:{value}"


def result_of(word: str) -> Plain | Refused:
    if word.startswith("!"):
        return Refused(int(word[1:]))
    value, rest = parsed(word)
    assert not rest, word
    return value


def parsed(text: str) -> tuple[Plain, str]:
    """A value as Text.java writes it, and what comes after it."""
    if text.startswith("["):
        items: list[Plain] = []
        rest = text[1:]
        while not rest.startswith("]"):
            item, rest = parsed(rest.removeprefix(","))
            items.append(item)
        return items, rest[1:]
    end = min((place for sign in ",]" if (place := text.find(sign)) >= 0), default=len(text))
    return scalar(text[:end]), text[end:]


def scalar(word: str) -> Plain:
    match word:
        case "null":
            return None
        case "true" | "false":
            return word == "true"
    if word.startswith("x"):
        return bytes.fromhex(word[1:])
    if word.startswith("s"):
        return bytes.fromhex(word[1:]).decode("latin-1")
    return float(word) if "." in word else int(word)
