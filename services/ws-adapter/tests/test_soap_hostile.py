"""Hostile and malformed XML: a typed refusal, in bounded time and memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.ws_adapter.soap.envelope import MalformedEnvelope, parse_envelope

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENDPOINT = "/osgp-adapter-ws-smartmetering/"


def wrapped(body: str, prolog: str = "") -> str:
    return f'{prolog}<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'


def laughs() -> str:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    return wrapped("<x>&j;</x>", f"<!DOCTYPE x [{entities}]>")


HOSTILE = {
    "billion laughs": laughs().encode(),
    "quadratic": wrapped("<x>" + "&a;" * 1000 + "</x>", f'<!DOCTYPE x [<!ENTITY a "{"a" * 10_000}">]>').encode(),
    "external entity": wrapped("<x>&e;</x>", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>').encode(),
    "external DTD": wrapped("<x/>", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/evil.dtd">').encode(),
    "parameter entity": wrapped("<x/>", '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>').encode(),
    "UTF-16 laughs": laughs().encode("utf-16"),
    "UTF-16 big endian": laughs().encode("utf-16-be"),
    "EBCDIC laughs": ('<?xml version="1.0" encoding="IBM037"?>' + laughs()).encode("cp037"),
    "undeclared entity": wrapped("<x>&nbsp;</x>").encode(),
    "deep": wrapped("<x>" * 100_000 + "</x>" * 100_000).encode(),
    "deeper than libxml2 goes": wrapped("<x>" * 300 + "</x>" * 300).encode(),
    "attributes without end": wrapped("<x " + " ".join(f'a{n}="{n}"' for n in range(100_000)) + "/").encode(),
    "long name": wrapped(f"<{'x' * 200_000}/>").encode(),
    "no end": b"<s:Envelope",
    "nothing": b"",
    "blank": b"   ",
    "nul": b"\0\0\0\0",
    "no XML": b"Hello",
    "JSON": b'{"a": 1}',
    "wrong encoding": b'<?xml version="1.0" encoding="klingon"?><x/>',
    "broken UTF-8": wrapped("<x>").encode() + b"\xff\xfe</x>",
    "no envelope": b"<x/>",
    "SOAP 1.2": b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><x/></s:Body></s:Envelope>',
    "no body": f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(),
    "empty body": wrapped("").encode(),
    "two elements": wrapped("<x/><y/>").encode(),
    "two bodies": f'<s:Envelope xmlns:s="{SOAP}"><s:Body><x/></s:Body><s:Body><y/></s:Body></s:Envelope>'.encode(),
    "many headers": f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{"<h/>" * 100}</s:Header><s:Body><x/></s:Body></s:Envelope>'.encode(),  # noqa: E501  # one message
}


@pytest.mark.parametrize("name", list(HOSTILE))
async def test_is_refused_with_status_400_and_no_delay(client: aiohttp.ClientSession, name: str) -> None:
    began = time.process_time()
    async with client.post(ENDPOINT, data=BytesIO(HOSTILE[name])) as response:
        text = await response.text()
    assert (response.status, response.content_type) == (400, "text/plain")
    assert "root:" not in text
    assert len(text) < 400
    assert time.process_time() - began < 2


async def test_an_unknown_element_is_not_found(client: aiohttp.ClientSession) -> None:
    async with client.post(ENDPOINT, data=wrapped("<x>text</x>").encode()) as response:
        assert (response.status, await response.read()) == (404, b"")


async def test_a_body_beyond_the_limit(stack: Any, client: aiohttp.ClientSession, tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    path.write_bytes(wrapped("<x>" + "a" * stack.settings.max_body_bytes + "</x>").encode())
    with path.open("rb") as large:
        async with client.post(ENDPOINT, data=large) as response:
            answered = await response.text()
    assert response.status == 413
    assert "<common:InnerException>MESSAGE_TOO_LARGE</common:InnerException>" in answered


def test_processing_instructions_and_comments_are_passed_over() -> None:
    envelope = parse_envelope(wrapped("<!-- c --><?p i?><x><!-- d -->t</x>").encode())
    assert envelope.body.text == "t"


def texts() -> Iterator[str]:
    yield wrapped("<x/>")
    yield laughs()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from(list(texts())))
def test_spoilt_bytes_never_raise_anything_else(noise: bytes, at: int, text: str) -> None:
    raw = text.encode()
    for spoilt in (noise, raw[:at] + noise + raw[at:], raw[:at] + raw[at + len(noise) :]):
        try:
            parse_envelope(spoilt)
        except MalformedEnvelope:
            continue
