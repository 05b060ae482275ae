"""What pushes teach of dynamic addresses; topic `device-sessions`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, TypeAlias

from meterstream.contracts.records import DeviceRecord, LearntAddress, Push, SecurityLevel
from meterstream.protocol_dlms.answers import SERVICE
from meterstream.protocol_dlms.views.addresses import AddressTable
from meterstream.protocol_dlms.views.sessions import TOPIC
from meterstream.runtime.codec import Codec
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Outgoing

Network: TypeAlias = IPv4Network | IPv6Network
_KIND: Final = "address"


def within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address belongs to one of the networks; a mapped one counts as IPv4."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in network for network in networks)


class Lessons:
    """Notes where meters with dynamic addresses push from.

    Pushes may be forged. One counts if keys of the meter vouch for it, if it comes from a configured network, or if
    whoever answers at the address will have to prove in the association that it is the meter (HLS).

    Args:
        networks: that are configured; none: no network is trusted.
    """

    def __init__(
        self, table: AddressTable, codec: Codec, partition_of: Callable[[str, bytes], int], networks: Sequence[Network]
    ) -> None:
        self._table = table
        self._codec = codec
        self._partition_of = partition_of
        self._networks = networks

    def learn(self, push: Push, record: DeviceRecord, partition: int, *, verified: bool) -> Outgoing | None:
        """Whoever waits for the meter is told; what to send where its address is news."""
        if not record.connection.dynamic:
            return None
        proves_itself = record.security_level is SecurityLevel.HLS5
        if not (verified or proves_itself or within(push.source_address, self._networks)):
            return None
        gateway = record.device_identification
        if not self._table.told(partition, gateway, push.source_address):
            return None
        learnt = LearntAddress(
            gateway=gateway, address=push.source_address, verified=verified, learnt_at=push.received_at
        )
        key = f"{gateway}|{_KIND}"
        headers = ce_headers(type(learnt).__name__, SERVICE, f"{key}|{push.received_at.isoformat()}", push.received_at)
        place = self._partition_of(TOPIC, gateway.encode())
        return Outgoing(TOPIC, key.encode(), self._codec.encode(learnt), headers, place)
