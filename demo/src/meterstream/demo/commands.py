"""The commands of the demo: AddDevice with encrypted keys, then the operations, each with its SOAP body."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.add_device import AddDeviceRequest, DeviceModel, NewDevice
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsRequest
from meterstream.contracts.operations.get_periodic_meter_reads import GetPeriodicMeterReadsRequest
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest
from meterstream.contracts.shared.periods import PeriodType
from meterstream.demo.faces import SCHEMAS, Submission
from meterstream.demo.fleet import DemoMbusDevice, DemoMeter
from meterstream.runtime.codec import Codec

ADHOC = f"{SCHEMAS}/smartmetering/sm-adhoc/2014/10"
INSTALLATION = f"{SCHEMAS}/smartmetering/sm-installation/2014/10"
MONITORING = f"{SCHEMAS}/smartmetering/sm-monitoring/2014/10"
BUNDLE = f"{SCHEMAS}/smartmetering/sm-bundle/2014/10"
ZONE = "Europe/Amsterdam"
DAYS = timedelta(days=3)


class Installer:
    """Makes AddDevice commands; the keys are encrypted with the platform's public key as every client does it.

    They have no SOAP body: the SOAP contract's AddDevice has no element for a meter's address.
    """

    def __init__(self, public_key_file: Path) -> None:
        key = serialization.load_pem_public_key(public_key_file.read_bytes())
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError(f"{public_key_file} holds no RSA key")
        self._key = key
        # The SOAP contract fixes OAEP with SHA-1; the keys inside are random, so its collisions do not matter.
        self._padding = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # see above

    def add_device(self, meter: DemoMeter, *, overwrite: bool = False) -> Submission:
        """The command that registers `meter`."""
        device = NewDevice(
            time_zone=ZONE,
            protocol_name=meter.protocol_name,
            protocol_version=meter.protocol_version,
            hls5_active=True,
            master_key=self.encrypt(meter.master_key),
            authentication_key=self.encrypt(meter.authentication_key),
            global_encryption_unicast_key=self.encrypt(meter.encryption_key),
            ip_address_is_static=True,
            network_address=meter.host,
            port=meter.port,
            logical_id=meter.logical_id,
            with_list_max=16,
            selective_access_supported=True,
            challenge_length=16,
            delivery_date=datetime(2026, 1, 5, tzinfo=UTC),
        )
        request = AddDeviceRequest(
            device=device, device_model=DeviceModel(manufacturer="SIM", model_code="FLEET"), overwrite=overwrite
        )
        return Submission("AddDevice", meter.identification, request)

    def add_mbus_device(self, device: DemoMbusDevice, *, overwrite: bool = False) -> Submission:
        """The command that registers an M-Bus device; a gateway is found for it by coupling."""
        described = NewDevice(
            device_type="SMART_METER_G",
            protocol_name="DSMR",
            protocol_version="4.2.2",
            mbus_identification_number=device.identification_number,
            mbus_manufacturer_identification=device.manufacturer,
            mbus_version=device.version,
            mbus_device_type_identification=device.device_type,
            mbus_default_key=self.encrypt(device.default_key),
            mbus_user_key=self.encrypt(device.user_key),
            mbus_firmware_update_authentication_key=self.encrypt(device.firmware_key),
            mbus_p0_key=self.encrypt(device.optical_port_key),
        )
        request = AddDeviceRequest(
            device=described, device_model=DeviceModel(manufacturer="SIM", model_code="GAS"), overwrite=overwrite
        )
        return Submission("AddDevice", device.identification, request)

    def encrypt(self, key: bytes) -> bytes:
        """As every client encrypts a key for the platform."""
        return self._key.encrypt(key, self._padding)


def synchronize_time(device: str) -> Submission:
    """Set the clock."""
    body = (
        f'<a:SynchronizeTimeRequest xmlns:a="{ADHOC}"><a:DeviceIdentification>{device}</a:DeviceIdentification>'
        f"<a:SynchronizeTimeRequestData><a:TimeZone>{ZONE}</a:TimeZone></a:SynchronizeTimeRequestData>"
        "</a:SynchronizeTimeRequest>"
    )
    return Submission("SynchronizeTime", device, SynchronizeTimeRequest(time_zone=ZONE), "adhocService", body)


def actual_reads(device: str) -> Submission:
    """Read the registers."""
    body = (
        f'<m:ActualMeterReadsRequest xmlns:m="{MONITORING}">'
        f"<m:DeviceIdentification>{device}</m:DeviceIdentification></m:ActualMeterReadsRequest>"
    )
    return Submission("GetActualMeterReads", device, GetActualMeterReadsRequest(), "monitoringService", body)


def periodic_reads(now: datetime) -> Callable[[str], Submission]:
    """Read the daily values of the last days."""
    begin, end = now - DAYS, now

    def make(device: str) -> Submission:
        body = (
            f'<m:PeriodicMeterReadsRequest xmlns:m="{MONITORING}">'
            f"<m:DeviceIdentification>{device}</m:DeviceIdentification><m:PeriodicReadsRequestData>"
            f"<m:PeriodType>DAILY</m:PeriodType><m:BeginDate>{begin.isoformat()}</m:BeginDate>"
            f"<m:EndDate>{end.isoformat()}</m:EndDate></m:PeriodicReadsRequestData></m:PeriodicMeterReadsRequest>"
        )
        request = GetPeriodicMeterReadsRequest(period_type=PeriodType.DAILY, begin_date=begin, end_date=end)
        return Submission("GetPeriodicMeterReads", device, request, "monitoringService", body)

    return make


def bundle(codec: Codec) -> Callable[[str], Submission]:
    """Read and set the clock in one association."""
    actions: dict[str, OperationRequest] = {
        "GetActualMeterReads": GetActualMeterReadsRequest(),
        "SynchronizeTime": SynchronizeTimeRequest(time_zone=ZONE),
    }
    request = BundleRequest(
        actions=[BundleAction(operation=name, request=codec.encode(action)) for name, action in actions.items()]
    )
    as_json = {
        "actions": [{"operation": name, "request": action.model_dump(mode="json")} for name, action in actions.items()]
    }

    def make(device: str) -> Submission:
        body = (
            f'<b:BundleRequest xmlns:b="{BUNDLE}" xmlns:a="{ADHOC}">'
            f"<b:DeviceIdentification>{device}</b:DeviceIdentification><b:Actions><b:GetActualMeterReadsRequest/>"
            f"<b:SynchronizeTimeRequest><a:TimeZone>{ZONE}</a:TimeZone></b:SynchronizeTimeRequest>"
            "</b:Actions></b:BundleRequest>"
        )
        return Submission("Bundle", device, request, "bundleService", body, as_json)

    return make
