"""Client role, sans-IO."""

from meterstream.dlms.client.association import ClientAssociation, Phase
from meterstream.dlms.client.config import (
    MANAGEMENT_CLIENT,
    MAX_CHALLENGE,
    MIN_CHALLENGE,
    PUBLIC_CLIENT,
    AnswerLimits,
    AssociationConfig,
    ReceivedCounterPolicy,
    TransactionPolicy,
    client_title_for,
)
from meterstream.dlms.client.events import (
    AccessAnswer,
    AccessOutcome,
    ActionAnswer,
    ActionListAnswer,
    ActionListRefused,
    Associated,
    Continue,
    Event,
    GetAnswer,
    GetListAnswer,
    ListRefused,
    Released,
    ServiceEvent,
    SetAnswer,
    SetListAnswer,
)
from meterstream.dlms.client.notifications import Notification
from meterstream.dlms.security import Level, SecurityKeys

__all__ = [
    "MANAGEMENT_CLIENT", "MAX_CHALLENGE", "MIN_CHALLENGE", "PUBLIC_CLIENT", "AccessAnswer", "AccessOutcome",
    "ActionAnswer", "ActionListAnswer", "ActionListRefused", "AnswerLimits", "Associated", "AssociationConfig",
    "ClientAssociation", "Continue", "Event", "GetAnswer", "GetListAnswer", "Level", "ListRefused", "Notification",
    "Phase", "ReceivedCounterPolicy", "Released", "SecurityKeys", "ServiceEvent", "SetAnswer", "SetListAnswer",
    "TransactionPolicy", "client_title_for",
]  # fmt: skip
