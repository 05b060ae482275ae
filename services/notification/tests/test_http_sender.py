from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from meterstream.notification.adapters.http import Answer, HttpSender, retry_after
from meterstream.notification.model.retry import Refused
from meterstream.notification.settings import DeliverySettings
from meterstream.runtime.clock import system_clock
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.outbound.addresses import TargetRules

OPEN = TargetRules(allow_private=True)


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    settings = DeliverySettings(timeout_s=2, connect_timeout_s=1, max_answer_bytes=4096)
    async with HttpSender(settings, OPEN, system_clock) as made:
        yield made


@pytest.fixture
async def careful() -> AsyncIterator[HttpSender]:
    async with HttpSender(DeliverySettings(timeout_s=2), TargetRules(), system_clock) as made:
        yield made


async def test_posts_bytes_and_headers_and_reads_the_answer(sender, receiver) -> None:
    answer = await sender.post(receiver.url("/a"), b"<x/>", {"Content-Type": "text/xml"}, requested=False)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.complete) == (200, True)
    assert b"SendNotificationResponse" in answer.body
    (received,) = receiver.received
    assert (received.body, received.headers["Content-Type"]) == (b"<x/>", "text/xml")


async def test_an_answer_without_end_is_cut_off(sender, receiver) -> None:
    receiver.plan("/a", receiver.flood)
    answer = await sender.post(receiver.url("/a"), b"", {}, requested=False)
    assert isinstance(answer, Answer)
    assert (len(answer.body), answer.complete) == (4096, False)


async def test_redirects_are_not_followed(sender, receiver) -> None:
    receiver.plan("/a", receiver.status(307, Location=receiver.url("/b")))
    answer = await sender.post(receiver.url("/a"), b"", {}, requested=False)
    assert isinstance(answer, Answer)
    assert answer.status == 307
    assert receiver.at("/b") == []


async def test_cookies_are_not_kept(sender, receiver) -> None:
    receiver.plan("/a", receiver.status(200, Set_Cookie="session=1"))
    for _ in range(2):
        await sender.post(receiver.url("/a"), b"", {}, requested=False)
    assert "Cookie" not in receiver.received[1].headers


async def test_an_attempt_ends_in_its_time(receiver) -> None:
    never = asyncio.Event()
    receiver.plan("/a", receiver.held(never))
    async with HttpSender(DeliverySettings(timeout_s=0.1), OPEN, system_clock) as sender:
        answer = await sender.post(receiver.url("/a"), b"", {}, requested=False)
    never.set()
    assert answer == Refused("no answer within 0.1 s")


async def test_a_line_that_is_cut_is_a_failure(sender, receiver) -> None:
    receiver.plan("/a", receiver.cut)
    assert await sender.post(receiver.url("/a"), b"", {}, requested=False) == Refused(
        "connection lost before the answer"
    )


async def test_nobody_listening_is_a_failure(sender, receiver) -> None:
    url = receiver.url("/a")
    await receiver.server.close()
    answer = await sender.post(url, b"", {}, requested=False)
    assert isinstance(answer, Refused)
    assert answer.reason.startswith("cannot connect: ")
    assert not answer.permanent


async def test_an_unknown_host_is_a_failure(sender) -> None:
    answer = await sender.post("http://no-such-host.invalid/", b"", {}, requested=False)
    assert answer == Refused("the host's name cannot be resolved")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST.", "2130706433", "127.1", "[::1]", "0x7f.1"])
async def test_a_response_url_never_reaches_loopback(careful, receiver, host: str) -> None:
    url = f"http://{host}:{receiver.server.port}/a"
    answer = await careful.post(url, b"", {}, requested=True)
    assert isinstance(answer, Refused)
    assert answer.permanent or "resolved" in answer.reason
    assert receiver.received == []


async def test_a_configured_endpoint_may_be_on_loopback(careful, receiver) -> None:
    assert isinstance(await careful.post(receiver.url("/a"), b"", {}, requested=False), Answer)


async def test_an_allow_list_opens_a_host_for_response_urls(receiver) -> None:
    rules = TargetRules(["localhost"], allow_private=True)
    async with HttpSender(DeliverySettings(timeout_s=2), rules, system_clock) as sender:
        answer = await sender.post(f"http://localhost:{receiver.server.port}/a", b"", {}, requested=True)
        assert isinstance(answer, Answer)
        answer = await sender.post(receiver.url("/a"), b"", {}, requested=True)
    assert answer == Refused("response_url: host and address are not in the allow-list", permanent=True, receiver=False)


@pytest.mark.parametrize("url", ["http://", "not a url", "http://[::1/", "ftp://example.org/"])
async def test_a_url_that_cannot_be_called_is_a_failure(sender, url: str) -> None:
    assert isinstance(await sender.post(url, b"", {}, requested=False), Refused)


async def test_certificates_are_verified(tmp_path: Path, receiver) -> None:
    certificate, key = self_signed(tmp_path)
    app = web.Application()
    app.router.add_post("/a", receiver.handle)
    server = TestServer(app, scheme="https", host="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    await server.start_server(ssl=context)
    url = f"https://localhost:{server.port}/a"
    try:
        async with HttpSender(DeliverySettings(timeout_s=5), OPEN, system_clock) as sender:
            answer = await sender.post(url, b"", {}, requested=False)
            assert answer == Refused("the endpoint's certificate is not trusted")
            assert receiver.received == []
        trusting = DeliverySettings(timeout_s=5, ca_file=certificate)
        async with HttpSender(trusting, OPEN, system_clock) as sender:
            assert isinstance(await sender.post(url, b"", {}, requested=False), Answer)
            wrong_name = await sender.post(f"https://127.0.0.1:{server.port}/a", b"", {}, requested=False)
            assert wrong_name == Refused("the endpoint's certificate is not trusted")
    finally:
        await server.close()


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    missing = DeliverySettings(ca_file=tmp_path / "missing.pem")
    with pytest.raises(ConfigurationError, match="CA_FILE"):
        HttpSender(missing, OPEN, system_clock)


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 0),
        ("30", 30),
        ("-5", 0),
        ("9" * 5000, 999_999_999),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("soon", 0),
    ],
)
def test_reads_retry_after(value: str, seconds: float) -> None:
    assert retry_after(value, datetime(2015, 10, 21, 7, 27, tzinfo=UTC)) == seconds
