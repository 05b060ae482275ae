"""Bearer tokens: what is accepted, what is refused and how, and the issuer's keys over time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import ValidationError

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import PlatformTrouble
from meterstream.demo.certificates import Authority
from meterstream.ws_adapter.settings import HttpSettings, OAuthSettings
from meterstream.ws_adapter.web import jwks
from meterstream.ws_adapter.web.jwks import BadKeySet, KeySet, NoKeys, UnknownKey, fetcher_of, parse_keys
from meterstream.ws_adapter.web.tokens import Tokens, group_of, scopes_of

ISSUER = "https://login.example.org/grid"
AUDIENCE = "meterstream"
DEVICE = "E0000000000000001"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = {ec.EllipticCurvePrivateKey: ECAlgorithm, rsa.RSAPrivateKey: RSAAlgorithm}
    made = next((one for kind, one in algorithm.items() if isinstance(key, kind)), OKPAlgorithm)
    return {**json.loads(made.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


SET = key_set(public(EC_KEY, "ec"), public(RSA_KEY, "rsa"), public(ED_KEY, "ed"))


def claimed(value: Any, now: int) -> Any:
    """Times are told as what they are from now."""
    return now + int(value.total_seconds()) if isinstance(value, timedelta) else value


def token(key: Any = EC_KEY, algorithm: str = "ES256", kid: str | None = "ec", typ: str = "JWT", **claims: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    values = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "mdm-1",
        "iat": now,
        "exp": now + 300,
        "organisation": "DemoGridOrg",
        "scope": "openid meterstream:all",
        **claims,
    }
    headers = {"typ": typ} | ({} if kid is None else {"kid": kid})
    return jwt.encode(
        {k: claimed(v, now) for k, v in values.items() if v is not None}, key, algorithm=algorithm, headers=headers
    )


def settings(tmp_path: Path, **more: Any) -> OAuthSettings:
    return OAuthSettings(issuer=ISSUER, audience=AUDIENCE, **{"jwks_file": tmp_path / "jwks.json", **more})


@pytest.fixture
async def stack(build_stack: Callable[..., Any], http_settings: HttpSettings, tmp_path: Path) -> AsyncIterator[Any]:
    (tmp_path / "jwks.json").write_bytes(SET)
    found = settings(tmp_path)
    keys = KeySet(found, fetcher_of(found))
    await keys.start()
    built = build_stack(http_settings, tokens=Tokens(found, keys))
    await built.listener.start()
    yield built
    await built.listener.stop()
    await keys.stop()


async def ask(
    stack: Any, bearer: str | None, method: str = "POST", path: str = "/v1/operations/SynchronizeTime", **more: Any
) -> tuple[int, Any, str]:
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    body = {"json": {"device_identification": DEVICE}} if method == "POST" else {}
    async with (
        aiohttp.ClientSession(stack.base, headers={**headers, **more.pop("headers", {})}) as session,
        session.request(method, path, **{**body, **more}) as response,
    ):
        return response.status, await response.json(content_type=None), response.headers.get("WWW-Authenticate", "")


@pytest.mark.parametrize(
    "made",
    [
        partial(token),
        partial(token, typ="at+jwt"),
        partial(token, RSA_KEY, "RS256", "rsa"),
        partial(token, RSA_KEY, "PS256", "rsa"),
        partial(token, ED_KEY, "EdDSA", "ed"),
        partial(token, aud=["other", AUDIENCE], scope=["meterstream:all"]),
        partial(token, scope="meterstream:SYNCHRONIZE_TIME"),
        partial(token, scope="meterstream:adhoc"),
    ],
)
async def test_a_good_token_speaks_for_its_organisation(stack: Any, made: Callable[[], str]) -> None:
    status, found, _ = await ask(stack, made())
    assert status == 202, found
    header = stack.domain.commands[0].header
    assert (header.organisation, header.user, header.application) == ("DemoGridOrg", "mdm-1", "rest")


RAW_KEY = "not-a-real-secret-of-32-characters"


@pytest.mark.parametrize(
    ("made", "error", "reason"),
    [
        (lambda: "x", "invalid_token", "cannot be read"),
        (lambda: "a.b.c", "invalid_token", "cannot be read"),
        (lambda: "x" * 20_000, "invalid_token", "too long"),
        (lambda: "", "invalid_request", "exactly one"),
        (partial(token, OTHER_KEY), "invalid_token", "signature"),
        (partial(token, kid="gone"), "invalid_token", "no key"),
        (partial(token, kid=None), "invalid_token", "no key"),
        (partial(token, RSA_KEY, "RS384", "rsa"), "invalid_token", "algorithm"),
        (partial(token, RSA_KEY, "RS256", "ec"), "invalid_token", "no key"),
        (partial(token, RAW_KEY, "HS256", "ec"), "invalid_token", "algorithm"),
        (partial(token, "", "none", "ec"), "invalid_token", "algorithm"),
        (partial(token, typ="logout+jwt"), "invalid_token", "another type"),
        (partial(token, iss="https://elsewhere.example.org"), "invalid_token", "issuer"),
        (partial(token, aud="other"), "invalid_token", "audience"),
        (partial(token, exp=timedelta(seconds=-60)), "invalid_token", "expired"),
        (partial(token, exp=None), "invalid_token", "lacks the claim exp"),
        (partial(token, sub=None), "invalid_token", "lacks the claim sub"),
        (partial(token, exp="later"), "invalid_token", "no time"),
        (partial(token, nbf=timedelta(seconds=600)), "invalid_token", "not valid yet"),
        (partial(token, iat=timedelta(seconds=600)), "invalid_token", "not valid yet"),
        (partial(token, organisation=None), "invalid_token", "names no organisation"),
        (partial(token, organisation=["DemoGridOrg"]), "invalid_token", "names no organisation"),
    ],
)
async def test_a_bad_token_is_refused_with_its_reason(
    stack: Any, made: Callable[[], str], error: str, reason: str
) -> None:
    bearer = made()
    status, problem, challenge = await ask(stack, bearer)
    assert (status, problem["code"]) == (401, "INVALID_TOKEN"), problem
    assert reason in problem["detail"]
    assert challenge.startswith(f'Bearer realm="meterstream", error="{error}"')
    assert stack.domain.commands == []
    assert bearer == "" or bearer not in json.dumps(problem)


async def test_another_scheme_or_two_tokens_are_refused(stack: Any) -> None:
    status, _, challenge = await ask(stack, None, headers={"Authorization": "Basic dTpw"})
    assert (status, "invalid_request" in challenge) == (401, True)


async def test_without_token_or_certificate_the_challenge_is_bare(stack: Any) -> None:
    status, problem, challenge = await ask(stack, None)
    assert (status, problem["code"], challenge) == (401, "NO_TOKEN", 'Bearer realm="meterstream"')


async def test_a_certificate_does_without_a_token_and_a_token_goes_first(stack: Any) -> None:
    status, _, _ = await ask(stack, None, headers=stack.as_organisation("OtherGridOrg"))
    assert (status, stack.domain.commands[-1].header.organisation) == (202, "OtherGridOrg")
    status, _, _ = await ask(stack, token(), headers=stack.as_organisation("OtherGridOrg"))
    assert (status, stack.domain.commands[-1].header.organisation) == (202, "DemoGridOrg")
    status, _, _ = await ask(stack, "x", headers=stack.as_organisation("OtherGridOrg"))
    assert status == 401


async def test_the_organisation_must_be_known(stack: Any) -> None:
    status, problem, _ = await ask(stack, token(organisation="Nobody"))
    assert (status, problem["code"]) == (403, "UNKNOWN_ORGANISATION")


@pytest.mark.parametrize("scope", [None, "", "all", "other:all", "meterstream:monitoring", "meterstream:read", 7])
async def test_a_token_without_the_scope_is_refused(stack: Any, scope: Any) -> None:
    status, problem, challenge = await ask(stack, token(scope=scope))
    assert (status, problem["code"]) == (403, "INSUFFICIENT_SCOPE")
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="SYNCHRONIZE_TIME adhoc"' in challenge


async def test_a_bundle_needs_the_scopes_of_its_actions(stack: Any) -> None:
    body = {
        "device_identification": DEVICE,
        "request": {"actions": [{"operation": "SynchronizeTime"}, {"operation": "GetActualMeterReads"}]},
    }
    bundle = "meterstream:" + scopes_of(load_operations()["Bundle"])[1]
    path = "/v1/operations/Bundle"
    status, problem, challenge = await ask(stack, token(scope=f"{bundle} meterstream:adhoc"), path=path, json=body)
    assert (status, problem["code"], "monitoring" in challenge) == (403, "INSUFFICIENT_SCOPE", True)
    scope = f"{bundle} meterstream:adhoc meterstream:monitoring"
    status, _, _ = await ask(stack, token(scope=scope), path=path, json=body)
    assert status == 202


async def test_lines_are_judged_one_by_one(stack: Any) -> None:
    lines = [
        {"operation": name, "device_identification": DEVICE} for name in ("SynchronizeTime", "GetActualMeterReads")
    ]
    async with (
        aiohttp.ClientSession(
            stack.base, headers={"Authorization": f"Bearer {token(scope='meterstream:adhoc')}"}
        ) as session,
        session.post(
            "/v1/operations",
            data="\n".join(map(json.dumps, lines)),
            headers={"Content-Type": "application/x-ndjson"},
        ) as response,
    ):
        answers = [json.loads(one) for one in (await response.text()).splitlines()]
    assert [one["status"] for one in answers] == [202, 403]
    assert answers[1]["problem"]["code"] == "INSUFFICIENT_SCOPE"


async def test_looking_and_cancelling_have_scopes_too(stack: Any) -> None:
    await ask(stack, token())
    (command,) = stack.domain.commands
    await stack.domain.publish("results", stack.domain.result(command, status="cancelled"))
    one = f"/v1/operations/{command.header.correlation_uid}"
    for path in ("/v1/operations", one, f"{one}/result"):
        assert (await ask(stack, token(scope="meterstream:adhoc"), "GET", path))[0] == 403
        assert (await ask(stack, token(scope="meterstream:read"), "GET", path))[0] == 200
    assert (await ask(stack, token(scope="meterstream:read"), "DELETE", one))[0] == 403
    assert (await ask(stack, token(scope="meterstream:adhoc"), "DELETE", one))[0] == 200


async def test_claims_are_configurable(stack: Any, tmp_path: Path) -> None:
    found = settings(tmp_path, organisation_claim="grid.organisation", scope_claim="roles", scope_prefix="hes/")
    keys = KeySet(found, fetcher_of(found))
    await keys.start()
    stack.platform.tokens.__dict__.update(Tokens(found, keys).__dict__)
    made = token(organisation=None, scope=None, grid={"organisation": "OtherGridOrg"}, roles=["hes/adhoc", 7])
    assert (await ask(stack, made))[0] == 202
    assert stack.domain.commands[-1].header.organisation == "OtherGridOrg"
    await keys.stop()


async def test_over_tls_a_token_does_without_a_certificate(
    build_stack: Callable[..., Any], authority: Authority, tmp_path: Path
) -> None:
    import ssl

    (tmp_path / "jwks.json").write_bytes(SET)
    found = settings(tmp_path)
    keys = KeySet(found, fetcher_of(found))
    server = authority.server()
    http = HttpSettings(
        host="127.0.0.1",
        port=0,
        certificate_file=server.certificate,
        key_file=server.key,
        client_ca_file=authority.files.certificate,
    )
    built = build_stack(http, tokens=Tokens(found, keys))
    await built.listener.start()
    plain = ssl.create_default_context(cafile=str(authority.files.certificate))
    body = {"device_identification": DEVICE}
    try:
        for context, headers, expected in (
            (plain, {"Authorization": f"Bearer {token()}"}, 202),
            (plain, {}, 401),
            (authority.client_context("OtherGridOrg"), {}, 202),
        ):
            async with (
                aiohttp.ClientSession(
                    f"https://localhost:{built.listener.port}", connector=aiohttp.TCPConnector(ssl=context)
                ) as session,
                session.post("/v1/operations/SynchronizeTime", json=body, headers=headers) as response,
            ):
                assert response.status == expected
    finally:
        await built.listener.stop()
    assert [one.header.organisation for one in built.domain.commands] == ["DemoGridOrg", "OtherGridOrg"]


class Source:
    """An issuer's key set that a test changes."""

    def __init__(self, raw: bytes) -> None:
        self.raw: bytes | Exception = raw
        self.asked = 0
        self.now = 1_000.0

    async def __call__(self) -> bytes:
        self.asked += 1
        if isinstance(self.raw, Exception):
            raise self.raw
        return self.raw


