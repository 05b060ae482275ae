"""What a fleet counts over all its connections."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(slots=True)
class Stats:
    """Totals since the start or the last reset, `open_...` apart, which are what they are now.

    `repeated_nonces` counts protected APDUs and HLS tokens whose invocation counter was not above the last accepted
    one of the same meter, encryption key and client title: the one figure that must stay 0.
    `overlapping_connections` counts connections to a meter that still had another one.
    """

    connections: int = 0
    overlapping_connections: int = 0
    refused_connections: int = 0
    idle_connections: int = 0
    dropped_datagrams: int = 0
    associations: int = 0
    rejected_associations: int = 0
    aborted_sessions: int = 0
    releases: int = 0
    answers: int = 0
    gets: int = 0
    sets: int = 0
    actions: int = 0
    refused_accesses: int = 0
    clock_sets: int = 0
    repeated_nonces: int = 0
    faults: int = 0
    reboots: int = 0
    pushes_sent: int = 0
    pushes_failed: int = 0
    pushes_dropped: int = 0
    state_saves: int = 0
    state_failures: int = 0
    open_connections: int = 0
    open_associations: int = 0

    def as_dict(self) -> dict[str, int]:
        """Give all figures by name."""
        return asdict(self)

    def reset(self) -> None:
        """Set the totals to zero."""
        for each in fields(self):
            if not each.name.startswith("open_"):
                setattr(self, each.name, 0)
