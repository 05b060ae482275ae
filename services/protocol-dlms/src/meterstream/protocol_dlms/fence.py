"""What stops a worker that no longer holds its partitions."""

from __future__ import annotations

from typing import Protocol


class Cut(Exception):
    """The work ends here without an answer; whoever holds the partition next takes the request up."""


class Leaving(Cut):
    """The partition is being revoked: the work ends at this step boundary."""


class Lost(Cut):
    """The partition may belong to somebody else already: nothing more may be sent or written."""


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