async def test_a_rotated_key_is_found_and_unknown_ones_do_not_flood_the_issuer(tmp_path: Path) -> None:
    source = Source(key_set(public(EC_KEY, "a")))
    keys = KeySet(settings(tmp_path, unknown_key_s=10), source, lambda: source.now)
    assert (await keys.find("a", "ES256")).key_id == "a"
    assert source.asked == 1
    source.raw = key_set(public(OTHER_KEY, "b"))
    for _ in range(5):
        with pytest.raises(UnknownKey):
            await keys.find("b", "ES256")
    assert source.asked == 1
    source.now += 10
    assert (await keys.find("b", "ES256")).key_id == "b"
    with pytest.raises(UnknownKey):
        await keys.find("a", "ES256")  # withdrawn
    assert source.asked == 2


async def test_keys_that_cannot_be_renewed_serve_on_but_not_for_ever(tmp_path: Path) -> None:
    source = Source(key_set(public(EC_KEY, "a")))
    keys = KeySet(settings(tmp_path, unknown_key_s=10, stale_s=100), source, lambda: source.now)
    assert await keys.find("a", "ES256")
    for trouble in (OSError("away"), TimeoutError(), aiohttp.ClientError("bad"), BadKeySet("none")):
        source.raw = trouble
        source.now += 20
        with pytest.raises(UnknownKey):
            await keys.find("b", "ES256")
        assert await keys.find("a", "ES256")
    source.now += 30
    with pytest.raises(NoKeys) as refused:
        await keys.find("a", "ES256")
    assert isinstance(refused.value.to_error(), PlatformTrouble)
    source.raw = key_set(public(EC_KEY, "a"))
    source.now += 20
    assert await keys.find("a", "ES256")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": 7}',
        b'{"keys": []}',
        b'{"keys": [7, {}, {"kty": "EC"}]}',
        key_set({"kty": "oct", "k": "c2VjcmV0", "kid": "x"}),
        key_set(public(EC_KEY, "x", use="enc")),
        key_set(public(EC_KEY, "x", key_ops=["sign"])),
        key_set(public(EC_KEY, "x", alg="ES512")),
        key_set(public(rsa.generate_private_key(public_exponent=65537, key_size=1024), "x")),
        key_set(*[public(EC_KEY, str(number)) for number in range(101)]),
        b'{"keys":' + b"[" * 100_000,
    ],
)
def test_what_is_no_set_of_public_keys_is_refused(raw: bytes) -> None:
    with pytest.raises(BadKeySet):
        parse_keys(raw, ("ES256", "RS256"))


