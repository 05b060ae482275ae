"""APDUs as frozen dataclasses, one module per service family. Pure: bytes to values and back, no state."""

from meterstream.dlms.apdu.access import (
    AccessAction,
    AccessActionResult,
    AccessGet,
    AccessGetResult,
    AccessItem,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSet,
    AccessSetResult,
    decode_access_request,
    decode_access_response,
)
from meterstream.dlms.apdu.acse import (
    Aare,
    Aarq,
    ApplicationContext,
    AssociationResult,
    DiagnosticSource,
    Mechanism,
    Rlre,
    Rlrq,
    UserDiagnostic,
    decode_aare,
    decode_aarq,
    decode_rlre,
    decode_rlrq,
)
from meterstream.dlms.apdu.action import (
    ActionRequestNormal,
    ActionResponseNormal,
    decode_action_request,
    decode_action_response,
)
from meterstream.dlms.apdu.common import AttributeItem, ReadResult
from meterstream.dlms.apdu.data_notification import DataNotification, decode_data_notification
from meterstream.dlms.apdu.event_notification import EventNotificationRequest, decode_event_notification
from meterstream.dlms.apdu.exception import (
    ConfirmedServiceError,
    ExceptionResponse,
    decode_confirmed_service_error,
    decode_exception_response,
    is_plain_exception,
)
from meterstream.dlms.apdu.get import (
    GetRequest,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponse,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    decode_get_request,
    decode_get_response,
    decode_results,
    encode_results,
)
from meterstream.dlms.apdu.initiate import (
    DEFAULT_CONFORMANCE,
    MAX_PDU,
    Conformance,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
    decode_initiate_response,
)
from meterstream.dlms.apdu.results import ActionResult, DataAccessResult
from meterstream.dlms.apdu.set import (
    SetRequest,
    SetRequestNormal,
    SetRequestWithList,
    SetResponse,
    SetResponseNormal,
    SetResponseWithList,
    decode_set_request,
    decode_set_response,
)
from meterstream.dlms.data import Selection

__all__ = [
    "DEFAULT_CONFORMANCE", "MAX_PDU", "Aare", "Aarq", "AccessAction", "AccessActionResult", "AccessGet",
    "AccessGetResult", "AccessItem", "AccessRequest", "AccessResponse", "AccessResult", "AccessSet", "AccessSetResult",
    "ActionRequestNormal", "ActionResponseNormal", "ActionResult", "ApplicationContext", "AssociationResult",
    "AttributeItem", "ConfirmedServiceError", "Conformance", "DataAccessResult", "DataNotification", "DiagnosticSource",
    "EventNotificationRequest", "ExceptionResponse", "GetRequest", "GetRequestNext", "GetRequestNormal",
    "GetRequestWithList", "GetResponse", "GetResponseNormal", "GetResponseWithDataBlock", "GetResponseWithList",
    "InitiateRequest", "InitiateResponse", "Mechanism", "ReadResult", "Rlre", "Rlrq", "Selection", "SetRequest",
    "SetRequestNormal", "SetRequestWithList", "SetResponse", "SetResponseNormal", "SetResponseWithList",
    "UserDiagnostic", "decode_aare", "decode_aarq", "decode_access_request", "decode_access_response",
    "decode_action_request", "decode_action_response", "decode_confirmed_service_error", "decode_data_notification",
    "decode_event_notification", "decode_exception_response", "decode_get_request", "decode_get_response",
    "decode_initiate_request", "decode_initiate_response", "decode_results", "decode_rlre", "decode_rlrq",
    "decode_set_request", "decode_set_response", "encode_results", "is_plain_exception",
]  # fmt: skip
