"""`python -m meterstream.contracts.render`: writes or checks schemas/avro."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from meterstream.contracts.schemas import check, schema_directory, write


def main(arguments: list[str] | None = None) -> int:
    """Write what changed, then check; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m meterstream.contracts.render", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    parser.add_argument(
        "--replace-newest",
        action="store_true",
        help="a changed schema replaces its newest file instead of becoming the next number (before its release only)",
    )
    parser.add_argument("--directory", type=Path, default=schema_directory())
    options = parser.parse_args(arguments)
    if not options.check:
        for path in write(options.directory, release=not options.replace_newest):
            sys.stdout.write(f"wrote {path}\n")
    findings = check(options.directory)
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
