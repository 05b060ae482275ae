"""Every operation for meters, asked of one meter in an order in which each of them can succeed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operation import OperationRequest, Target
from meterstream.contracts.operations.add_device import AddDeviceRequest
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.contracts.operations.configure_definable_load_profile import ConfigureDefinableLoadProfileRequest
from meterstream.contracts.operations.replace_keys import ReplaceKeysRequest
from meterstream.contracts.operations.set_configuration_object import SetConfigurationObjectRequest
from meterstream.contracts.operations.set_device_lifecycle_status import SetDeviceLifecycleStatusRequest
from meterstream.contracts.operations.test_alarm_scheduler import TestAlarmSchedulerRequest, TestAlarmType
from meterstream.contracts.shared.configuration_object import (
    ConfigurationFlag,
    ConfigurationFlagType,
    RequestedConfiguration,
)
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.profiles import ColumnChoice
from meterstream.demo.commands import Installer
from meterstream.demo.faces import Submission
from meterstream.demo.fleet import DemoMbusDevice, DemoMeter, Fleet
from meterstream.runtime.codec import shared_codec

VERSIONS = ("SMR 5.0.0", "DSMR 2.2", "DSMR 4.2.2", "SMR 4.3", "SMR 5.1", "SMR 5.2", "SMR 5.5")
"""In the order in which the fleet's meters have them."""

CHANNEL = 1
COMMUNICATION = {"SMR 4.3": "CDMA", "SMR 5.2": "LTE", "SMR 5.5": "LTE"}
GPRS = "GPRS"

FIRST = ("CoupleMbusDeviceByChannel", "SetDeviceLifecycleStatusByChannel")
"""They couple the gas meter, which the others are asked of."""
LAST = (
    "SetMbusUserKeyByChannel",
    "SetKeyOnGMeter",
    "DecoupleMbusDevice",
    "SetDeviceLifecycleStatus",
    "CoupleMbusDevice",
    "DecoupleMbusDeviceByChannel",
    "ReplaceKeys",
    "GenerateAndReplaceKeys",
)
"""They change who is coupled, or with which keys: after all others, in this order."""
FIRMWARE = frozenset({"UpdateFirmware", "SwitchFirmware"})
"""They restart the meter: they have a journey of their own."""


@dataclass(frozen=True)
class Case:
    """A meter of one protocol version, and the gas meter on its first channel."""

    version: str
    meter: DemoMeter
    gas: DemoMbusDevice
    installer: Installer

    @classmethod
    def of(cls, fleet: Fleet, number: int, installer: Installer) -> Case:
        """Meter `number` of a fleet whose meters take turns in VERSIONS."""
        version = VERSIONS[(number - 1) % len(VERSIONS)]
        name, _, number_of_version = version.partition(" ")
        meter = replace(fleet.meter(number), protocol_name=name, protocol_version=number_of_version)
        return cls(version, meter, fleet.gas_meter(number, CHANNEL, smr5=version.startswith("SMR 5")), installer)

    def installation(self) -> list[Submission]:
        """Both devices."""
        submission = self.installer.add_device(self.meter, overwrite=True)
        request = submission.request
        if not isinstance(request, AddDeviceRequest):
            raise TypeError(f"a {type(request).__name__}")
        changes = {"communication_method": COMMUNICATION.get(self.version, GPRS), "polyphase": True}
        described = request.device.model_copy(update=changes)
        return [
            replace(submission, request=request.model_copy(update={"device": described})),
            self.installer.add_mbus_device(self.gas, overwrite=True),
        ]

    def submissions(self) -> Iterator[Submission]:
        """One command for each operation; each is to be over before the next."""
        operations = load_operations()
        meters = [name for name, one in sorted(operations.items()) if one.target is not Target.REGISTRY]
        others = [name for name in meters if name not in {*FIRST, *LAST, *FIRMWARE}]
        for name in (*FIRST, *others, *LAST):
            yield self._submission(name)

    def _submission(self, name: str) -> Submission:
        operation = load_operations()[name]
        of_gas_meter = operation.target is Target.GATEWAY and name not in _OF_THE_GATEWAY
        device = self.gas.identification if of_gas_meter or name in _OF_THE_DEVICE else self.meter.identification
        request = self._special(name)
        if request is None:
            request = self._adapted(operation.examples[0])
        return Submission(name, device, request, json_request=_bundle_json(request))

    def _special(self, name: str) -> OperationRequest | None:
        match name:
            case "ReplaceKeys":
                keys = [self.installer.encrypt(os.urandom(16)) for _ in range(2)]
                return ReplaceKeysRequest(authentication_key=keys[0], encryption_key=keys[1])
            case "SetDeviceLifecycleStatus":
                return SetDeviceLifecycleStatusRequest(lifecycle_status=DeviceLifecycleStatus.REGISTERED)
            case "SetConfigurationObject":
                flag = ConfigurationFlag(flag=ConfigurationFlagType.PO_ENABLE, enabled=True)
                return SetConfigurationObjectRequest(configuration=RequestedConfiguration(flags=[flag]))
            case "ConfigureDefinableLoadProfile":
                failures = ColumnChoice(class_id=1, logical_name="0.0.96.7.21.255", attribute=2, data_index=0)
                return ConfigureDefinableLoadProfileRequest(capture_objects=[failures])
            case "TestAlarmScheduler":
                return TestAlarmSchedulerRequest(
                    schedule_time=datetime.now(UTC) + timedelta(days=2),
                    alarm_type=TestAlarmType.PARTIAL_POWER_OUTAGE,
                )
            case "Bundle":
                wanted = ("GetActualMeterReads", "SynchronizeTime", "ReadAlarmRegister")
                operations, codec = load_operations(), shared_codec()
                return BundleRequest(
                    actions=[
                        BundleAction(operation=action, request=codec.encode(operations[action].examples[0]))
                        for action in wanted
                    ]
                )
        return None

    def _adapted(self, request: OperationRequest) -> OperationRequest:
        """The example of the contract with this case's devices, and times about now."""
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        about_now = {
            "begin_date": now - timedelta(days=2),
            "end_date": now,
            "schedule_time": now + timedelta(days=2),
            "channel": CHANNEL,
            "mbus_device_identification": self.gas.identification,
        }
        fields = type(request).model_fields
        return request.model_copy(update={name: value for name, value in about_now.items() if name in fields})


_OF_THE_GATEWAY = frozenset({"GetRelayStatus", "SetRelayStatus"})
_OF_THE_DEVICE = frozenset({"SetDeviceLifecycleStatus"})


def _bundle_json(request: OperationRequest) -> dict[str, object] | None:
    if not isinstance(request, BundleRequest):
        return None
    codec, operations = shared_codec(), load_operations()
    return {
        "actions": [
            {
                "operation": action.operation,
                "request": codec.decode_as(action.request, operations[action.operation].request).model_dump(
                    mode="json"
                ),
            }
            for action in request.actions
        ]
    }


def table(outcomes: dict[str, dict[str, str]], versions: Sequence[str]) -> str:
    """Markdown: what each operation answered for each version."""
    head = ["operation", *versions]
    rows = [[f"`{name}`", *(found[version] for version in versions)] for name, found in sorted(outcomes.items())]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)) + "\n"
