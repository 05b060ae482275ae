"""`python -m unsafe_protocol`: protocol-dlms as it is, but for it setting a clock twice is once too often.

No operation of the contract is unsafe yet; this one stands for those to come.
"""

from __future__ import annotations

import dataclasses
import sys

from meterstream.contracts.operations.synchronize_time import OPERATION
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import load_executors
from meterstream.protocol_dlms.service import SERVICE, build
from meterstream.protocol_dlms.settings import Settings
from meterstream.runtime.logs import configure_logging
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.service import run, serve
from meterstream.runtime.settings import load_settings


def main() -> int:
    """Serve; the exit status."""
    settings = load_settings(Settings, sys.argv[1:], "python -m unsafe_protocol")
    configure_logging(settings.log, SERVICE)
    known = load_executors(executors)
    unsafe = dataclasses.replace(known[OPERATION.name], operation=dataclasses.replace(OPERATION, repeatable=False))

    async def start() -> None:
        metrics = Metrics(SERVICE)
        await serve(SERVICE, settings, build(settings, metrics, {**known, OPERATION.name: unsafe}), metrics)

    return run(start(), SERVICE)


if __name__ == "__main__":
    raise SystemExit(main())
