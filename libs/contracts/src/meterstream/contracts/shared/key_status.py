"""State of the user key of an M-Bus device."""

from __future__ import annotations

from enum import StrEnum


class EncryptionKeyStatus(StrEnum):
    """Attribute 14 of the M-Bus client (Blue Book, class 72, encryption_key_status): 0 to 4 in this order.

    Set: in the E meter. Transferred: sent to the M-Bus device. In use: the device has answered with it.
    """

    NO_ENCRYPTION_KEY = "NO_ENCRYPTION_KEY"
    ENCRYPTION_KEY_SET = "ENCRYPTION_KEY_SET"
    ENCRYPTION_KEY_TRANSFERRED = "ENCRYPTION_KEY_TRANSFERRED"
    ENCRYPTION_KEY_SET_AND_TRANSFERRED = "ENCRYPTION_KEY_SET_AND_TRANSFERRED"
    ENCRYPTION_KEY_IN_USE = "ENCRYPTION_KEY_IN_USE"
