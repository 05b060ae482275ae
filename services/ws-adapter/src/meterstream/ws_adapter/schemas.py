"""`python -m meterstream.ws_adapter.schemas render|check`: the reviewed copy of schema documents and descriptions."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from meterstream.ws_adapter.soap.documents import differences, rendered_documents, reviewed_directory


def main(arguments: Sequence[str]) -> int:
    """Write the documents below `schemas/soap`, or tell how they differ; the exit status."""
    directory = reviewed_directory()
    match list(arguments):
        case ["render"]:
            for name, text in rendered_documents().items():
                path = directory / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text)
            return 0
        case ["check"]:
            found = differences(directory)
            for difference in found:
                sys.stderr.write(f"schemas/soap: {difference}\n")
            return 1 if found else 0
    sys.stderr.write("usage: python -m meterstream.ws_adapter.schemas render|check\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
