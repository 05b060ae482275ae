"""The commands of `python -m meterstream.domain` beside serving."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.records import EndpointKind, KafkaCommands
from meterstream.contracts.topics import is_slug, organisation_commands
from meterstream.domain.adapters.administration import (
    NewEndpoint,
    NewOrganisation,
    load_identity_secret,
    put_organisation,
    remove_device,
)
from meterstream.domain.adapters.key_files import generate_keys
from meterstream.domain.adapters.relay import Relay
from meterstream.domain.adapters.store import Store
from meterstream.domain.service import MIGRATIONS, read_keyring
from meterstream.domain.settings import DomainSettings
from meterstream.runtime.clock import system_clock
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import ConfigurationError, Outage
from meterstream.runtime.kafka import Producer
from meterstream.runtime.postgres import Database
from meterstream.runtime.registry import apply_schemas, load_schema_ids
from meterstream.runtime.service import run
from meterstream.runtime.settings import help_text, load_settings
from meterstream.runtime.topics import apply_topics

PROG: Final = "python -m meterstream.domain"

APPLICATION_LENGTH: Final = 40
APPLICATION_KEY_BITS: Final = range(2048, 8193)

_ORGANISATION: Final = re.compile(r"^\S{1,40}$")
_ENDPOINT: Final = re.compile(r"^(?P<kind>soap|webhook)(?:@(?P<application>[^=\s]{1,40}))?=(?P<url>https?://\S+)$")


def parser() -> argparse.ArgumentParser:
    """The command line; without a command the service runs."""
    made = argparse.ArgumentParser(
        prog=PROG,
        description="Registry, authorisation, keys, scheduling and retries of Meterstream. Without a command: serve.",
        epilog=help_text(DomainSettings, PROG),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", metavar="command")
    bootstrap = commands.add_parser("bootstrap", help="make or change an organisation; may be repeated")
    bootstrap.add_argument(
        "--organisation", required=True, type=_organisation, help="identification, 1 to 40 characters"
    )
    bootstrap.add_argument("--name", required=True, help="name for people")
    bootstrap.add_argument("--admin", action="store_true", help="may administer the platform")
    bootstrap.add_argument(
        "--certificate-name", action="append", default=[], metavar="CN", help="common name of a client certificate"
    )
    bootstrap.add_argument(
        "--kafka-commands",
        type=KafkaCommands,
        choices=list(KafkaCommands),
        default=KafkaCommands.OFF,
        help="whether it may publish commands itself",
    )
    bootstrap.add_argument("--slug", type=_slug, help="names its own command topic, for own-topic")
    bootstrap.add_argument("--signing-key-file", type=Path, help="its public key, PEM (Ed25519 or RSA), for signed")
    bootstrap.add_argument(
        "--endpoint",
        action="append",
        default=[],
        type=_endpoint,
        metavar="KIND[@APPLICATION]=URL",
        help="soap or webhook: where it is told about results",
    )
    bootstrap.add_argument(
        "--application-key",
        action="append",
        default=[],
        type=_application_key,
        metavar="APPLICATION=FILE",
        help="public key of an application, PEM (RSA): GetKeys encrypts for it",
    )
    bootstrap.add_argument("--webhook-secret-file", type=Path, help="signs its webhooks")
    keys = commands.add_parser("keys", help="key files of an installation").add_subparsers(dest="action", required=True)
    generate = keys.add_parser("generate", help="write the key files that are missing")
    generate.add_argument("--directory", required=True, type=Path)
    device = commands.add_parser("device", help="devices").add_subparsers(dest="action", required=True)
    remove = device.add_parser("remove", help="take a device out of the registry; its keys stay")
    remove.add_argument("--organisation", required=True, help="its owner")
    remove.add_argument("--device", required=True, help="its identification")
    return made


def _organisation(text: str) -> str:
    if not _ORGANISATION.match(text):
        raise argparse.ArgumentTypeError("must have 1 to 40 characters without white space")
    return text


def _slug(text: str) -> str:
    if not is_slug(text):
        raise argparse.ArgumentTypeError("must have 1 to 40 lower-case letters, digits and hyphens")
    return text


def _endpoint(text: str) -> NewEndpoint:
    match = _ENDPOINT.match(text)
    if match is None:
        raise argparse.ArgumentTypeError("must be soap=URL or webhook=URL, after the kind @APPLICATION if need be")
    return NewEndpoint(EndpointKind(match["kind"]), match["url"], match["application"] or "")


def _application_key(text: str) -> tuple[str, Path]:
    application, given, path = text.partition("=")
    if not given or not path or not 1 <= len(application) <= APPLICATION_LENGTH:
        raise argparse.ArgumentTypeError(
            f"must be APPLICATION=FILE, the name with 1 to {APPLICATION_LENGTH} characters"
        )
    return application, Path(path)


def carry_out(options: argparse.Namespace) -> int:
    """Run one command; its exit status."""
    try:
        if options.command == "keys":
            for path in generate_keys(options.directory):
                sys.stdout.write(f"wrote {path}\n")
            return 0
        settings = load_settings(DomainSettings, (), PROG)
        work = _bootstrap if options.command == "bootstrap" else _remove
        return run(_reported(work, settings, options), PROG)
    except (ConfigurationError, OSError) as error:
        sys.stderr.write(f"{PROG}: {error}\n")
        return 2


Work = Callable[[DomainSettings, argparse.Namespace], Awaitable[str]]


async def _reported(work: Work, settings: DomainSettings, options: argparse.Namespace) -> None:
    try:
        sys.stdout.write(await work(settings, options) + "\n")
    except (PlatformError, Outage) as error:
        raise ConfigurationError(str(error)) from error


@asynccontextmanager
async def _registry(settings: DomainSettings) -> AsyncIterator[tuple[Database, Relay]]:
    keyring = read_keyring(settings.keys)
    database = await Database.open(settings.postgres, MIGRATIONS)
    producer = Producer(settings.kafka)
    try:
        await load_identity_secret(database, keyring)
        if settings.kafka.registry.url is not None:
            await load_schema_ids(settings.kafka, ("devices", "organisations"))
        await producer.start()
        yield database, Relay(database, producer, keyring, shared_codec())
    finally:
        await producer.stop()
        await database.close()
        keyring.close()


async def _bootstrap(settings: DomainSettings, options: argparse.Namespace) -> str:
    organisation = describe_organisation(options)
    async with _registry(settings) as (database, relay):
        await put_organisation(database, read_keyring(settings.keys), organisation)
        if organisation.kafka_commands is KafkaCommands.OWN_TOPIC and organisation.slug is not None:
            topic = organisation_commands(organisation.slug)
            await apply_topics(settings.kafka, [topic])
            if settings.kafka.registry.url is not None:
                await apply_schemas(settings.kafka, [topic.name])
        while await relay.publish_organisations():
            pass
    return f"organisation {organisation.identification} is in place"


async def _remove(settings: DomainSettings, options: argparse.Namespace) -> str:
    async with _registry(settings) as (database, relay):
        revision = await remove_device(Store(database), options.organisation, options.device, system_clock())
        await relay.publish_devices([options.device])
    return f"device {options.device} is removed, revision {revision}"


def describe_organisation(options: argparse.Namespace) -> NewOrganisation:
    """The organisation that the options of `bootstrap` describe.

    Raises: ConfigurationError, OSError.
    """
    policy: KafkaCommands = options.kafka_commands
    slug = options.slug or (options.organisation.lower() if policy is KafkaCommands.OWN_TOPIC else None)
    if slug is not None and not is_slug(slug):
        raise ConfigurationError(f"--slug is needed: {slug!r} is not made of lower-case letters, digits and hyphens")
    signing_key = None if options.signing_key_file is None else read_signing_key(options.signing_key_file)
    if policy is KafkaCommands.SIGNED and signing_key is None:
        raise ConfigurationError("--kafka-commands signed needs --signing-key-file")
    secret = None if options.webhook_secret_file is None else options.webhook_secret_file.read_bytes().strip()
    if secret is not None and not secret:
        raise ConfigurationError(f"{options.webhook_secret_file}: is empty")
    return NewOrganisation(
        identification=options.organisation,
        name=options.name,
        admin=options.admin,
        certificate_names=tuple(options.certificate_name) or (options.organisation,),
        kafka_commands=policy,
        slug=slug,
        signing_key=signing_key,
        endpoints=tuple(_with_secret(endpoint, secret) for endpoint in options.endpoint),
        application_keys={name: read_application_key(path) for name, path in options.application_key},
    )


def _with_secret(endpoint: NewEndpoint, secret: bytes | None) -> NewEndpoint:
    if endpoint.kind is not EndpointKind.WEBHOOK:
        return endpoint
    return NewEndpoint(endpoint.kind, endpoint.url, endpoint.application, secret)


def read_application_key(path: Path) -> bytes:
    """An application's public key as DER SubjectPublicKeyInfo.

    Raises: ConfigurationError, OSError.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError:
        raise ConfigurationError(f"{path}: must hold a public key as PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size not in APPLICATION_KEY_BITS:
        raise ConfigurationError(f"{path}: must hold an RSA key of 2048 to 8192 bits")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read_signing_key(path: Path) -> bytes:
    """An organisation's public key as DER SubjectPublicKeyInfo.

    Raises: ConfigurationError, OSError.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError:
        raise ConfigurationError(f"{path}: must hold a public key as PEM") from None
    if not isinstance(key, Ed25519PublicKey | RSAPublicKey):
        raise ConfigurationError(f"{path}: must hold an Ed25519 or RSA key")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
