"""`python -m meterstream.dlms decode HEX`: octets as text, secrets masked.

Exit status: 0 described, 1 the octets break a rule (which one, and where, is in the output), 2 no hex or no keys.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meterstream.dlms.errors import ConfigurationError
from meterstream.dlms.security import TITLE_OCTETS, SecurityKeys
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

    Empty lines and lines that start with # do not count. Raises: UsageError.
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
        keys = SecurityKeys(encryption_key, authentication_key)
    except (UsageError, ConfigurationError) as error:
        raise UsageError(f"the keys file: {error}") from None
    if any(len(title) != TITLE_OCTETS for title in titles):
        raise UsageError(f"the keys file: a system title has {TITLE_OCTETS} octets")
    client, server, *_ = (*titles, None, None)
    return keys, TraceContext(client, server)


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
    command = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "decode", help="describe an APDU, wrapper or HDLC frames; secrets are masked", allow_abbrev=False
    )
    command.add_argument("hex", nargs="?", default=_STDIN, metavar="HEX", help="octets; - or nothing: standard input")
    command.add_argument("--keys-file", type=Path, metavar="FILE", help="EK and AK, a line of hex each")
    options, others = parser.parse_known_args(arguments)
    if others:  # what they are may be a key, so it is not repeated
        return _refused("unknown arguments")
    try:
        keys, context = (None, None) if options.keys_file is None else read_keys(options.keys_file)
        octets = parse_hex(_input(options.hex))
    except UsageError as error:
        return _refused(str(error))
    trace = describe(octets, keys=keys, context=context)
    sys.stdout.buffer.write(f"{trace.text}\n".encode())
    sys.stdout.buffer.flush()
    return 1 if trace.error is not None else 0


if __name__ == "__main__":
    sys.exit(main())
