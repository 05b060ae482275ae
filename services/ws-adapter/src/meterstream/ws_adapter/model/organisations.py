"""Organisations and the certificates that speak for them."""

from __future__ import annotations

from collections import defaultdict

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import OrganisationRecord


class Organisations:
    """The organisations as their records tell; a record counts only with the highest revision seen."""

    def __init__(self) -> None:
        self._records: dict[str, OrganisationRecord] = {}
        self._by_certificate: defaultdict[str, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._records)

    def apply(self, organisation: str, record: OrganisationRecord | None) -> None:
        """Take a record in; None removes the organisation."""
        old = self._records.get(organisation)
        if record is not None and old is not None and record.revision < old.revision:
            return
        if old is not None:
            for name in old.certificate_names:
                self._by_certificate[name].discard(organisation)
            del self._records[organisation]
        if record is not None:
            self._records[organisation] = record
            for name in record.certificate_names:
                self._by_certificate[name].add(organisation)

    def certifies(self, certificate_name: str, organisation: str) -> bool:
        """Whether a certificate with this common name speaks for the organisation."""
        return certificate_name == organisation or organisation in self._by_certificate.get(certificate_name, ())

    def speaking_for(self, certificate_name: str) -> str:
        """The one organisation for which a certificate speaks.

        Raises: UNKNOWN_ORGANISATION, UNAUTHORIZED where it speaks for several.
        """
        if certificate_name in self._records:
            return certificate_name
        named = self._by_certificate.get(certificate_name, set())
        if len(named) > 1:
            raise error("UNAUTHORIZED", "the certificate's common name speaks for more than one organisation")
        if not named:
            raise unknown_organisation(certificate_name)
        return next(iter(named))

    def budget_of(self, certificate_name: str) -> str:
        """On whose account a request counts before it has said for whom it speaks."""
        named = self._by_certificate.get(certificate_name)
        return min(named) if named else certificate_name

    def admit(self, organisation: str) -> OrganisationRecord:
        """The record of an organisation that may use the platform.

        Raises: UNKNOWN_ORGANISATION, DISABLED_ORGANISATION.
        """
        record = self._records.get(organisation)
        if record is None:
            raise unknown_organisation(organisation)
        if not record.enabled:
            raise error("DISABLED_ORGANISATION", f'Organisation "{organisation}" is disabled.')
        return record


def unknown_organisation(organisation: str) -> PlatformError:
    """UNKNOWN_ORGANISATION in the words of the SOAP contract."""
    return error("UNKNOWN_ORGANISATION", f'Organisation with id "{organisation}" could not be found.')
