"""The tables of README.md: what each pair of stacks can do, from the list that the tests hold true.

`PYTHONPATH=tests/interop python -m stacks.table` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from stacks.cases import CASES
from stacks.pairs import LIMITS, PAIRS, ways

README: Final = Path(__file__).parents[1] / "README.md"
BEGIN: Final = "<!-- tables: begin -->\n"
END: Final = "<!-- tables: end -->\n"
DONE: Final = "✓"


class Notes:
    """Numbers for reasons, in the order in which they come up."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, reason: str | None) -> str:
        if reason is None:
            return DONE
        return str(self._numbers.setdefault(reason, len(self._numbers) + 1))

    def lines(self) -> Iterable[str]:
        return (f"{number}. {reason}" for reason, number in self._numbers.items())


def tables() -> str:
    """Both tables and the notes, as Markdown."""
    notes = Notes()
    protections = grid(
        "protection",
        {way.value: [notes.mark(LIMITS.get((pair.name, way, None))) for pair in PAIRS] for way in ways()},
    )
    services = grid(
        "case",
        {case: [notes.mark(LIMITS.get((pair.name, None, case))) for pair in PAIRS] for case in CASES},
    )
    exceptions = [
        f"{pair}, {way.value}, {case}: {reason}"
        for (pair, way, case), reason in LIMITS.items()
        if way is not None and case is not None
    ]
    parts = [protections, services, "\n".join(notes.lines())]
    if exceptions:
        parts.append("Besides:\n\n" + "\n".join(f"- {line}" for line in exceptions))
    return "\n\n".join(parts) + "\n"


def grid(corner: str, rows: dict[str, list[str]]) -> str:
    head = [corner, *(pair.name for pair in PAIRS)]
    lines = [head, ["---", *(":-:" for _ in PAIRS)], *([name, *marks] for name, marks in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def written() -> str:
    """What README.md has between its marks."""
    return README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip("\n") + "\n"


def write() -> None:
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{tables()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
