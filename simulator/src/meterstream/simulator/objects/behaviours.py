"""Which behaviour objects have: by role, otherwise by class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meterstream.simulator.mbus.behaviours import MBUS_BEHAVIOURS
from meterstream.simulator.objects.alarms import AlarmRegister
from meterstream.simulator.objects.behaviour import PLAIN, Behaviour
from meterstream.simulator.objects.calendars import ActivityCalendar, SpecialDays
from meterstream.simulator.objects.clock import ClockBehaviour
from meterstream.simulator.objects.configuration import (
    ActiveTariff,
    AdministrativeStatus,
    ConfigurationObject,
    RandomisationSettings,
    TestScheduler,
)
from meterstream.simulator.objects.disconnector import Disconnector
from meterstream.simulator.objects.image_transfer import FirmwareVersion, ImageTransferBehaviour
from meterstream.simulator.objects.keyagreement import AgreeingSecuritySetup
from meterstream.simulator.objects.keytransfer import SecuritySetup
from meterstream.simulator.objects.profiles import ProfileBehaviour
from meterstream.simulator.objects.push_setup import PushSetup
from meterstream.simulator.objects.rights import Association

BEHAVIOURS: Final[Mapping[int | str, Behaviour]] = MappingProxyType(
    {
        7: ProfileBehaviour(),
        8: ClockBehaviour(),
        11: SpecialDays(),
        15: Association(),
        18: ImageTransferBehaviour(),
        20: ActivityCalendar(),
        40: PushSetup(),
        64: SecuritySetup(),
        70: Disconnector(),
        **MBUS_BEHAVIOURS,
        **{f"alarm_register_{number}": AlarmRegister() for number in (1, 2, 3)},
        "active_firmware_identifier": FirmwareVersion(),
        "active_firmware_signature": FirmwareVersion(),
        "error_object": AlarmRegister(),
        "configuration_object": ConfigurationObject(),
        "administrative_in_out": AdministrativeStatus(),
        "randomisation_settings": RandomisationSettings(),
        "active_tariff": ActiveTariff(),
        "phase_outage_test": TestScheduler(register=1, bit=31, code=89),
        "last_gasp_test": TestScheduler(register=3, bit=1, code=25),
    }
)


_OF_VERSION: Final[Mapping[tuple[int, int], Behaviour]] = MappingProxyType({(64, 1): AgreeingSecuritySetup()})


def behaviour_of(role: str, class_id: int, version: int) -> Behaviour:
    """Find the behaviour of an object; a plain one where neither its role nor its class has any."""
    return BEHAVIOURS.get(role) or _OF_VERSION.get((class_id, version)) or BEHAVIOURS.get(class_id) or PLAIN