def test_a_lone_key_serves_tokens_without_an_id() -> None:
    assert parse_keys(key_set(public(EC_KEY, "x")), ("ES256",))[None, "ES256"].key_id == "x"
    assert (None, "ES256") not in parse_keys(SET, ("ES256",))


async def test_keys_come_from_an_address_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[web.Response] = []

    async def serve(_: web.Request) -> web.Response:
        return answers.pop()

    application = web.Application()
    application.router.add_get("/jwks", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found = settings(tmp_path, jwks_file=None, jwks_url=f"http://127.0.0.1:{runner.addresses[0][1]}/jwks")
    fetch = fetcher_of(found)
    try:
        answers.append(web.Response(body=SET))
        assert await fetch() == SET
        for bad in (
            web.Response(status=500),
            web.Response(status=302, headers={"Location": "/jwks"}),
            web.Response(body=b" " * (jwks.LARGEST_SET + 1)),
        ):
            answers.append(bad)
            with pytest.raises(BadKeySet):
                await fetch()
    finally:
        await runner.cleanup()
    keys = KeySet(found, fetch)
    with pytest.raises(NoKeys):
        await keys.find("ec", "ES256")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"jwks_url": "https://x/jwks", "jwks_file": "y"},
        {"jwks_url": "http://example.org/jwks"},
        {"jwks_file": "y", "accepted_algorithms": "HS256"},
        {"jwks_file": "y", "accepted_algorithms": "none,RS256"},
        {"jwks_file": "y", "accepted_algorithms": " "},
    ],
)
def test_settings_that_would_not_be_safe_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OAuthSettings(issuer=ISSUER, audience=AUDIENCE, **values)


def test_every_operation_has_a_group() -> None:
    groups = {group_of(operation) for operation in load_operations().values()}
    assert {"adhoc", "monitoring", "management"} <= groups
    assert all(group and group == group.casefold() for group in groups)
