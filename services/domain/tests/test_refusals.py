"""Whatever domain refuses of a meter operation: a code of the tree, the field and the rule, never our own trouble.

Parametrised over what the catalogue has; each situation is put before every operation for meters, alone and bundled.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import CODES, PlatformTrouble
from meterstream.contracts.operation import Target
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest

METER = "TEST1024000000001"
OTHER_METER = "TEST1024000000002"
GONE_METER = "TEST1024000000003"
GAS = "TESTG101205673101"
OTHER_GAS = "TESTG101205673102"
NOBODY = "UNKNOWN0000000001"
OPERATIONS = load_operations()
ASKED = [operation for operation in OPERATIONS.values() if operation.target is not Target.REGISTRY]
SINGLE = [operation for operation in ASKED if operation.examples]
NAMING = [operation for operation in SINGLE if operation.naming_field is not None]
ACTIONS = [operation for operation in SINGLE if operation.bundle_action]
FOR_GATEWAYS = {operation.name for operation in ASKED if operation.target is Target.GATEWAY}


def check(error):
    """An error that whoever asked can act on."""
    code = CODES[error.code]
    assert not issubclass(code.kind, PlatformTrouble), error
    assert (error.number, error.component) == (code.number, "DOMAIN")
    assert error.details.get("field", "").partition(".")[0] in ("header", "request", "device"), error
    assert error.details.get("rule"), error
    assert error.message


def example(operation, named=None):
    """The first example; where the operation names a device, that device or none."""
    request = operation.examples[0]
    if operation.naming_field is None:
        return request
    required = operation.request.model_fields[operation.naming_field].is_required()
    return request.model_copy(update={operation.naming_field: named or (GAS if required else None)})


@pytest.fixture
async def registry(domain):
    """Three meters, the last removed; a gas meter; org-b holds nothing of them."""
    for place, meter in enumerate((METER, OTHER_METER, GONE_METER)):
        await domain.install(meter, secret=10 * place + 1)
    await domain.install_mbus(GAS)
    await domain.install_mbus(OTHER_GAS, METER, 4)
    await domain.remove(GONE_METER)
    return domain


async def place(domain, gateway, channel):
    change = "update domain.devices set gateway = %s, channel = %s where device_identification = %s"
    await domain.execute(change, gateway, channel, GAS)


async def results(domain, asked, **header):
    """What becomes of one command for each (operation, request), by the operation's name; nothing is lost."""
    messages = [domain.command(request, uid=f"refused-{next(domain.offsets):014}", **header) for _, request in asked]
    sent = await domain.handle(*messages)
    found = {result.operation.name: result for result in sent.results()}
    assert domain.dead_letters.letters == []
    assert len(found) + len(sent.requests()) == len(asked)
    for result in found.values():
        if result.error is not None:
            check(result.error)
    return found, {request.operation.name for request in sent.requests()}


async def refused(domain, code, operations=SINGLE, named=None, **header):
    found, went_out = await results(domain, [(item, example(item, named)) for item in operations], **header)
    assert went_out == set()
    assert {result.status for result in found.values()} == {ResultStatus.REJECTED}
    assert {result.error.code for result in found.values()} == {code}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"organisation": "nobody"}, "UNKNOWN_ORGANISATION"),
        ({"organisation": "org-b"}, "UNAUTHORIZED"),
        ({"device": NOBODY}, "UNKNOWN_DEVICE"),
        ({"device": GONE_METER}, "UNKNOWN_DEVICE"),
        ({"device": None}, "VALIDATION_ERROR"),
    ],
)
async def test_every_operation_needs_who_asks_of_which_device(registry, header, code):
    await refused(registry, code, **({"device": METER} | header))


async def test_no_operation_is_for_an_organisation_that_is_disabled(registry):
    await registry.execute("update domain.organisations set enabled = false where organisation = 'org-a'")
    await refused(registry, "DISABLED_ORGANISATION")


