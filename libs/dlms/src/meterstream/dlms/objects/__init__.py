"""Meter types as data: one pack per companion-standard version, read once at start (see packs/base.yaml)."""

from meterstream.dlms.objects.classes import (
    ANY,
    ClassAttribute,
    InterfaceClass,
    attribute_name,
    class_name,
    interface_class,
    interface_classes,
    method_name,
)
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
from meterstream.dlms.objects.obis_names import ObisDescription, describe_obis
from meterstream.dlms.objects.pack import ProtocolName

__all__ = [
    "ANY",
    "CHANNELS",
    "Access",
    "Attribute",
    "AttributeType",
    "ChannelError",
    "ClassAttribute",
    "Column",
    "CosemObject",
    "InterfaceClass",
    "Medium",
    "MeterProfile",
    "ObisDescription",
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
    "attribute_name",
    "available_profiles",
    "class_name",
    "describe_obis",
    "interface_class",
    "interface_classes",
    "load_profile",
    "method_name",
    "shipped_profiles",
]
