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
from meterstream.dlms.objects.comparison import Difference, DifferenceKind, compare
from meterstream.dlms.objects.errors import (
    ChannelError,
    PackError,
    ProfileError,
    UnknownObjectError,
    UnknownProfileError,
)
from meterstream.dlms.objects.loader import (
    ProfileLibrary,
    available_profiles,
    load_profile,
    profiles_with,
    shipped_profiles,
)
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
from meterstream.dlms.objects.view import (
    AssociationView,
    AttributeView,
    ObjectView,
    Rights,
    ViewLimits,
    decode_object_list,
    decode_short_name_list,
)

__all__ = [
    "ANY",
    "CHANNELS",
    "Access",
    "AssociationView",
    "Attribute",
    "AttributeType",
    "AttributeView",
    "ChannelError",
    "ClassAttribute",
    "Column",
    "CosemObject",
    "Difference",
    "DifferenceKind",
    "InterfaceClass",
    "Medium",
    "MeterProfile",
    "ObisDescription",
    "ObisTemplate",
    "ObjectView",
    "PackError",
    "Phases",
    "PowerQuality",
    "ProfileError",
    "ProfileLibrary",
    "ProtocolName",
    "Rights",
    "ScalerUnit",
    "Source",
    "UnknownObjectError",
    "UnknownProfileError",
    "ViewLimits",
    "attribute_name",
    "available_profiles",
    "class_name",
    "compare",
    "decode_object_list",
    "decode_short_name_list",
    "describe_obis",
    "interface_class",
    "interface_classes",
    "load_profile",
    "method_name",
    "profiles_with",
    "shipped_profiles",
]
