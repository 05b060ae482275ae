"""A worker process for the fault tests: works by key and writes every step into a journal.

Usage: kafka_worker.py SETTINGS-JSON NAME JOURNAL SPEED
A message's value is `<id>:<steps>`; each step takes 50 ms divided by SPEED, and is preceded by the check that a frame
to a meter would be. Journal lines: `<name> <what> <arguments...>`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys

from meterstream.runtime.kafka import Described, KeyedConsumer, Lost, Producer, Turn
from meterstream.runtime.settings import KafkaSettings

LANES = {"dlms-requests-high": 6.0, "dlms-requests-normal": 3.0, "dlms-requests-low": 1.0}
STEP_S = 0.05


class Worker:
    def __init__(self, settings: KafkaSettings, name: str, journal: str, speed: float) -> None:
        self.name = name
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.step_s = STEP_S / speed
        self.turns = itertools.count()
        self.producer = Producer(settings)
        self.consumer = KeyedConsumer(
            settings,
            group="k",
            lanes=LANES,
            describe=lambda message: Described(message.key, 4),
            handle=self.handle,
            max_keys=50,
            producer=self.producer,
            preparation=self,
            drain_s=5.0,
        )

    def write(self, *words: object) -> None:
        os.write(self.journal, (" ".join([self.name, *map(str, words)]) + "\n").encode())

    async def prepare(self, partitions: frozenset[int]) -> None:
        self.write("has", len(self.consumer.partitions))

    async def release(self, partitions: frozenset[int]) -> None:
        self.write("released", len(partitions))

    async def handle(self, turn: Turn) -> None:
        number = next(self.turns)
        while (message := turn.take()) is not None:
            identity, _, steps = (message.value or b"").decode().partition(":")
            self.write("start", number, identity)
            try:
                for _ in range(int(steps)):
                    turn.check()
                    self.write("frame", number, identity)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(turn.lost.wait(), self.step_s)
                    if turn.leaving:
                        return
                turn.check()
            except Lost:
                self.write("lost", number, identity)
                raise
            self.write("effect", number, identity)
            turn.done(message)

    async def run(self) -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await self.producer.start()
        await self.consumer.start()
        self.write("up", os.getpid())
        await stop.wait()
        await self.consumer.stop()
        await self.producer.stop()
        self.write("down")


def main(settings: str, name: str, journal: str, speed: str) -> None:
    asyncio.run(Worker(KafkaSettings.model_validate_json(settings), name, journal, float(speed)).run())


if __name__ == "__main__":
    main(*sys.argv[1:])
