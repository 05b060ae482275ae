"""Which behaviour objects have: by role, otherwise by class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meterstream.simulator.alarms import AlarmRegister
from meterstream.simulator.behaviour import PLAIN, Behaviour
from meterstream.simulator.calendars import ActivityCalendar, SpecialDays
from meterstream.simulator.clock import ClockBehaviour
from meterstream.simulator.configuration import (
    ActiveTariff,
    AdministrativeStatus,
    ConfigurationObject,
    RandomisationSettings,
    TestScheduler,
)
from meterstream.simulator.disconnector import Disconnector
from meterstream.simulator.image_transfer import FirmwareVersion, ImageTransferBehaviour
from meterstream.simulator.keytransfer import SecuritySetup
from meterstream.simulator.mbus_behaviours import MBUS_BEHAVIOURS
from meterstream.simulator.profiles import ProfileBehaviour
from meterstream.simulator.push_setup import PushSetup
from meterstream.simulator.rights import Association

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


def behaviour_of(role: str, class_id: int) -> Behaviour:
    """Find the behaviour of an object; a plain one where neither its role nor its class has any."""
    return BEHAVIOURS.get(role) or BEHAVIOURS.get(class_id) or PLAIN
