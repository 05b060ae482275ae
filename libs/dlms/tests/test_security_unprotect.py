"""Protected APDUs without an association: opened by keys, and described."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.dlms.__main__ import main
from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.general_ciphering import (
    AgreedKey,
    GeneralCiphering,
    GeneralHeader,
    GeneralKeyCiphering,
    IdentifiedKey,
    KeyInfo,
    WrappedKey,
    decode_general_ciphering,
    decode_general_key_ciphering,
)
from meterstream.dlms.apdu.general_signing import GeneralSigning, decode_general_signing
from meterstream.dlms.client import Level
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.errors import (
    AuthenticationError,
    ConfigurationError,
    DecipherError,
    DecodeError,
    DlmsError,
    EncodeError,
)
from meterstream.dlms.security import (
    Ciphering,
    ContentCipher,
    Form,
    KeyChoice,
    Protection,
    Protector,
    SecurityKeys,
    SecurityPolicy,
    SecuritySuite,
    Suite0,
    unprotect,
)
from meterstream.dlms.security.unprotect import _AnyNumber, claimed_suite
from meterstream.dlms.trace import TraceContext, describe

CLIENT = bytes.fromhex("2020201CBE991A14")
METER = bytes.fromhex("4F5347000000270F")
NOTIFICATION = bytes.fromhex("0F00000001000201060000002A")
EVENT = bytes.fromhex("C2000001000061620AFF020600000001")
COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
BOTH = Protection.AUTHENTICATED_ENCRYPTED
FORMS = [
    Form(Ciphering.GENERAL_GLOBAL),
    Form(Ciphering.GENERAL_DEDICATED),
    *(Form(Ciphering.GENERAL, key=choice) for choice in KeyChoice if choice is not KeyChoice.BROADCAST),
    *(Form(Ciphering.GENERAL, protection=p) for p in (Protection.AUTHENTICATED, Protection.ENCRYPTED)),
    Form(Ciphering.GENERAL, BOTH | Protection.SIGNED, KeyChoice.ONE_PASS),
    Form(protection=Protection.SIGNED),
]


def meter_side(keyring: Any) -> Protector:
    fresh = count(77)
    return Protector(
        keyring.keys,
        METER,
        CLIENT,
        count(900).__next__,
        _AnyNumber(),
        dedicated_key=bytes(keyring.suite.key_octets),
        asymmetric=keyring.server,
        fresh=lambda length: next(fresh).to_bytes(length, "big"),
    )


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("suite", [SecuritySuite.SUITE_1, SecuritySuite.SUITE_2])
def test_a_notification_in_every_form(keyring_of: Callable[..., Any], suite: SecuritySuite, form: Form) -> None:
    keyring = keyring_of(suite)
    apdu = meter_side(keyring).protect(NOTIFICATION, form)
    given_keys = {"dedicated_key": bytes(suite.key_octets), "asymmetric": keyring.client}
    least = form.protection
    opened = unprotect(apdu, keyring.keys, recipient=CLIENT, least=least, **given_keys)
    assert opened.plaintext == NOTIFICATION
    assert opened.title == METER
    assert opened.form.ciphering is form.ciphering
    assert opened.form.protection == form.protection
    assert NOTIFICATION.hex() not in repr(opened)
    assert opened.counter in (900, 901, 0) or (opened.counter is None and form.protection is Protection.SIGNED)
    with pytest.raises(DecipherError):
        unprotect(apdu, keyring.keys, title=CLIENT, least=least, **given_keys)
    for missing in (Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED):
        if not form.protection & missing:
            with pytest.raises(DecipherError, match="is not"):
                unprotect(apdu, keyring.keys, title=METER, least=missing, **given_keys)
    if form.protection & Protection.SIGNED or form.ciphering is Ciphering.GENERAL:
        with pytest.raises(DecipherError, match="another recipient"):
            unprotect(apdu, keyring.keys, recipient=METER, least=least, **given_keys)
    if form.protection & (Protection.AUTHENTICATED | Protection.SIGNED):
        for place in range(len(apdu)):
            altered = apdu[:place] + bytes((apdu[place] ^ 0x10,)) + apdu[place + 1 :]
            with pytest.raises((DecipherError, AuthenticationError, DecodeError)):
                unprotect(altered, keyring.keys, least=least, **given_keys)
    for cut in range(1, len(apdu)):
        with pytest.raises((DecipherError, AuthenticationError, DecodeError)):
            unprotect(apdu[:cut], keyring.keys, least=least, **given_keys)


def test_an_event_notification_with_the_title_known(keyring_of: Callable[..., Any]) -> None:
    keys = keyring_of(SecuritySuite.SUITE_0).keys
    apdu = Suite0(keys).seal(tags.GLO_EVENT_NOTIFICATION_REQUEST, METER, 41, EVENT)
    opened = unprotect(apdu, keys, title=METER)
    assert (opened.plaintext, opened.counter, opened.title) == (EVENT, 41, METER)
    with pytest.raises(DecipherError, match="not known"):
        unprotect(apdu, keys)
    with pytest.raises(DecipherError):
        unprotect(apdu, None, title=METER)
    other = SecurityKeys(keys.encryption_key, bytes(16))
    with pytest.raises(DecipherError, match="tag is wrong"):
        unprotect(apdu, other, title=METER)


def test_broadcast(keyring_of: Callable[..., Any]) -> None:
    keys = keyring_of(SecuritySuite.SUITE_0).keys
    content = ContentCipher(keys.suite, keys.broadcast_key, keys.authentication_key).seal(
        BOTH, METER, 3, NOTIFICATION, broadcast=True
    )
    apdu = GeneralKeyCiphering(dedicated=False, system_title=METER, content=content).encode()
    assert unprotect(apdu, keys).plaintext == NOTIFICATION
    with pytest.raises(DecipherError, match="broadcast key"):
        unprotect(apdu, replace(keys, broadcast_key=None))


def test_plain_octets_and_nothing(keyring_of: Callable[..., Any]) -> None:
    keys = keyring_of(SecuritySuite.SUITE_0).keys
    with pytest.raises(DecipherError, match="not authenticated"):
        unprotect(NOTIFICATION, keys, title=METER)
    assert unprotect(NOTIFICATION, keys, title=METER, least=Protection.NONE).title is None
    with pytest.raises(DecodeError):
        unprotect(b"", keys, title=METER)
    with pytest.raises(ConfigurationError):
        unprotect(NOTIFICATION, keys, title=METER, dedicated_key=b"short")


def test_protected_apdus_inside_one_another(keyring_of: Callable[..., Any]) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_1)
    side = meter_side(keyring)
    twice = side.protect(side.protect(NOTIFICATION, Form(Ciphering.GENERAL)), Form(Ciphering.GENERAL_GLOBAL))
    with pytest.raises(DecipherError, match="inside one another"):
        unprotect(twice, keyring.keys)
    signed = Form(protection=Protection.SIGNED)
    with pytest.raises(DecipherError):
        unprotect(side.protect(side.protect(NOTIFICATION, signed), signed), keyring.keys, asymmetric=keyring.client)


octets = st.binary(max_size=64)
headers = st.builds(GeneralHeader, octets, octets, octets, octets, octets)
key_infos: st.SearchStrategy[KeyInfo | None] = st.one_of(
    st.none(),
    st.builds(IdentifiedKey, st.integers(0, 255)),
    st.builds(WrappedKey, st.binary(max_size=300), st.integers(0, 255)),
    st.builds(AgreedKey, st.binary(max_size=10), st.binary(max_size=300)),
)


@given(headers, key_infos, st.binary(max_size=300), st.booleans())
def test_codecs_reverse_each_other(header: GeneralHeader, info: KeyInfo | None, content: bytes, flag: bool) -> None:
    ciphering = GeneralCiphering(header, info, content)
    assert decode_general_ciphering(ciphering.encode()) == ciphering
    signing = GeneralSigning(header, content, content)
    assert decode_general_signing(signing.encode()) == signing
    general = GeneralKeyCiphering(flag, header.originator, content)
    assert decode_general_key_ciphering(general.encode()) == general


KEYS = SecurityKeys(bytes(range(16)), bytes(range(16, 32)), SecuritySuite.SUITE_0, bytes(16), bytes(16))


@given(st.sampled_from([0xC8, 0xD0, 0xCA, 0xDB, 0xDC, 0xDD, 0xDF, 0xD8, 0x21]), st.binary(max_size=200))
def test_any_octets_end_in_an_error_of_the_tree(tag: int, raw: bytes) -> None:
    try:
        unprotect(bytes((tag,)) + raw, KEYS, title=METER)
    except DlmsError:
        return
    raise AssertionError("octets without a valid tag were taken")


def test_header_fields_are_bounded() -> None:
    with pytest.raises(EncodeError):
        GeneralHeader(bytes(65)).encode()
    too_long = b"\xdd\x41" + bytes(65) + bytes(6)
    with pytest.raises(DecodeError, match="transaction"):
        decode_general_ciphering(too_long)


# Trace


def test_trace_of_general_ciphering(keyring_of: Callable[..., Any]) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_1)
    side = meter_side(keyring)
    apdu = side.protect(NOTIFICATION, Form(Ciphering.GENERAL))
    closed, opened = describe(apdu), describe(apdu, keys=keyring.keys)
    assert closed.error is None
    assert [line.strip() for line in closed.lines[:5]] == [
        "general-ciphering, 64 octets",
        "transaction id 0000000000000384",
        'originator 4F5347000000270F "OSG"',
        'recipient 2020201CBE991A14 "   "',
        "identified key 0 (global unicast encryption key)",
    ]
    assert "security control 31: authenticated and encrypted, suite 1, unicast key" in closed.text
    assert "data-notification" not in closed.text
    assert "data-notification" in opened.text
    wrong = describe(apdu, keys=replace(keyring.keys, authentication_key=bytes(16)))
    assert wrong.error is not None
    assert wrong.error.code == DecipherError.code
    wrapped = describe(side.protect(NOTIFICATION, Form(Ciphering.GENERAL, key=KeyChoice.WRAPPED)), keys=keyring.keys)
    assert "wrapped key(24) masked, under key 0 (master key)" in wrapped.text
    assert "not opened: its key is none of the given ones" in wrapped.text
    agreed = describe(side.protect(NOTIFICATION, Form(Ciphering.GENERAL, key=KeyChoice.ONE_PASS)), keys=keyring.keys)
    assert "agreed key, one-pass Diffie-Hellman C(1e, 1s), 128 octets of ephemeral key and signature" in agreed.text


def test_keys_of_suite_0_open_what_suite_1_ciphered_and_files_hold_those_of_suite_2(
    keyring_of: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suite in (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2):
        keyring = keyring_of(suite)
        apdu = meter_side(keyring).protect(NOTIFICATION, Form(Ciphering.GENERAL_GLOBAL))
        file = tmp_path / suite.name
        file.write_text(f"{keyring.keys.encryption_key.hex()}\n{keyring.keys.authentication_key.hex()}\n")
        assert main(["decode", apdu.hex(), "--keys-file", str(file)]) == 0
        assert "data-notification" in capsys.readouterr().out


@pytest.mark.parametrize("suite", list(SecuritySuite))
@pytest.mark.parametrize("ciphering", [Ciphering.GLOBAL, Ciphering.GENERAL_GLOBAL])
def test_the_suite_that_an_apdu_claims(suite: SecuritySuite, ciphering: Ciphering) -> None:
    keys = SecurityKeys(bytes(suite.key_octets), bytes(suite.key_octets), suite)
    side = Protector(keys, METER, CLIENT, count(5).__next__, _AnyNumber())
    assert claimed_suite(side.protect(EVENT, Form(ciphering))) is suite


@pytest.mark.parametrize(("apdu", "error"), [("", DecodeError), ("CA", DecipherError), ("CA00", DecipherError),
    ("CA0105", DecipherError), ("CA01B0", DecipherError), ("DB0000", DecipherError), ("DB", DecodeError)])  # fmt: skip
def test_a_claim_that_cannot_be_read(apdu: str, error: type[DlmsError]) -> None:
    with pytest.raises(error):
        claimed_suite(bytes.fromhex(apdu))


@given(st.binary(max_size=60))
def test_a_claim_of_any_octets_is_one_or_refused(raw: bytes) -> None:
    for tag in (0xCA, 0xDB, 0xDD, 0xDF):
        with suppress(DecodeError, DecipherError):
            assert claimed_suite(bytes((tag,)) + raw) in SecuritySuite


def test_trace_of_general_signing(keyring_of: Callable[..., Any]) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_1)
    trace = describe(meter_side(keyring).protect(NOTIFICATION, Form(protection=Protection.SIGNED)))
    assert trace.error is None
    assert "data-notification" in trace.text
    assert "signature(64), not checked" in trace.text


@pytest.mark.parametrize("policy", [SecurityPolicy.AUTHENTICATED_ENCRYPTED, SecurityPolicy.ENCRYPTED], ids=str)
@pytest.mark.parametrize("ciphering", list(Ciphering))
def test_trace_of_whole_sessions(
    secured: Callable[..., Any], keyring_of: Callable[..., Any], ciphering: Ciphering, policy: SecurityPolicy
) -> None:
    """With keys everything is opened, dedicated keys out of the AARQ included; no key is in any line or repr."""
    keyring = keyring_of(SecuritySuite.SUITE_2)
    pair = secured(Level.HLS6_SHA256, keyring, ciphering=ciphering, policy=policy)
    pair.exchange(pair.client.associate())
    pair.exchange(pair.client.get(COUNTER))
    context, texts = TraceContext(), []
    for frame in pair.frames:
        trace = describe(frame, keys=keyring.keys, context=context)
        assert trace.error is None
        context = trace.context
        texts.append(trace.text)
        texts.append(repr(trace))
    assert "double-long-unsigned" in texts[-2]
    everything = "".join(texts).lower()
    dedicated = (1000).to_bytes(32, "big").hex()
    for secret in (keyring.keys.encryption_key.hex(), keyring.keys.authentication_key.hex(), dedicated, "11111111"):
        assert secret not in everything


@given(st.binary(max_size=120))
def test_trace_of_any_octets_never_raises(raw: bytes) -> None:
    for tag in (0xDB, 0xDC, 0xDD, 0xDF, 0xD0):
        describe(bytes((tag,)) + raw, keys=KEYS, context=TraceContext(CLIENT, METER, dedicated_key=bytes(16)))
