"""What operators do to the registry by hand: organisations, removal of devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from meterstream.contracts.errors import CODES
from meterstream.contracts.events import LifecycleChange
from meterstream.contracts.records import EndpointKind, KafkaCommands
from meterstream.domain.adapters.keyring import IDENTITY_SECRET, Keyring
from meterstream.domain.adapters.store import QUERIES, Store, Transaction, Wanted, transaction
from meterstream.domain.model.events import lifecycle_event
from meterstream.domain.model.registry import OWNER
from meterstream.domain.model.world import World
from meterstream.domain.rules.remove_device import needs_of_removal, take_out
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.postgres import Database


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """Where an organisation is told about results; `secret` signs webhooks."""

    kind: EndpointKind
    url: str
    application: str = ""
    secret: bytes | None = None

    def __repr__(self) -> str:
        return f"NewEndpoint({self.kind}, {self.url})"


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """An organisation as an operator describes it.

    Attributes:
        application_keys: RSA public keys of its applications, DER SubjectPublicKeyInfo: GetKeys encrypts for them.
    """

    identification: str
    name: str
    admin: bool = False
    certificate_names: tuple[str, ...] = ()
    kafka_commands: KafkaCommands = KafkaCommands.OFF
    slug: str | None = None
    signing_key: bytes | None = None
    endpoints: tuple[NewEndpoint, ...] = ()
    application_keys: Mapping[str, bytes] = field(default_factory=dict)


async def put_organisation(database: Database, keyring: Keyring, organisation: NewOrganisation) -> None:
    """Make the organisation what is described; doing it again changes nothing but the revision of its record.

    A webhook that is described without a secret keeps the one it has.

    Raises: ConfigurationError for a webhook that has none.
    """
    endpoints = organisation.endpoints
    async with transaction(database) as work:
        await _check_secrets(work, organisation)
        await work.execute(
            "put_organisation",
            {
                "organisation": organisation.identification,
                "name": organisation.name,
                "admin": organisation.admin,
                "kafka_commands": organisation.kafka_commands.value,
                "slug": organisation.slug,
                "signing_key": organisation.signing_key,
                "certificate_names": list(organisation.certificate_names),
            },
        )
        described = {
            "organisation": organisation.identification,
            "kinds": [endpoint.kind.value for endpoint in endpoints],
            "applications": [endpoint.application for endpoint in endpoints],
            "urls": [endpoint.url for endpoint in endpoints],
        }
        await work.execute("delete_other_endpoints", described)
        sealed = _sealed(keyring, organisation.identification, endpoints)
        await work.execute("put_endpoints", described | {"sealed_secrets": sealed})
        keys = {
            "organisation": organisation.identification,
            "applications": list(organisation.application_keys),
            "public_keys": list(organisation.application_keys.values()),
        }
        await work.execute("delete_other_application_keys", keys)
        await work.execute("put_application_keys", keys)


async def _check_secrets(work: Transaction, organisation: NewOrganisation) -> None:
    names = {"organisations": [organisation.identification]}
    known = await work.fetch("load_endpoints", names)
    secret = {(row[1], row[2]) for row in known if row[4] is not None}
    for endpoint in organisation.endpoints:
        if (
            endpoint.kind is EndpointKind.WEBHOOK
            and endpoint.secret is None
            and ("webhook", endpoint.url) not in secret
        ):
            raise ConfigurationError(f"webhook {endpoint.url} needs a secret to sign with")


def _sealed(keyring: Keyring, organisation: str, endpoints: Sequence[NewEndpoint]) -> list[bytes | None]:
    return [
        None if endpoint.secret is None else keyring.seal_secret(organisation, endpoint.url, endpoint.secret)
        for endpoint in endpoints
    ]


async def remove_device(store: Store, organisation: str, device: str, now: datetime) -> int:
    """Take a device out of the registry; returns the revision of the record that says so.

    As RemoveDevice does; M-Bus devices behind it are coupled with no gateway then. The caller publishes the record.

    Raises: UNKNOWN_DEVICE (201), UNAUTHORIZED (301) for an organisation that is not its owner.
    """

    def decide(world: World) -> int:
        found = world.device(device)
        if found is None:
            raise CODES["UNKNOWN_DEVICE"](f"there is no device {device}", device=device)
        if OWNER not in world.groups(organisation, device):
            raise CODES["UNAUTHORIZED"](f"organisation {organisation} does not own device {device}", device=device)
        cause = (organisation, now.isoformat())
        world.tell(lifecycle_event(device, LifecycleChange.REMOVED, cause, now))
        return take_out(world, found, now)

    wanted = Wanted(
        organisations={organisation},
        subjects={(organisation, device)},
        changing={device},
    )
    wanted.add(needs_of_removal(device), changes=True)
    return await store.work(wanted, decide)


async def load_identity_secret(database: Database, keyring: Keyring) -> None:
    """Let the keyring use the installation's identity secret, made by whoever comes first.

    Raises: ConfigurationError where the key-encryption key is another than before.
    """
    fresh = {"name": IDENTITY_SECRET, "sealed": keyring.new_identity_secret()}
    async with database.connection() as connection:
        await connection.execute(QUERIES["keep_secret"], fresh)
        cursor = await connection.execute(QUERIES["read_secret"], {"name": IDENTITY_SECRET})
        row = await cursor.fetchone()
    if row is None:
        raise ConfigurationError("the identity secret vanished from the database while it was read")
    keyring.use_identity_secret(row[0])
