"""`python -m meterstream.contracts`: prints the table of all operations (Markdown)."""

from __future__ import annotations

import sys

from meterstream.contracts.overview import as_markdown, overview


def main() -> int:
    """Print the table."""
    sys.stdout.write(as_markdown(overview()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
