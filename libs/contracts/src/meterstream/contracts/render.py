"""`python -m meterstream.contracts.render`: writes or checks schemas/avro and the documents that follow from it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from meterstream.contracts import asyncapi, overview
from meterstream.contracts.schemas import check, schema_directory, write


def documents(directory: Path, operations: Path) -> dict[Path, str]:
    """The AsyncAPI document beside the schemas and the table of operations, as they must be, by place."""
    return {
        directory.parent / "asyncapi.json": asyncapi.as_text(asyncapi.build_asyncapi(directory)),
        operations: overview.as_markdown(overview.overview()),
    }


def is_current(path: Path, text: str) -> bool:
    """Whether a file holds this text."""
    return path.is_file() and path.read_text(encoding="utf-8") == text


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
    parser.add_argument("--operations", type=Path, default=schema_directory().parents[1] / "docs" / "operations.md")
    options = parser.parse_args(arguments)
    if not options.check:
        for path in write(options.directory, release=not options.replace_newest):
            sys.stdout.write(f"wrote {path}\n")
    findings = [str(finding) for finding in check(options.directory)]
    for path, text in documents(options.directory, options.operations).items():
        if is_current(path, text):
            continue
        if options.check:
            findings.append(f"{path.name}: is not what the contracts render; run make schemas-write")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
