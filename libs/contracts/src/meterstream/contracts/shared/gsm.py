"""State of a meter's modem (IEC 62056-6-2, GSM diagnostic, class 47)."""

from __future__ import annotations

from enum import StrEnum


class ModemRegistrationStatus(StrEnum):
    """Registration with the network, attribute 3: 0 to 5; RESERVED is any other number."""

    NOT_REGISTERED = "NOT_REGISTERED"
    REGISTERED_HOME_NETWORK = "REGISTERED_HOME_NETWORK"
    NOT_REGISTERED_CURRENT_SEARCH_OPERATOR_TO_REGISTER_TO = "NOT_REGISTERED_CURRENT_SEARCH_OPERATOR_TO_REGISTER_TO"
    REGISTRATION_DENIED = "REGISTRATION_DENIED"
    UNKNOWN = "UNKNOWN"
    REGISTERED_ROAMING = "REGISTERED_ROAMING"
    RESERVED = "RESERVED"


class CircuitSwitchedStatus(StrEnum):
    """Circuit switched connection, attribute 4: 0 to 2; RESERVED is any other number."""

    INACTIVE = "INACTIVE"
    INCOMING_CALL = "INCOMING_CALL"
    ACTIVE = "ACTIVE"
    RESERVED = "RESERVED"


class PacketSwitchedStatus(StrEnum):
    """Packet switched connection, attribute 5: 0 to 8; RESERVED is any other number."""

    INACTIVE = "INACTIVE"
    GPRS = "GPRS"
    EDGE = "EDGE"
    UMTS = "UMTS"
    HSDPA = "HSDPA"
    LTE = "LTE"
    CDMA = "CDMA"
    LTE_CAT_M_18 = "LTE_CAT_M_18"
    LTE_NB_IOT = "LTE_NB_IOT"
    RESERVED = "RESERVED"


class SignalQuality(StrEnum):
    """Signal strength as 3GPP TS 27.007 +CSQ numbers it: 0 to 31 in steps of 2 dB, 99 not known."""

    MINUS_113_DBM_OR_LESS = "MINUS_113_DBM_OR_LESS"
    MINUS_111_DBM = "MINUS_111_DBM"
    MINUS_109_DBM = "MINUS_109_DBM"
    MINUS_107_DBM = "MINUS_107_DBM"
    MINUS_105_DBM = "MINUS_105_DBM"
    MINUS_103_DBM = "MINUS_103_DBM"
    MINUS_101_DBM = "MINUS_101_DBM"
    MINUS_99_DBM = "MINUS_99_DBM"
    MINUS_97_DBM = "MINUS_97_DBM"
    MINUS_95_DBM = "MINUS_95_DBM"
    MINUS_93_DBM = "MINUS_93_DBM"
    MINUS_91_DBM = "MINUS_91_DBM"
    MINUS_89_DBM = "MINUS_89_DBM"
    MINUS_87_DBM = "MINUS_87_DBM"
    MINUS_85_DBM = "MINUS_85_DBM"
    MINUS_83_DBM = "MINUS_83_DBM"
    MINUS_81_DBM = "MINUS_81_DBM"
    MINUS_79_DBM = "MINUS_79_DBM"
    MINUS_77_DBM = "MINUS_77_DBM"
    MINUS_75_DBM = "MINUS_75_DBM"
    MINUS_73_DBM = "MINUS_73_DBM"
    MINUS_71_DBM = "MINUS_71_DBM"
    MINUS_69_DBM = "MINUS_69_DBM"
    MINUS_67_DBM = "MINUS_67_DBM"
    MINUS_65_DBM = "MINUS_65_DBM"
    MINUS_63_DBM = "MINUS_63_DBM"
    MINUS_61_DBM = "MINUS_61_DBM"
    MINUS_59_DBM = "MINUS_59_DBM"
    MINUS_57_DBM = "MINUS_57_DBM"
    MINUS_55_DBM = "MINUS_55_DBM"
    MINUS_53_DBM = "MINUS_53_DBM"
    MINUS_51_DBM_OR_GREATER = "MINUS_51_DBM_OR_GREATER"
    NOT_KNOWN_OR_NOT_DETECTABLE = "NOT_KNOWN_OR_NOT_DETECTABLE"
