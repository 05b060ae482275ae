"""The parts that listen, put together; none where no port is set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meterstream.contracts.base import Record
from meterstream.contracts.records import DeviceRecord
from meterstream.protocol_dlms.model.floods import Floods
from meterstream.protocol_dlms.pushes.inbox import PushInbox
from meterstream.protocol_dlms.pushes.listener import PushListener
from meterstream.protocol_dlms.pushes.titles import Titles
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.settings import PushSettings
from meterstream.protocol_dlms.views import devices
from meterstream.runtime.clock import system_clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka import CompactedView
from meterstream.runtime.kafka.hooks import Hooks
from meterstream.runtime.kafka.log import LogReader
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.service import Component
from meterstream.runtime.settings import KafkaSettings


def listening(
    settings: PushSettings,
    kafka: KafkaSettings,
    responder: Responder,
    codec: Codec,
    metrics: Metrics,
    hooks: Hooks,
    reader: Callable[..., LogReader],
) -> Sequence[Component]:
    """A view of all gateways' system titles and the listener, in the order of their start."""
    if settings.tcp_port is None and settings.udp_port is None:
        return ()
    titles = Titles()
    view: CompactedView[Record] = CompactedView(
        kafka,
        devices.TOPIC,
        decode=lambda raw: codec.decode_as(raw, DeviceRecord),
        on_record=titles.on_record,
        whole=True,
        hooks=hooks,
        reader=reader,
    )
    floods = Floods(settings.per_address_per_s, settings.per_address_burst)
    inbox = PushInbox(
        responder,
        codec,
        titles,
        floods,
        metrics,
        system_clock,
        networks=settings.networks,
        max_waiting=settings.max_waiting,
    )
    return view, PushListener(settings, inbox)
