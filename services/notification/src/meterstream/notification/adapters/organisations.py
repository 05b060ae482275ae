"""The organisations as this process knows them: a view of the compacted topic `organisations`."""

from __future__ import annotations

from meterstream.contracts.records import OrganisationRecord


class Organisations:
    """Keeps the highest revision of each organisation."""

    def __init__(self) -> None:
        self._records: dict[str, OrganisationRecord] = {}

    def take(self, key: str, record: OrganisationRecord | None) -> None:
        """A record of the topic, None where its organisation was removed; an older revision changes nothing."""
        if record is None:
            self._records.pop(key, None)
            return
        known = self._records.get(record.organisation)
        if known is None or known.revision <= record.revision:
            self._records[record.organisation] = record

    def find(self, organisation: str) -> OrganisationRecord | None:
        """The record of an organisation."""
        return self._records.get(organisation)
