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
    ActionBlockRequest,
    ActionRequest,
    ActionRequestNextBlock,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    ActionResponse,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResponseWithList,
    ActionReturn,
    decode_action_request,
    decode_action_response,
    decode_return,
    decode_returns,
    encode_return,
    encode_returns,
    parameters_of,
)
from meterstream.dlms.apdu.common import AttributeItem, ReadResult
from meterstream.dlms.apdu.data_block import BLOCK_HEAD_OCTETS, MAX_BLOCK_NUMBER, DataBlock
from meterstream.dlms.apdu.data_notification import DataNotification, decode_data_notification
from meterstream.dlms.apdu.event_notification import EventNotificationRequest, decode_event_notification
from meterstream.dlms.apdu.exception import (
    ConfirmedServiceError,
    ExceptionResponse,
    decode_confirmed_service_error,
    decode_exception_response,
    is_plain_exception,
)
from meterstream.dlms.apdu.general_block import ABORT, GeneralBlock, decode_general_block
from meterstream.dlms.apdu.general_ciphering import (
    AgreedKey,
    GeneralCiphering,
    GeneralHeader,
    GeneralKeyCiphering,
    IdentifiedKey,
    KeyInfo,
    WrappedKey,
    decode_general_ciphering,
    decode_general_key_ciphering,
)
from meterstream.dlms.apdu.general_signing import GeneralSigning, decode_general_signing
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
    SetBlockRequest,
    SetRequest,
    SetRequestNormal,
    SetRequestWithDataBlock,
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
    SetResponse,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
    decode_set_request,
    decode_set_response,
    decode_values,
    encode_values,
)
from meterstream.dlms.data import Selection

__all__ = [
    "ABORT", "BLOCK_HEAD_OCTETS", "DEFAULT_CONFORMANCE", "MAX_BLOCK_NUMBER", "MAX_PDU", "Aare", "Aarq", "AccessAction",
    "AccessActionResult", "AccessGet", "AccessGetResult", "AccessItem", "AccessRequest", "AccessResponse",
    "AccessResult", "AccessSet", "AccessSetResult", "ActionBlockRequest", "ActionRequest", "ActionRequestNextBlock",
    "ActionRequestNormal", "ActionRequestWithBlock", "ActionRequestWithFirstBlock", "ActionRequestWithList",
    "ActionRequestWithListAndFirstBlock", "ActionResponse", "ActionResponseNextBlock", "ActionResponseNormal",
    "ActionResponseWithBlock", "ActionResponseWithList", "ActionResult", "ActionReturn", "AgreedKey",
    "ApplicationContext", "AssociationResult", "AttributeItem", "ConfirmedServiceError", "Conformance",
    "DataAccessResult", "DataBlock", "DataNotification", "DiagnosticSource", "EventNotificationRequest",
    "ExceptionResponse", "GeneralBlock", "GeneralCiphering", "GeneralHeader", "GeneralKeyCiphering", "GeneralSigning",
    "GetRequest", "GetRequestNext", "GetRequestNormal", "GetRequestWithList", "GetResponse", "GetResponseNormal",
    "GetResponseWithDataBlock", "GetResponseWithList", "IdentifiedKey", "InitiateRequest", "InitiateResponse",
    "KeyInfo", "Mechanism", "ReadResult", "Rlre", "Rlrq", "Selection", "SetBlockRequest", "SetRequest",
    "SetRequestNormal", "SetRequestWithDataBlock", "SetRequestWithFirstDataBlock", "SetRequestWithList",
    "SetRequestWithListAndFirstDataBlock", "SetResponse", "SetResponseDataBlock", "SetResponseLastDataBlock",
    "SetResponseLastDataBlockWithList", "SetResponseNormal", "SetResponseWithList", "UserDiagnostic", "WrappedKey",
    "decode_aare", "decode_aarq", "decode_access_request", "decode_access_response", "decode_action_request",
    "decode_action_response", "decode_confirmed_service_error", "decode_data_notification", "decode_event_notification",
    "decode_exception_response", "decode_general_block", "decode_general_ciphering", "decode_general_key_ciphering",
    "decode_general_signing", "decode_get_request", "decode_get_response", "decode_initiate_request",
    "decode_initiate_response", "decode_results", "decode_return", "decode_returns", "decode_rlre", "decode_rlrq",
    "decode_set_request", "decode_set_response", "decode_values", "encode_results", "encode_return", "encode_returns",
    "encode_values", "is_plain_exception", "parameters_of",
]  # fmt: skip
