"""One attempt at one delivery: looks the endpoint up, writes and signs the message, posts it, judges the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from meterstream.contracts.records import Endpoint, EndpointKind
from meterstream.notification.adapters.http import Answer
from meterstream.notification.adapters.organisations import Organisations
from meterstream.notification.adapters.store import Claimed
from meterstream.notification.model import soap, webhook
from meterstream.notification.model.retry import Outcome, Refused, Withdrawn
from meterstream.notification.model.targets import find_endpoint
from meterstream.runtime.clock import Clock
from meterstream.runtime.sealing import Opener, SealError

PUBLIC_KEY_BYTES: Final = 32
KEPT_SECRETS: Final = 10_000


class Sender(Protocol):
    """Posts bytes to a URL."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, requested: bool) -> Answer | Refused:
        """One attempt, bounded in time."""


class SecretBox:
    """Opens the sealed secrets of webhooks, each once."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._opened: dict[tuple[str, str, bytes], bytes] = {}

    def secret(self, organisation: str, endpoint: Endpoint) -> bytes:
        """The secret of an endpoint.

        Raises: SealError where it has none, or one sealed for another receiver or endpoint.
        """
        key = (organisation, endpoint.url, endpoint.sealed_secret)
        if key not in self._opened:
            if not endpoint.sealed_secret:
                raise SealError("the webhook has no secret")
            public, sealed = endpoint.sealed_secret[:PUBLIC_KEY_BYTES], endpoint.sealed_secret[PUBLIC_KEY_BYTES:]
            secret = self._opener.open(public, sealed, f"{organisation}|endpoint|{endpoint.url}".encode())
            if len(self._opened) >= KEPT_SECRETS:
                self._opened.clear()
            self._opened[key] = secret
        return self._opened[key]


class Courier:
    """Carries notifications to their receivers."""

    def __init__(
        self, sender: Sender, organisations: Organisations, secrets: SecretBox, soap_sender: soap.Sender, clock: Clock
    ) -> None:
        self._sender = sender
        self._organisations = organisations
        self._secrets = secrets
        self._soap_sender = soap_sender
        self._clock = clock

    async def attempt(self, delivery: Claimed) -> Outcome:
        """What came of one attempt."""
        endpoint = None
        if not delivery.requested:
            organisation = self._organisations.find(delivery.notice.organisation)
            endpoint = find_endpoint(organisation, delivery.kind, delivery.url)
            if endpoint is None:
                return Withdrawn("the endpoint is no longer configured, or its organisation disabled")
        if delivery.kind is EndpointKind.WEBHOOK and endpoint is not None:
            return await self._webhook(delivery, endpoint)
        return await self._soap(delivery)

    async def _soap(self, delivery: Claimed) -> Outcome:
        body = soap.send_notification_request(delivery.notice, self._soap_sender)
        headers = {"Content-Type": soap.CONTENT_TYPE, "SOAPAction": '""'}
        answer = await self._sender.post(delivery.url, body, headers, requested=delivery.requested)
        if isinstance(answer, Refused):
            return answer
        outcome = soap.judge_answer(answer.status, answer.body if answer.complete else b"<")
        return _patient(outcome, answer)

    async def _webhook(self, delivery: Claimed, endpoint: Endpoint) -> Outcome:
        body = webhook.webhook_body(delivery.notice)
        try:
            secret = self._secrets.secret(delivery.notice.organisation, endpoint)
            signature = webhook.signature_headers(delivery.delivery_id, self._clock(), body, secret)
        except (SealError, ValueError) as error:
            return Refused(f"cannot be signed: {error}", receiver=False)
        headers = {"Content-Type": webhook.CONTENT_TYPE, **signature}
        answer = await self._sender.post(delivery.url, body, headers, requested=False)
        if isinstance(answer, Refused):
            return answer
        return _patient(webhook.judge_answer(answer.status), answer)


def _patient(outcome: Outcome, answer: Answer) -> Outcome:
    """A refusal with the pause that the receiver asks for (HTTP status 429 and 503)."""
    if isinstance(outcome, Refused) and answer.retry_after_s and answer.status in (429, 503):
        return Refused(outcome.reason, outcome.permanent, answer.retry_after_s, outcome.receiver)
    return outcome
