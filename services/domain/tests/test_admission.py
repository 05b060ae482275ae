"""What is refused at arrival, on which face, and how the refusal reaches whoever asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsRequest
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest
from meterstream.contracts.topics import SIGNATURE_HEADER
from meterstream.domain.model.faces import signed_bytes
from meterstream.runtime.errors import UnknownSchema

SPKI = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def refused(sent):
    (result,), (reply,) = sent.results(), sent.replies()
    assert result.status is ResultStatus.REJECTED
    assert reply.verdict is Verdict.REJECTED
    assert reply.error == result.error
    return result.error


async def test_unknown_organisation(domain):
    error = refused(await domain.handle(domain.command(organisation="nobody")))
    assert (error.code, error.number) == ("UNKNOWN_ORGANISATION", 101)


async def test_disabled_organisation(domain):
    await domain.install()
    await domain.execute("update domain.organisations set enabled = false where organisation = 'org-a'")
    assert refused(await domain.handle(domain.command())).number == 104


async def test_unknown_device(domain):
    error = refused(await domain.handle(domain.command()))
    assert (error.number, error.details["field"]) == (201, "header.device_identification")


async def test_missing_device(domain):
    error = refused(await domain.handle(domain.command(device=None)))
    assert (error.number, error.details["field"]) == (401, "header.device_identification")


async def test_foreign_organisation(domain):
    await domain.install()
    error = refused(await domain.handle(domain.command(organisation="org-b")))
    assert (error.number, error.details["function"]) == (301, "SYNCHRONIZE_TIME")


async def test_a_function_group_allows_its_functions_only(domain):
    await domain.install()
    await domain.execute(
        "insert into domain.device_authorisations values ('org-b', 'TEST1024000000001', 'INSTALLATION')"
    )
    assert refused(await domain.handle(domain.command(organisation="org-b"))).number == 301
    await domain.execute("insert into domain.function_groups values ('INSTALLATION', 'SYNCHRONIZE_TIME')")
    domain.contexts.functions = await domain.store.function_groups()
    sent = await domain.handle(domain.command(organisation="org-b", uid="another-one-00000000000"))
    assert len(sent.requests()) == 1


async def test_schedule_beyond_expiry(domain):
    await domain.install()
    now = domain.clock.now
    message = domain.command(schedule_time=now + timedelta(hours=2), expires_at=now + timedelta(hours=1))
    assert refused(await domain.handle(message)).details["field"] == "header.expires_at"


async def test_a_refusal_where_nobody_waits_is_a_result_alone(domain):
    sent = await domain.handle(domain.command(reply_partition=None))
    assert sent.topics == ["results"]


@pytest.mark.parametrize("partition", [12, 4000])
async def test_a_reply_partition_that_does_not_exist_stops_nothing(domain, partition):
    await domain.install()
    sent = await domain.handle(domain.command(reply_partition=partition))
    assert sent.topics == ["command-states", "dlms-requests-normal"]


def action(domain, request):
    name = type(request).__name__.removesuffix("Request")
    return BundleAction(operation=name, request=domain.codec.encode(request))


async def test_a_bundle_needs_the_function_of_every_action(domain):
    await domain.install()
    await domain.execute(
        "delete from domain.function_groups where function_group = 'OWNER' and device_function = 'SYNCHRONIZE_TIME'"
    )
    domain.contexts.functions = await domain.store.function_groups()
    bundle = BundleRequest(
        actions=[action(domain, GetActualMeterReadsRequest()), action(domain, SynchronizeTimeRequest())]
    )
    error = refused(await domain.handle(domain.command(bundle)))
    assert (error.number, error.details["field"]) == (301, "request.actions.1")


async def test_a_bundle_with_an_unknown_action(domain):
    await domain.install()
    bundle = BundleRequest(actions=[BundleAction(operation="AddDevice", request=b"")])
    error = refused(await domain.handle(domain.command(bundle)))
    assert (error.number, error.details["field"]) == (407, "request.actions.0.operation")


@pytest.mark.parametrize("request_bytes", [b"", b"\xc3\x01junkjunk", None])
async def test_a_bundle_with_an_unreadable_action(domain, request_bytes):
    await domain.install()
    other = domain.codec.encode(GetActualMeterReadsRequest())
    broken = BundleAction(operation="SynchronizeTime", request=other if request_bytes is None else request_bytes)
    error = refused(await domain.handle(domain.command(BundleRequest(actions=[broken]))))
    assert (error.number, error.details["field"]) == (401, "request.actions.0.request")


async def test_a_bundle_for_a_gas_meter(domain):
    fields = {name: domain.keys.encrypt(bytes([number]) * 16) for number, name in enumerate(MBUS_KEYS)}
    gas = domain.new_meter(master_key=None, authentication_key=None, global_encryption_unicast_key=None, **fields)
    device = "TESTG102400000001"
    assert (await domain.handle(domain.command(gas, uid="gas-meter-0000000000000", device=device))).results()[
        0
    ].error is None
    bundle = BundleRequest(actions=[action(domain, SynchronizeTimeRequest())])
    error = refused(await domain.handle(domain.command(bundle, device=device)))
    assert (error.number, "gas meter" in error.message) == (401, True)
    error = refused(await domain.handle(domain.command(device=device, uid="alone-0000000000000000")))
    assert error.number == 401


MBUS_KEYS = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")


def letters(domain):
    return [(letter[1], letter[2]) for letter in domain.dead_letters.letters]


@pytest.mark.parametrize(
    ("policy", "organisation"), [("off", "org-a"), ("own-topic", "org-a"), ("signed", "org-a"), ("off", "nobody")]
)
async def test_upstream_commands_are_refused_without_policy(domain, policy, organisation):
    await domain.install()
    await domain.organisation("org-a", kafka_commands=policy, slug="a", signing_key=b"no key")
    sent = await domain.handle(domain.command(topic="upstream-commands", organisation=organisation))
    assert sent.topics == []
    assert [code for code, _ in letters(domain)] == [
        "UNAUTHORIZED" if organisation == "org-a" else "UNKNOWN_ORGANISATION"
    ]


async def test_upstream_commands_of_a_trusted_organisation_are_accepted_without_reply(domain):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="trusted")
    sent = await domain.handle(domain.command(topic="upstream-commands"))
    assert sent.topics == ["command-states", "dlms-requests-normal"]


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
async def test_signed_upstream_commands(domain, kind):
    await domain.install()
    if kind == "ed25519":
        ed25519 = Ed25519PrivateKey.generate()
        public, sign = ed25519.public_key(), ed25519.sign
    else:
        rsa = generate_private_key(public_exponent=65537, key_size=2048)
        public, sign = rsa.public_key(), lambda message: rsa.sign(message, PKCS1v15(), SHA256())
    await domain.organisation("org-a", kafka_commands="signed", signing_key=public.public_bytes(*SPKI))
    message = domain.command(topic="upstream-commands")
    signature = sign(signed_bytes(message.key, message.value))
    forged = message._replace(key=b"another", headers=((SIGNATURE_HEADER, signature),))
    assert (await domain.handle(forged)).topics == []
    assert [code for code, _ in letters(domain)] == ["UNAUTHORIZED"]
    signed = message._replace(headers=((SIGNATURE_HEADER, signature),))
    assert len((await domain.handle(signed)).requests()) == 1


async def test_an_organisations_own_topic_speaks_for_that_organisation_only(domain):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="own-topic", slug="org-a")
    await domain.organisation("org-b", kafka_commands="own-topic", slug="org-b")
    assert (await domain.handle(domain.command(topic="organisation-commands.org-b"))).topics == []
    assert [code for code, _ in letters(domain)] == ["UNAUTHORIZED"]
    assert len((await domain.handle(domain.command(topic="organisation-commands.org-a"))).requests()) == 1


async def test_bytes_that_are_no_message_are_dead_letters(domain):
    await domain.install()
    unknown_schema = b"\xc3\x01" + bytes(8)
    await domain.handle(
        domain.message(b"garbage", "upstream-commands"),
        domain.message(b"garbage", "commands"),
        domain.message(unknown_schema, "upstream-commands"),
        domain.command(),
    )
    assert [code for code, _ in letters(domain)] == ["UNREADABLE_MESSAGE", "UNREADABLE_MESSAGE", "UNKNOWN_SCHEMA"]


async def test_a_newer_schema_on_an_internal_topic_is_left_to_the_engine(domain):
    with pytest.raises(UnknownSchema):
        await domain.handle(domain.message(b"\xc3\x01" + bytes(8), "commands"))
    assert letters(domain) == []


async def test_a_value_out_of_range_over_kafka_is_a_rejecting_result_and_a_dead_letter(domain):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="trusted")
    operation = SynchronizeTimeRequest.model_construct(time_zone="Mars/Olympus")
    message = domain.command(topic="upstream-commands")
    broken = domain.codec.decode(message.value).model_copy(update={"request": operation})
    sent = await domain.handle(domain.message(broken, "upstream-commands", message.offset))
    (result,) = sent.results()
    assert (result.status, result.error.number, result.error.details["field"]) == (
        ResultStatus.REJECTED,
        401,
        "request.time_zone",
    )
    ((code, reason),) = letters(domain)
    assert (code, "request.time_zone" in reason) == ("VALIDATION_ERROR", True)


async def test_a_value_out_of_range_from_another_face_is_told_to_it(domain):
    await domain.install()
    message = domain.command()
    broken = domain.codec.decode(message.value).model_copy(
        update={"request": SynchronizeTimeRequest.model_construct(time_zone="Mars/Olympus")}
    )
    assert refused(await domain.handle(domain.message(broken, "commands"))).number == 401
    assert letters(domain) == []
