"""`python -m bench [NAME …]`: runs the benchmarks, each in a process of its own; writes build/bench.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

MODULES = (
    "session_core",
    "line",
    "simulator_memory",
    "device_memory",
    "engine",
    "ingress",
    "ingress_kafka",
    "push",
    "transfers",
    "e2e",
)
OUTPUT = Path("build") / "bench.json"
TIMEOUT_S = 1800


def measure(name: str) -> dict[str, float]:
    """The figures of one benchmark."""
    code = f"import json, sys; from bench.{name} import run; json.dump(run(), sys.stdout)"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def machine() -> str:
    """What the figures came from."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"


def main() -> int:
    """Measure, merge with what stands in build/bench.json, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(MODULES)}; all without")
    names = parser.parse_args().names or MODULES
    unknown = set(names) - set(MODULES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    figures: dict[str, float] = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    for name in names:
        print(f"{name} …", file=sys.stderr)
        figures |= measure(name)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    print(f"{machine()}\n\n| figure | value |\n|---|---:|")
    for figure, value in sorted(figures.items()):
        print(f"| `{figure}` | {value:,.4g} |" if value < 1000 else f"| `{figure}` | {value:,.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
