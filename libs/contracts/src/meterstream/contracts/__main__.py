"""`python -m meterstream.contracts`: prints where each operation is found, who carries it out, and its rules."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.errors import UnknownEntity
from meterstream.contracts.overview import COLUMNS, FACES, UNSUPPORTED, as_table, overview


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 2 where an operation is asked for that there is not."""
    parser = argparse.ArgumentParser(prog="python -m meterstream.contracts", description=__doc__)
    parser.add_argument(
        "--operation", action="append", metavar="NAME", help="only this one, by name or alias; repeatable"
    )
    parser.add_argument("--without-executor", action="store_true", help="only those that nobody carries out")
    parser.add_argument("--all-columns", action="store_true", help="as docs/operations.md has them")
    parser.add_argument("--json", action="store_true", help="a list of objects with all columns instead of Markdown")
    options = parser.parse_args(arguments)
    try:
        wanted = {operation.name: operation for operation in map(find_operation, options.operation or ())}
    except UnknownEntity as failure:
        sys.stderr.write(f"{failure.message}\n")
        return 2
    rows = [row for row in overview(wanted or None) if row.executor == UNSUPPORTED or not options.without_executor]
    if options.json:
        text = json.dumps(
            [{**row.cells, "operation": row.operation.name} for row in rows], indent=2, ensure_ascii=False
        )
        sys.stdout.write(text + "\n")
    else:
        sys.stdout.write(as_table(rows, COLUMNS if options.all_columns else FACES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
