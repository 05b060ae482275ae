"""`python -m hostile --frames 1000000 --seconds 600`: hostile octets into both roles and all decoders, on all cores."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from hostile.campaign import FINDINGS, Report, run


def main() -> int:
    """Exit status 1 when a frame did harm; the cases are added to the findings, which are tests from then on."""
    parser = argparse.ArgumentParser(prog="hostile", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="how many in all")
    parser.add_argument("--seconds", type=float, default=600.0, help="time budget; the first of both limits ends it")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run; otherwise a new one is drawn and told")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    seed = secrets.randbits(32) if options.seed is None else options.seed
    share = -(-options.frames // options.workers)
    with ProcessPoolExecutor(options.workers) as pool:
        runs = [pool.submit(run, seed + worker, share, options.seconds) for worker in range(options.workers)]
        reports = [each.result() for each in runs]
    return _tell(seed, reports)


def _tell(seed: int, reports: list[Report]) -> int:
    outcomes: Counter[str] = sum((report.outcomes for report in reports), Counter())
    amplification: Counter[str] = Counter()
    for report in reports:
        amplification |= Counter(report.amplification)
    findings = [finding for report in reports for finding in report.findings]
    summary = {
        "seed": seed,
        "frames": sum(report.frames for report in reports),
        "seconds": round(max(report.seconds for report in reports), 1),
        "grown_octets": max(report.growth for report in reports),
        "outcomes": dict(outcomes.most_common()),
        "octets_of_memory_per_octet": dict(amplification.most_common()),
        "findings": [{"what": what, **json.loads(case.to_json())} for case, what in findings],
    }
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    if findings:
        with FINDINGS.open("a", encoding="ascii") as file:
            file.writelines(case.to_json() + "\n" for case, _ in findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