async def test_no_operation_is_scheduled_beyond_its_end(registry):
    now = registry.clock.now
    await refused(
        registry, "VALIDATION_ERROR", schedule_time=now + timedelta(hours=2), expires_at=now + timedelta(hours=1)
    )


@pytest.mark.parametrize("named", [NOBODY, GONE_METER])
async def test_no_operation_names_a_device_that_is_not_there(registry, named):
    await refused(registry, "UNKNOWN_DEVICE", NAMING, named, device=METER)


@pytest.mark.parametrize(
    ("gateway", "channel"), [(None, None), (None, 1), (METER, None), (GONE_METER, 1), (OTHER_METER, 1), (METER, 1)]
)
async def test_every_operation_on_an_mbus_device_wherever_it_is(registry, gateway, channel):
    """For the device itself, and for a meter with the device's name in the request."""
    await place(registry, gateway, channel)
    found, went_out = await results(registry, [(item, example(item)) for item in SINGLE], device=GAS)
    is_reached = gateway in (METER, OTHER_METER) and channel is not None
    assert {item.name for item in SINGLE} - FOR_GATEWAYS <= found.keys()
    assert went_out <= (FOR_GATEWAYS if is_reached else set())
    found, went_out = await results(registry, [(item, example(item, GAS)) for item in NAMING], device=METER)
    is_here = gateway == METER and channel is not None
    assert FOR_GATEWAYS & {item.name for item in NAMING} <= (went_out if is_here else found.keys())


@pytest.mark.parametrize(
    ("gateway", "channel"), [(None, None), (METER, None), (GONE_METER, 1), (OTHER_METER, 1), (METER, 1)]
)
async def test_every_action_of_a_bundle_is_answered_or_goes_out(registry, gateway, channel):
    await place(registry, gateway, channel)
    encode = registry.codec.encode
    actions = [BundleAction(operation=item.name, request=encode(example(item, GAS))) for item in ACTIONS]
    sent = await registry.handle(registry.command(BundleRequest(actions=actions)))
    (request,) = sent.requests()
    out = [action.operation for action in request.request.actions]
    ((answer,),) = await registry.rows("select answer from domain.commands where operation = 'Bundle'")
    kept = registry.codec.decode(answer).response.answers
    assert [item.operation for item in kept] == [item.name for item in ACTIONS]
    assert [item.operation for item in kept if item.retryable] == out
    stayed = [item for item in kept if not item.retryable]
    for item in stayed:
        check(item.error)
    is_here = gateway == METER and channel is not None
    named = {item.name for item in NAMING} & FOR_GATEWAYS & {item.name for item in ACTIONS}
    assert named <= (set(out) if is_here else {item.operation for item in stayed})


BROKEN = [
    BundleAction(operation="", request=b""),
    BundleAction(operation="AddDevice", request=b""),
    BundleAction(operation="Bundle", request=b""),
    BundleAction(operation="CoupleMbusDevice", request=b""),
    BundleAction(operation="ScanMbusChannels", request=b""),
    BundleAction(operation="ScanMbusChannels", request=b"\xc3\x01" + bytes(8)),
    BundleAction(operation="ScanMbusChannels", request=b"\xff" * 64),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda action: f"{action.operation} {action.request[:2].hex()}")
async def test_a_bundle_with_an_action_that_is_none_is_refused_as_a_whole(registry, broken):
    good = BundleAction(
        operation="ScanMbusChannels", request=registry.codec.encode(example(OPERATIONS["ScanMbusChannels"]))
    )
    request = BundleRequest(actions=[good, broken])
    found, went_out = await results(registry, [(OPERATIONS["Bundle"], request)])
    assert went_out == set()
    assert found["Bundle"].error.details["field"].startswith("request.actions.1")


def test_every_operation_of_the_catalogue_is_looked_at():
    assert [item.name for item in ASKED if not item.examples] == ["Bundle"]
    assert (len(SINGLE) > 50, len(ACTIONS) > 40, len(NAMING) >= 8) == (True, True, True)
