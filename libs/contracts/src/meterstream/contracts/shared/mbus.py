"""What a gateway knows of the device on one of its M-Bus channels (IEC 62056-6-2, M-Bus client, class 72)."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import Record
from meterstream.contracts.soap import Soap
from meterstream.contracts.types import MbusChannel


class MbusChannelValues(Record):
    """Attributes 5 to 9 of the M-Bus client {72, 0.x.24.1.0.255}.

    An identification number that is none, a BCD of other digits for example, comes as the meter's raw text.
    """

    channel: Annotated[MbusChannel, Soap("Channel")]
    primary_address: Annotated[int | None, Soap("PrimaryAddress", absent="0")] = None
    identification_number: Annotated[str | None, Soap("IdentificationNumber", absent="00000000")] = None
    manufacturer: Annotated[str | None, Soap("ManufacturerIdentification", absent="")] = None
    version: Annotated[int | None, Soap("Version", absent="0")] = None
    device_type: Annotated[int | None, Soap("DeviceTypeIdentification", absent="0")] = None
