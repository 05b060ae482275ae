"""`python -m meterstream.dlms decode HEX`: octets as text, secrets masked; `... view HEX`: the objects of a meter.

Exit status of decode: 0 described, 1 the octets break a rule (which one, and where, is in the output), 2 no hex or no
keys. Of view: 0 nothing is in the way of operations, 1 something is, 2 no hex, no object list or no pack.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meterstream.dlms.apdu import DataAccessResult, GetResponseNormal, decode_get_response, tags
from meterstream.dlms.data import Data, decode
from meterstream.dlms.errors import ConfigurationError, DlmsError
from meterstream.dlms.objects import MeterProfile, decode_object_list, load_profile, profiles_with
from meterstream.dlms.objects.report import describe_view
from meterstream.dlms.security import TITLE_OCTETS, SecurityKeys, SecuritySuite
from meterstream.dlms.trace import TraceContext, describe

_STDIN: Final = "-"
_MAX_TEXT: Final = 4 * 2**20
_MAX_KEYS_TEXT: Final = 4096
_SEPARATORS: Final = re.compile(r"[\s:]+")


class UsageError(ValueError):
    """What was given is no hex or no keys; the text never repeats it."""


def parse_hex(text: str) -> bytes:
    """Octets of hex digits; white space, colons and 0x in front of a group do not matter. Raises: UsageError."""
    groups = (group[2:] if group[:2] in ("0x", "0X") else group for group in _SEPARATORS.split(text))
    try:
        return bytes.fromhex("".join(groups))
    except ValueError:
        raise UsageError("the input is not hex: digits 0-9 and A-F, two for each octet") from None


def read_keys(path: Path) -> tuple[SecurityKeys, TraceContext]:
    """EK and AK, a line of hex each; then, if the session's start is missing, the titles of client and server.

    A key has 16 bytes, in suite 2 it has 32. Empty lines and lines that start with # do not count. Raises: UsageError.
    """
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(_MAX_KEYS_TEXT)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the keys file cannot be read: {type(error).__name__}") from None
    lines = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
    if not 2 <= len(lines) <= 4:
        raise UsageError("the keys file has 2 to 4 lines: EK, AK, system title of the client, of the server")
    try:
        encryption_key, authentication_key, *titles = map(parse_hex, lines)
        keys = SecurityKeys(encryption_key, authentication_key, _suite_of(encryption_key))
    except (UsageError, ConfigurationError) as error:
        raise UsageError(f"the keys file: {error}") from None
    if any(len(title) != TITLE_OCTETS for title in titles):
        raise UsageError(f"the keys file: a system title has {TITLE_OCTETS} octets")
    client, server, *_ = (*titles, None, None)
    return keys, TraceContext(client, server)


def _suite_of(key: bytes) -> SecuritySuite:
    """By the length of a key; suites 0 and 1 cipher alike."""
    return SecuritySuite.SUITE_2 if len(key) == SecuritySuite.SUITE_2.key_octets else SecuritySuite.SUITE_0


def _input(argument: str) -> str:
    if argument != _STDIN:
        return argument
    raw = sys.stdin.buffer.read(_MAX_TEXT + 1)
    if len(raw) > _MAX_TEXT:
        raise UsageError(f"more than {_MAX_TEXT} characters")
    return raw.decode("latin-1")


def _refused(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m meterstream.dlms")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    command = commands.add_parser(
        "decode", help="describe an APDU or wrapper frames; secrets are masked", allow_abbrev=False
    )
    command.add_argument("hex", nargs="?", default=_STDIN, metavar="HEX", help="octets; - or nothing: standard input")
    command.add_argument("--keys-file", type=Path, metavar="FILE", help="EK and AK, a line of hex each")
    view = commands.add_parser("view", help="list the objects of a meter, beside a pack", allow_abbrev=False)
    view.add_argument(
        "hex", nargs="?", default=_STDIN, metavar="HEX", help="attribute 2 of class 15, or the get-response with it"
    )
    view.add_argument("--pack", metavar='"NAME VERSION"', help='such as "SMR 5.0.0": tell what differs')
    view.add_argument("--packs", type=Path, metavar="FOLDER", help="own packs")
    view.add_argument("--version", type=int, help="of the association class; as the list says")
    options, others = parser.parse_known_args(arguments)
    if others:  # what they are may be a key, so it is not repeated
        return _refused("unknown arguments")
    try:
        return _view(options) if options.command == "view" else _decode(options)
    except UsageError as error:
        return _refused(str(error))


def _decode(options: argparse.Namespace) -> int:
    keys, context = (None, None) if options.keys_file is None else read_keys(options.keys_file)
    trace = describe(parse_hex(_input(options.hex)), keys=keys, context=context)
    _write(trace.text)
    return 1 if trace.error is not None else 0


def _view(options: argparse.Namespace) -> int:
    octets = parse_hex(_input(options.hex))
    try:
        profile = _profile(options.pack, options.packs)
        report = describe_view(decode_object_list(_value(octets), options.version), profile)
    except (DlmsError, OSError) as error:
        raise UsageError(str(error)) from None
    _write(report.text)
    return 1 if report.hindered else 0


def _profile(pack: str | None, folder: Path | None) -> MeterProfile | None:
    if pack is None:
        return None
    name, _, version = pack.partition(" ")
    return load_profile(name, version) if folder is None else profiles_with(folder).get(name, version)


def _value(octets: bytes) -> Data:
    """The value, as it stands or in its get-response. Raises: DecodeError, UsageError."""
    if octets[:1] != bytes((tags.GET_RESPONSE,)):
        return decode(octets)
    response = decode_get_response(octets)
    if not isinstance(response, GetResponseNormal) or isinstance(response.result, DataAccessResult):
        raise UsageError("the get-response does not carry the whole value")
    return response.result


def _write(text: str) -> None:
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
