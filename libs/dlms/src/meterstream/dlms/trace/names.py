"""Names of numbers: tags, choices, results (IEC 62056-5-3, clauses 8 and 9; IEC 62056-6-2)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterstream.dlms.apdu import ActionResult, Conformance, DataAccessResult
from meterstream.dlms.data import DataType

TAGS: Final = {
    0x01: "initiate-request",
    0x05: "read-request",
    0x06: "write-request",
    0x08: "initiate-response",
    0x0C: "read-response",
    0x0D: "write-response",
    0x0E: "confirmed-service-error",
    0x0F: "data-notification",
    0x16: "unconfirmed-write-request",
    0x18: "information-report-request",
    0x21: "glo-initiate-request",
    0x28: "glo-initiate-response",
    0x41: "ded-initiate-request",
    0x48: "ded-initiate-response",
    0x60: "AARQ",
    0x61: "AARE",
    0x62: "RLRQ",
    0x63: "RLRE",
    0xC0: "get-request",
    0xC1: "set-request",
    0xC2: "event-notification-request",
    0xC3: "action-request",
    0xC4: "get-response",
    0xC5: "set-response",
    0xC7: "action-response",
    0xC8: "glo-get-request",
    0xC9: "glo-set-request",
    0xCA: "glo-event-notification-request",
    0xCB: "glo-action-request",
    0xCC: "glo-get-response",
    0xCD: "glo-set-response",
    0xCF: "glo-action-response",
    0xD0: "ded-get-request",
    0xD1: "ded-set-request",
    0xD2: "ded-event-notification-request",
    0xD3: "ded-action-request",
    0xD4: "ded-get-response",
    0xD5: "ded-set-response",
    0xD7: "ded-action-response",
    0xD8: "exception-response",
    0xD9: "access-request",
    0xDA: "access-response",
    0xDB: "general-glo-ciphering",
    0xDC: "general-ded-ciphering",
    0xDD: "general-ciphering",
    0xDF: "general-signing",
    0xE0: "general-block-transfer",
}

CONTEXTS: Final = {
    1: "logical names, no ciphering",
    2: "short names, no ciphering",
    3: "logical names, with ciphering",
    4: "short names, with ciphering",
}
MECHANISMS: Final = {
    0: "none",
    1: "LLS (password)",
    2: "HLS 2 (manufacturer specific)",
    3: "HLS 3 (MD5)",
    4: "HLS 4 (SHA-1)",
    5: "HLS 5 (GMAC)",
    6: "HLS 6 (SHA-256)",
    7: "HLS 7 (ECDSA)",
}
ASSOCIATION_RESULTS: Final = {0: "accepted", 1: "rejected-permanent", 2: "rejected-transient"}
USER_DIAGNOSTICS: Final = {
    0: "null",
    1: "no-reason-given",
    2: "application-context-name-not-supported",
    3: "calling-AP-title-not-recognised",
    4: "calling-AP-invocation-identifier-not-recognised",
    5: "calling-AE-qualifier-not-recognised",
    6: "calling-AE-invocation-identifier-not-recognised",
    7: "called-AP-title-not-recognised",
    8: "called-AP-invocation-identifier-not-recognised",
    9: "called-AE-qualifier-not-recognised",
    10: "called-AE-invocation-identifier-not-recognised",
    11: "authentication-mechanism-name-not-recognised",
    12: "authentication-mechanism-name-required",
    13: "authentication-failure",
    14: "authentication-required",
}
PROVIDER_DIAGNOSTICS: Final = {0: "null", 1: "no-reason-given", 2: "no-common-ACSE-version"}
REQUEST_REASONS: Final = {0: "normal", 1: "urgent", 30: "user-defined"}
RESPONSE_REASONS: Final = {0: "normal", 1: "not-finished", 30: "user-defined"}

STATE_ERRORS: Final = {1: "service-not-allowed", 2: "service-unknown"}
SERVICE_ERRORS: Final = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}

CONFIRMED_SERVICES: Final = {1: "initiate", 2: "get-status", 3: "get-name-list", 5: "read", 6: "write"}
SERVICE_ERROR_CHOICES: Final = {
    0: "application-reference",
    1: "hardware-resource",
    2: "vde-state-error",
    3: "service",
    4: "definition",
    5: "access",
    6: "initiate",
    7: "load-data-set",
    9: "task",
}
SERVICE_ERROR_VALUES: Final = {
    0: {
        0: "other",
        1: "time-elapsed",
        2: "application-unreachable",
        3: "application-reference-invalid",
        4: "application-context-unsupported",
        5: "provider-communication-error",
        6: "deciphering-error",
    },
    1: {
        0: "other",
        1: "memory-unavailable",
        2: "processor-resource-unavailable",
        3: "mass-storage-unavailable",
        4: "other-resource-unavailable",
    },
    2: {0: "other", 1: "no-dlms-context", 2: "loading-data-set", 3: "status-no-change", 4: "status-inoperable"},
    3: {0: "other", 1: "pdu-size", 2: "service-unsupported"},
    4: {
        0: "other",
        1: "object-undefined",
        2: "object-class-inconsistent",
        3: "object-attribute-inconsistent",
    },
    5: {
        0: "other",
        1: "scope-of-access-violated",
        2: "object-access-violated",
        3: "hardware-fault",
        4: "object-unavailable",
    },
    6: {
        0: "other",
        1: "dlms-version-too-low",
        2: "incompatible-conformance",
        3: "pdu-size-too-short",
        4: "refused-by-the-VDE-handler",
    },
}

SELECTORS: Final = {(7, 1): "by range", (7, 2): "by entry"}


def named(number: int, names: dict[int, str]) -> str:
    """Name and number."""
    return f"{names.get(number, 'unknown')} ({number})"


def result_name(result: DataAccessResult | ActionResult) -> str:
    return f"{'unknown' if result.name.startswith('UNKNOWN_') else kebab(result)} ({result.value})"


def kebab(member: IntEnum) -> str:
    return member.name.lower().replace("_", "-")


_CONFORMANCE: Final = {member.value: name.lower().replace("_", "-") for name, member in Conformance.__members__.items()}
DATA_TYPES: Final = {kind: kebab(kind) for kind in DataType}


def conformance_names(bits: int) -> list[str]:
    """Names of the bits that are set, in the order of the standard; bits without a name by their number."""
    return [_CONFORMANCE.get(1 << (23 - number), f"bit-{number}") for number in range(24) if bits & 1 << (23 - number)]
