"""Rows of schema `domain` to values of the model and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.records import DeviceState, KafkaCommands, KeyKind, KeyState
from meterstream.domain.model.keys import DeviceKey
from meterstream.domain.model.messages import Publication
from meterstream.domain.model.registry import NO_MBUS_FACTS, Device, Gateway, MbusFacts, Organisation
from meterstream.domain.model.stored import NOTHING, Attachments, Position, Stage, StoredCommand

Row = Sequence[Any]
Columns = Mapping[str, list[Any]]


def to_command(row: Row) -> StoredCommand:
    """A row of `load_commands`."""
    return StoredCommand(
        organisation=row[0],
        correlation_uid=row[1],
        operation=row[2],
        device_identification=row[3],
        request_hash=row[4],
        command=row[5],
        source=Position.parse(row[6]),
        moved_by=None if row[7] is None else Position.parse(row[7]),
        stage=Stage(row[8]),
        attempt=row[9],
        changed_at=row[10],
        expires_at=row[11],
        timer_at=row[12],
        due_at=row[13],
        gateway=row[14],
        channel=row[15],
        mbus_identity=row[16],
        record_revision=row[17],
        not_after=row[18],
        status=None if row[19] is None else ResultStatus(row[19]),
        answer=row[20],
        result=row[21],
        attachments=NOTHING if row[22] is None else Attachments.model_validate_json(row[22]),
    )


def moved_columns(rows: Sequence[StoredCommand]) -> dict[str, list[Any]]:
    """Arguments of `update_commands`."""
    return {
        "organisation": [row.organisation for row in rows],
        "correlation_uid": [row.correlation_uid for row in rows],
        "moved_by": [str(row.moved_by) if row.moved_by else None for row in rows],
        "stage": [row.stage.value for row in rows],
        "attempt": [row.attempt for row in rows],
        "changed_at": [row.changed_at for row in rows],
        "timer_at": [row.timer_at for row in rows],
        "due_at": [row.due_at for row in rows],
        "gateway": [row.gateway for row in rows],
        "channel": [row.channel for row in rows],
        "mbus_identity": [row.mbus_identity for row in rows],
        "record_revision": [row.record_revision for row in rows],
        "not_after": [row.not_after for row in rows],
        "status": [row.status.value if row.status else None for row in rows],
        "answer": [row.answer for row in rows],
        "result": [row.result for row in rows],
        "attachments": [row.attachments.model_dump_json() if row.attachments else None for row in rows],
    }


def new_columns(rows: Sequence[StoredCommand]) -> dict[str, list[Any]]:
    """Arguments of `insert_commands`."""
    return moved_columns(rows) | {
        "operation": [row.operation for row in rows],
        "device_identification": [row.device_identification for row in rows],
        "request_hash": [row.request_hash for row in rows],
        "command": [row.command for row in rows],
        "source": [str(row.source) for row in rows],
        "expires_at": [row.expires_at for row in rows],
    }


def to_device(row: Row) -> tuple[tuple[str, str], Device, frozenset[str]]:
    """A row of `load_devices`: (organisation, device), the device, the organisation's function groups for it."""
    gateway = None if row[11] is None else Gateway(row[11], DeviceState(row[12]), row[13], row[14])
    device = Device(
        identification=row[1],
        uid=row[2],
        organisation=row[3],
        state=DeviceState(row[4]),
        is_mbus=row[5],
        gateway=gateway,
        revision=row[8],
        published_revision=row[9],
        channel=row[6],
        mbus_identity=row[7],
        time_zone=row[10],
        debug=row[16],
        use_short_names=row[17],
        use_hdlc=row[18],
        stored_mbus_facts=NO_MBUS_FACTS if row[19] is None else MbusFacts(**row[19], coupled_at=row[20]),
    )
    return (row[0], row[1]), device, frozenset(row[15])


def device_columns(devices: Sequence[Device]) -> dict[str, list[Any]]:
    """Arguments of `insert_devices` and `update_devices`."""
    return {
        "device_identification": [device.identification for device in devices],
        "device_uid": [device.uid for device in devices],
        "organisation": [device.organisation for device in devices],
        "state": [device.state.value for device in devices],
        "is_mbus": [device.is_mbus for device in devices],
        "gateway": [device.gateway.identification if device.gateway else None for device in devices],
        "channel": [device.channel for device in devices],
        "mbus_identity": [device.mbus_identity for device in devices],
        "description": [
            device.description.model_dump_json(exclude_none=True) if device.description else None for device in devices
        ],
        "model": [device.model.model_dump_json(exclude_none=True) if device.model else None for device in devices],
        "time_zone": [device.time_zone for device in devices],
        "revision": [device.revision for device in devices],
        "published_revision": [device.published_revision for device in devices],
        "changed_at": [device.changed_at for device in devices],
        "debug": [device.debug for device in devices],
        "use_short_names": [device.use_short_names for device in devices],
        "use_hdlc": [device.use_hdlc for device in devices],
        "primary_address": [device.stored_mbus_facts.primary_address for device in devices],
        "coupled_at": [device.stored_mbus_facts.coupled_at for device in devices],
    }


def to_key(row: Row) -> tuple[str, DeviceKey]:
    """A row of `load_keys`: the device, the key."""
    key = DeviceKey(
        key_id=row[1],
        kind=KeyKind(row[2]),
        state=KeyState(row[3]),
        proven=row[4],
        sealed=row[5],
        changed_at=row[6],
        proven_at=row[7],
    )
    return row[0], key


def key_columns(keys: Sequence[tuple[str, DeviceKey]]) -> Columns:
    """Arguments of `upsert_keys`; by device, what becomes ACTIVE after what ceases to be: there is one at most."""
    rank = {KeyState.EXPIRED: 0, KeyState.WITHDRAWN: 0, KeyState.NEW: 1, KeyState.ACTIVE: 2}
    ordered = sorted(keys, key=lambda item: (item[0], rank[item[1].state], item[1].kind, item[1].key_id))
    return {
        "device_identification": [device for device, _ in ordered],
        "kind": [key.kind.value for _, key in ordered],
        "key_id": [key.key_id for _, key in ordered],
        "state": [key.state.value for _, key in ordered],
        "proven": [key.proven for _, key in ordered],
        "proven_at": [key.proven_at for _, key in ordered],
        "sealed": [key.sealed for _, key in ordered],
        "changed_at": [key.changed_at for _, key in ordered],
    }


def to_organisation(row: Row) -> Organisation:
    """A row of `load_organisations`."""
    return Organisation(
        identification=row[0],
        enabled=row[1],
        admin=row[2],
        kafka_commands=KafkaCommands(row[3]),
        slug=row[4],
        signing_key=cast("bytes | None", row[5]),
    )


def outbox_columns(publications: Sequence[Publication]) -> Columns:
    """Arguments of `insert_outbox`."""
    return {
        "topic": [item.topic for item in publications],
        "key": [item.key for item in publications],
        "partition": [item.partition for item in publications],
        "value": [item.value for item in publications],
        "record": [item.record for item in publications],
        "ce_id": [item.ce_id for item in publications],
        "moment": [item.moment for item in publications],
        "gateway": [item.gateway for item in publications],
    }


def to_publication(row: Row) -> Publication:
    """A row of `claim_outbox`, from its second column on."""
    topic, key, partition, value, record, ce_id, moment, gateway = row
    return Publication(topic, key, value, record, ce_id, moment, partition, gateway)
