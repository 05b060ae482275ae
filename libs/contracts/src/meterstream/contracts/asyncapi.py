"""AsyncAPI 3.0 document of every topic: messages, headers, keys, who writes, who reads. Derived from the catalogue.

It describes the platform: `receive` is what a service reads, `send` what it writes. A payload is the newest released
schema, referred to as it lies beside the document (`avro/<topic>/<Record>/NNN.avsc`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from meterstream.contracts.base import Record
from meterstream.contracts.catalogue import load_operations, records_by_topic, schema_folder
from meterstream.contracts.operation import Operation
from meterstream.contracts.schemas import rendered
from meterstream.contracts.topics import (
    OF_ORGANISATIONS,
    SIGNATURE_HEADER,
    TOPICS,
    Party,
    Topic,
    dead_letter_of,
)

ASYNCAPI_VERSION: Final = "3.0.0"
AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
BINDING: Final = "0.5.0"
OUTSIDE: Final = (Party.UPSTREAM, Party.ORGANISATION, Party.OPERATORS)

_DESCRIPTION: Final = """\
Values are Avro: by default in single-object encoding (C3 01, the schema's CRC-64-AVRO fingerprint in 8 octets, the \
body); with a schema registry in Confluent's wire format (00, the schema's id in 4 octets, big-endian, the body), \
subjects `<topic>-<record>`. A reader takes both.

Every message may come more than once; repeats have the same `ce_id` and the same bytes. Topics are readable and \
writable as the broker's access lists say; `x-written-by` and `x-read-by` tell what those are to allow.\
"""

_PROTOCOLS: Final = {
    "tls": {"type": "X509", "description": "TLS with a client certificate"},
    "scram-sha-512": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512 over TLS"},
    "scram-sha-256": {"type": "scramSha256", "description": "SASL/SCRAM-SHA-256 over TLS"},
}

_HEADERS: Final = {
    "ce_specversion": {"type": "string", "const": "1.0", "description": "CloudEvents, binary mode"},
    "ce_id": {"type": "string", "description": "the same for every repeat of the event"},
    "ce_type": {"type": "string", "description": "name of the record"},
    "ce_source": {"type": "string", "description": "who wrote it, a URI reference"},
    "ce_time": {"type": "string", "format": "date-time"},
    "traceparent": {"type": "string", "description": "W3C trace context"},
}
_SIGNATURE: Final = {
    "type": "string",
    "format": "binary",
    "description": (
        "needed from organisations that are `signed`: Ed25519, or RSA with SHA-256 (PKCS #1 v1.5), raw octets, over"
        " the key's length (4 octets, big-endian), the key, the value"
    ),
}
_LETTER_HEADERS: Final = {
    f"dead_letter_{name}": {"type": "string", "description": description}
    for name, description in (
        ("code", "stable code of the error"),
        ("reason", "one sentence; never content"),
        ("stage", "consumer group that gave up"),
        ("topic", "where the message lay, without prefix"),
        ("partition", "its partition there"),
        ("offset", "its offset there"),
        ("timestamp", "its time, Unix milliseconds"),
        ("failed_at", "when it was given up"),
        ("length", "octets of the whole value, where it was cut to its first 64 KiB"),
        ("sha256", "of the whole value, where it was cut"),
    )
}


def build_asyncapi(directory: Path, known: Mapping[str, Operation] | None = None) -> dict[str, Any]:
    """The document for `known` operations (the released ones by default).

    Args:
        directory: schemas/avro, which says the newest number of each record.
    """
    records = records_by_topic(known or load_operations())
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for topic in (*TOPICS.values(), *(of("{slug}") for of in OF_ORGANISATIONS.values())):
        folder = schema_folder(topic.name)
        found = {model.__name__: model for model in records[folder]}
        for name, model in found.items():
            messages.setdefault(name, _message(name, model, folder, directory))
        channels[topic.name] = _channel(topic, found)
        operations |= dict(_operations(topic))
        if topic.dead_letter:
            letters = dead_letter_of(topic)
            channels[letters.name] = _channel(letters, ["DeadLetter"])
            operations |= dict(_operations(letters))
    messages["DeadLetter"] = _dead_letter()
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "Meterstream",
            "version": version("meterstream-contracts"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/avro",
        "servers": {"kafka": _server()},
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "messageTraits": {"cloudEvent": {"headers": {"type": "object", "properties": _HEADERS}}},
            "securitySchemes": _PROTOCOLS,
        },
    }


def as_text(document: dict[str, Any]) -> str:
    """The document as it is kept in a file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _server() -> dict[str, Any]:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "description": "The installation's Kafka.",
        "variables": {"bootstrap": {"default": "localhost:9092", "description": "host:port of a broker"}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _PROTOCOLS],
    }


def _channel(topic: Topic, messages: Iterable[str]) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": f"{{prefix}}.{topic.name}",
        "title": topic.name,
        "description": topic.summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "parameters": {"prefix": {"default": "meterstream", "description": "of all topics of an installation"}},
        "x-key": topic.key,
        "x-layout": topic.layout,
        "x-written-by": list(topic.written_by),
        "x-read-by": list(topic.read_by),
        "bindings": {"kafka": {"topicConfiguration": _configuration(topic), "bindingVersion": BINDING}},
    }
    if "{slug}" in topic.name:
        slug = "of the organisation, as the registry has it: lower-case letters, digits and hyphens"
        channel["parameters"]["slug"] = {"description": slug}
    return channel


def _configuration(topic: Topic) -> dict[str, Any]:
    """Kafka's topic settings, with the types that the binding wants."""
    found: dict[str, Any] = dict(topic.settings())
    found["cleanup.policy"] = [found["cleanup.policy"]]
    return found | {name: int(found[name]) for name in ("max.message.bytes", "retention.ms")}


def _operations(topic: Topic) -> Iterable[tuple[str, dict[str, Any]]]:
    """What the platform's services do with a topic; what others do is their side of it."""
    channel = {"$ref": f"#/channels/{_escaped(topic.name)}"}
    for action, parties in (("send", topic.written_by), ("receive", topic.read_by)):
        for party in parties:
            if party not in OUTSIDE:
                described = {"action": action, "channel": channel, "tags": [{"name": party}]}
                yield f"{party}.{action}.{topic.name}", described


def _escaped(name: str) -> str:
    """As a JSON pointer inside a URI fragment has it."""
    return name.replace("{", "%7B").replace("}", "%7D")


def _message(name: str, model: type[Record], folder: str, directory: Path) -> dict[str, Any]:
    key = next(topic.key for topic in TOPICS.values() if schema_folder(topic.name) == folder)
    kafka: dict[str, Any] = {
        "schemaIdLocation": "payload",
        "schemaIdPayloadEncoding": "confluent",
        "schemaLookupStrategy": "TopicRecordNameStrategy",
        "bindingVersion": BINDING,
    }
    if key is not None:
        kafka["key"] = {"type": "string", "description": key}
    message: dict[str, Any] = {
        "name": name,
        "contentType": "application/avro",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {
            "schemaFormat": AVRO,
            "schema": {"$ref": f"./avro/{folder}/{name}/{_newest(directory / folder / name):03}.avsc"},
        },
        "bindings": {"kafka": kafka},
    }
    operation: Operation | None = getattr(model, "operation", None)
    if operation is not None:
        message |= {"title": operation.name, "summary": operation.summary}
    elif doc := rendered(model).get("doc"):
        message["summary"] = doc
    if folder == "commands":
        message["headers"] = {"type": "object", "properties": {SIGNATURE_HEADER: _SIGNATURE}}
    return message


def _newest(folder: Path) -> int:
    """The number of the newest released schema; 1 where none is written yet."""
    return max((int(path.stem) for path in folder.glob("*.avsc")), default=1)


def _dead_letter() -> dict[str, Any]:
    return {
        "name": "DeadLetter",
        "summary": "The original octets (above the size limit the first 64 KiB), and in headers why and whence.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": _LETTER_HEADERS},
        "payload": {"type": "string", "format": "binary"},
    }
