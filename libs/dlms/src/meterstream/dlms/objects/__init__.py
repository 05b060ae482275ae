"""Meter types as data: one pack per companion-standard version, read once at start (see packs/base.yaml)."""

from meterstream.dlms.objects.errors import (
    ChannelError,
    PackError,
    ProfileError,
    UnknownObjectError,
    UnknownProfileError,
)
from meterstream.dlms.objects.loader import ProfileLibrary, available_profiles, load_profile, shipped_profiles
from meterstream.dlms.objects.model import (
    Access,
    Attribute,
    AttributeType,
    Column,
    CosemObject,
    Medium,
    MeterProfile,
    Phases,
    PowerQuality,
    ScalerUnit,
    Source,
)
from meterstream.dlms.objects.obis import CHANNELS, ObisTemplate
from meterstream.dlms.objects.pack import ProtocolName

__all__ = [
    "CHANNELS",
    "Access",
    "Attribute",
    "AttributeType",
    "ChannelError",
    "Column",
    "CosemObject",
    "Medium",
    "MeterProfile",
    "ObisTemplate",
    "PackError",
    "Phases",
    "PowerQuality",
    "ProfileError",
    "ProfileLibrary",
    "ProtocolName",
    "ScalerUnit",
    "Source",
    "UnknownObjectError",
    "UnknownProfileError",
    "available_profiles",
    "load_profile",
    "shipped_profiles",
]
