"""Who calls: TLS with client certificates, and certificates that a trusted proxy forwards."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from meterstream.contracts.errors import NotAuthorised
from meterstream.demo.certificates import Authority
from meterstream.runtime.errors import ConfigurationError
from meterstream.ws_adapter.settings import HttpSettings
from meterstream.ws_adapter.web.certificates import forwarded_name
from meterstream.ws_adapter.web.tls import server_context

Stack = Any
DEVICE = "E0000000000000001"
BODY = {"device_identification": DEVICE}
PATH = "/v1/operations/SynchronizeTime"


def tls_settings(authority: Authority, **more: Any) -> HttpSettings:
    server = authority.server()
    return HttpSettings(
        host="127.0.0.1",
        port=0,
        certificate_file=server.certificate,
        key_file=server.key,
        client_ca_file=authority.files.certificate,
        **more,
    )


async def ask(stack: Stack, context: ssl.SSLContext, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    address = f"https://localhost:{stack.listener.port}"
    connector = aiohttp.TCPConnector(ssl=context)
    async with (
        aiohttp.ClientSession(address, connector=connector, headers=headers) as session,
        session.post(PATH, json=BODY) as response,
    ):
        return response.status, await response.json(content_type=None)


@pytest.fixture
async def tls_stack(build_stack: Callable[..., Stack], authority: Authority) -> Any:
    stack = build_stack(tls_settings(authority), verdict_s=0.5)
    await stack.listener.start()
    yield stack
    await stack.listener.stop()


async def test_the_certificates_name_is_the_organisation(tls_stack: Stack, authority: Authority) -> None:
    status, _ = await ask(tls_stack, authority.client_context("OtherGridOrg"))
    assert status == 202
    assert tls_stack.domain.commands[0].header.organisation == "OtherGridOrg"
    status, problem = await ask(tls_stack, authority.client_context("Stranger"))
    assert (status, problem["code"]) == (403, "UNKNOWN_ORGANISATION")


async def test_a_client_without_a_certificate_is_not_let_in(tls_stack: Stack, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.files.certificate))
    with pytest.raises(aiohttp.ClientError):
        await ask(tls_stack, context)


async def test_a_certificate_of_another_authority_is_not_let_in(
    tls_stack: Stack, authority: Authority, tmp_path: Path
) -> None:
    foreign = Authority(tmp_path).client("DemoGridOrg")
    context = ssl.create_default_context(cafile=str(authority.files.certificate))
    context.load_cert_chain(foreign.certificate, foreign.key)
    with pytest.raises(aiohttp.ClientError):
        await ask(tls_stack, context)
    assert tls_stack.domain.commands == []


async def test_plain_http_and_old_tls_are_not_spoken(tls_stack: Stack, authority: Authority) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"http://localhost:{tls_stack.listener.port}{PATH}", json=BODY)
    context = authority.client_context("DemoGridOrg")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(aiohttp.ClientError):
        await ask(tls_stack, context)


async def test_a_strangers_forwarded_certificate_says_nothing(tls_stack: Stack, authority: Authority) -> None:
    forged = {"Client-Cert": rfc9440(authority, "OtherGridOrg")}
    status, _ = await ask(tls_stack, authority.client_context("DemoGridOrg"), forged)
    assert status == 202
    assert tls_stack.domain.commands[0].header.organisation == "DemoGridOrg"


async def test_a_proxys_own_certificate_says_nothing(build_stack: Callable[..., Stack], authority: Authority) -> None:
    stack = build_stack(tls_settings(authority, trusted_proxies="127.0.0.0/8, ::1"), verdict_s=0.5)
    await stack.listener.start()
    context = authority.client_context("DemoGridOrg")
    status, problem = await ask(stack, context)
    assert (status, problem["code"]) == (403, "UNAUTHORIZED")
    status, _ = await ask(stack, context, {"Client-Cert": rfc9440(authority, "OtherGridOrg")})
    assert status == 202
    assert stack.domain.commands[0].header.organisation == "OtherGridOrg"
    await stack.listener.stop()


async def test_plain_http_is_for_the_trusted_proxies_alone(
    build_stack: Callable[..., Stack], authority: Authority
) -> None:
    stack = build_stack(HttpSettings(host="127.0.0.1", port=0, trusted_proxies="192.0.2.7"), verdict_s=0.5)
    await stack.listener.start()
    headers = {"Client-Cert": rfc9440(authority, "DemoGridOrg")}
    async with aiohttp.ClientSession(stack.base, headers=headers) as session:
        async with session.post(PATH, json=BODY) as response:
            assert (response.status, (await response.json(content_type=None))["code"]) == (403, "UNAUTHORIZED")
        async with session.post("/osgp-adapter-ws-smartmetering/", data=b"<x/>") as response:
            assert response.status == 500
            assert b"<common:Code>301</common:Code>" in await response.read()
    await stack.listener.stop()


def certificate(authority: Authority, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.client(name).certificate.read_bytes())


def rfc9440(authority: Authority, name: str) -> str:
    return f":{b64encode(certificate(authority, name).public_bytes(Encoding.DER)).decode()}:"


def test_forms_of_a_forwarded_certificate(authority: Authority) -> None:
    mine = quote(certificate(authority, "Mine").public_bytes(Encoding.PEM).decode())
    other = quote(certificate(authority, "Other").public_bytes(Encoding.PEM).decode())
    assert forwarded_name(rfc9440(authority, "Mine")) == "Mine"
    assert forwarded_name(mine) == "Mine"
    assert forwarded_name(f'Hash=00;Cert="{mine}";Subject="CN=Mine"') == "Mine"
    assert forwarded_name(f'By=x;Cert="{other}",Hash=1;Cert="{mine}"') == "Mine"
    assert forwarded_name(f'Cert="{mine}";Subject="O=x;Cert={other}"') == "Mine"
    assert forwarded_name(f'Subject="O=a,Cert={other}";Cert="{mine}"') == "Mine"


@pytest.mark.parametrize("value", ["", "::", ":AAAA:", ":*:", "DemoGridOrg", 'Subject="CN=DemoGridOrg"', "%2D%2D", "ü"])
def test_what_is_no_certificate_is_refused(value: str) -> None:
    with pytest.raises(NotAuthorised):
        forwarded_name(value)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"certificate_file": "a"},
        {"certificate_file": "a", "key_file": "b"},
        {"client_ca_file": "a", "trusted_proxies": "10.0.0.1"},
        {"trusted_proxies": "10.0.0.300"},
        {"trusted_proxies": '["10.0.0.0/8"'},
    ],
)
def test_settings_under_which_nobody_vouches_for_the_client_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(**values)


def test_proxies_as_list_or_text() -> None:
    for text in ("10.0.0.0/8, ::1", '["10.0.0.0/8", "::1"]'):
        assert [str(network) for network in HttpSettings(trusted_proxies=text).networks] == ["10.0.0.0/8", "::1/128"]


def test_files_that_cannot_be_used_are_told(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("nothing")
    settings = HttpSettings(
        certificate_file=tmp_path / "bad.pem", key_file=tmp_path / "bad.pem", client_ca_file=authority.files.certificate
    )
    with pytest.raises(ConfigurationError, match="TLS files"):
        server_context(settings)
