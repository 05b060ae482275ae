"""Where a notice goes: the deliveries that one result asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from meterstream.contracts.records import Endpoint, EndpointKind, OrganisationRecord
from meterstream.notification.model.notice import Notice
from meterstream.runtime.outbound.addresses import RefusedTarget, TargetRules


@dataclass(frozen=True, slots=True)
class Target:
    """One receiver of one notice.

    Attributes:
        delivery_id: the same for the same organisation, correlation uid, kind and URL, so that a result that is read
            again asks for nothing new, and a receiver recognises a repeat.
        lane_id: what shares room and circuit: a configured URL, or all response URLs of one origin; one
            organisation's lanes never hold up another's.
        requested: the URL came with the command (header ResponseUrl) and is judged by `TargetRules`.
        refusal: why it is never called; None where it is.
    """

    delivery_id: UUID
    lane_id: UUID
    kind: EndpointKind
    url: str
    requested: bool
    refusal: str | None = None


def targets_of(
    notice: Notice,
    application: str | None,
    response_url: str | None,
    organisation: OrganisationRecord | None,
    rules: TargetRules,
) -> list[Target]:
    """The receivers of a notice.

    SOAP goes to the command's response URL where it named one, else to each SOAP endpoint of (organisation,
    application); webhooks always to each of theirs. An organisation that is disabled is told nothing. An organisation
    without an entry of its own (or not known here) is still answered at the response URL that its command named.
    What nobody asked for has no application (None) and goes to the endpoints of all of them.
    """
    if organisation is not None and not organisation.enabled:
        return []
    configured = [] if organisation is None else list(_serving(organisation, application))
    found: dict[UUID, Target] = {}
    if response_url is not None:
        target = _requested(notice, response_url, rules)
        found[target.delivery_id] = target
    for endpoint in configured:
        if endpoint.kind is EndpointKind.SOAP and response_url is not None:
            continue
        target = _configured(notice, endpoint)
        found.setdefault(target.delivery_id, target)
    return list(found.values())


def find_endpoint(organisation: OrganisationRecord | None, kind: EndpointKind, url: str) -> Endpoint | None:
    """The configured endpoint that a stored delivery names, None where it is gone or the organisation disabled."""
    if organisation is None or not organisation.enabled:
        return None
    return next((one for one in organisation.endpoints if one.kind is kind and one.url == url), None)


def _serving(organisation: OrganisationRecord, application: str | None) -> Iterator[Endpoint]:
    return (one for one in organisation.endpoints if application is None or one.application in ("", application))


def _requested(notice: Notice, url: str, rules: TargetRules) -> Target:
    kind = EndpointKind.SOAP
    try:
        lane, refusal = str(rules.check_url(url)), None
    except RefusedTarget as refused:
        lane, refusal = "refused", f"response_url: {refused}"
    return Target(
        delivery_id=_identity(notice.organisation, notice.correlation_uid, kind, url),
        lane_id=_identity(notice.organisation, "requested", lane),
        kind=kind,
        url=url,
        requested=True,
        refusal=refusal,
    )


def _configured(notice: Notice, endpoint: Endpoint) -> Target:
    return Target(
        delivery_id=_identity(notice.organisation, notice.correlation_uid, endpoint.kind, endpoint.url),
        lane_id=_identity(notice.organisation, "configured", endpoint.kind, endpoint.url),
        kind=endpoint.kind,
        url=endpoint.url,
        requested=False,
    )


def _identity(*parts: str) -> UUID:
    """A name-based identifier (RFC 9562, version 8) of parts that cannot run into each other."""
    digest = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
    return UUID(int=int.from_bytes(digest[:16]) & ~(0xF << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62)
