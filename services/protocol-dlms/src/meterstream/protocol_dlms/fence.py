"""What stops a worker that no longer holds its partitions."""

from __future__ import annotations

from typing import Final, Protocol

from meterstream.runtime.kafka import Lost


class Leaving(Exception):
    """The partition is being revoked: the work ends at this step boundary, the next owner takes the request up."""


CUT: Final = (Leaving, Lost)
"""The work ends here without an answer. Lost: somebody else may own the partition, so nothing more may be sent."""


class Guard(Protocol):
    """Tells a turn at a meter whether it may go on."""

    def check(self) -> None:
        """To be called before anything leaves this process.

        Raises: Lost.
        """

    def boundary(self) -> None:
        """To be called between steps.

        Raises: Leaving, Lost.
        """
