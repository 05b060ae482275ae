"""What every pair of a client and a meter is put through: one list, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import pytest

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import CosemDateTime, Data, double_long_unsigned, integer, octet_string, structure
from stacks import world
from stacks.port import SMALL_PDU, Client, Line, Refused
from stacks.world import rows

Connect = Callable[[Line], Client]
Case = Callable[["Scene"], None]
_numbers = count(1)


@dataclass
class Scene:
    """A meter that listens, and the maker of clients for it.

    `refusals` are the errors by which that client says that it was refused; `opened` how many associations the meter
    has opened so far (for a meter that cannot tell, always the same).
    """

    line: Line
    connect: Connect
    refusals: tuple[type[Exception], ...]
    opened: Callable[[], int]

    def small(self) -> Client:
        """A client that has associated with the meter that takes and sends little at once."""
        return self.client(max_pdu=SMALL_PDU, port=self.line.small_port)

    def client(self, **changed: object) -> Client:
        """A client that has associated."""
        client = self.connect(replace(self.line, **changed))  # type: ignore[arg-type]  # fields of Line
        try:
            client.associate()
        except BaseException:
            client.close()
            raise
        return client


CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Case], Case]:
    def add(function: Case) -> Case:
        CASES[name] = function
        return function

    return add


def closing(function: Callable[[Client], None]) -> Case:
    """A case that needs no more than one association, released in the end."""

    def run(scene: Scene) -> None:
        client = scene.client()
        try:
            function(client)
            client.release()
        finally:
            client.close()

    return run


@case("associate, release, again")
def associates_again(scene: Scene) -> None:
    for _ in range(2):
        closing(lambda client: client.get(world.DEVICE_NAME))(scene)


@case("GET")
@closing
def gets(client: Client) -> None:
    assert client.get(world.DEVICE_NAME) == world.NAME
    clock = client.get(world.CLOCK)
    assert isinstance(clock, bytes)
    assert CosemDateTime.from_bytes(clock).to_datetime() is not None
    assert client.get(world.ENERGY) == world.ENERGY_WH
    assert client.get(world.ENERGY_UNIT) == world.SCALER_UNIT


@case("GET, object unknown")
@closing
def gets_a_refusal(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        client.get(world.UNKNOWN)
    assert refused.value.result == DataAccessResult.OBJECT_UNDEFINED
    assert client.get(world.ENERGY) == world.ENERGY_WH


@case("GET with-list")
@closing
def gets_a_list(client: Client) -> None:
    assert client.get_list([world.ENERGY, world.ENERGY_UNIT, world.DEVICE_NAME]) == [
        world.ENERGY_WH,
        world.SCALER_UNIT,
        world.NAME,
    ]


@case("GET with-list, one unknown")
@closing
def gets_a_list_with_a_refusal(client: Client) -> None:
    first, second, third = client.get_list([world.ENERGY, world.UNKNOWN, world.ENERGY_BACK])
    assert (first, third) == (world.ENERGY_WH, world.ENERGY_BACK_WH)
    assert isinstance(second, Refused)
    assert second.result == DataAccessResult.OBJECT_UNDEFINED


@case("SET")
@closing
def sets(client: Client) -> None:
    number = next(_numbers)
    client.set(world.FILTER, double_long_unsigned(number))
    assert client.get(world.FILTER) == number


@case("SET, read only")
@closing
def sets_a_refusal(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        client.set(world.ENERGY, double_long_unsigned(0))
    assert refused.value.result == DataAccessResult.READ_WRITE_DENIED
    assert client.get(world.ENERGY) == world.ENERGY_WH


@case("SET with-list")
@closing
def sets_a_list(client: Client) -> None:
    number = next(_numbers)
    items: list[tuple[world.AttributeRef, Data]] = [
        (world.FILTER, double_long_unsigned(number)),
        (world.ENERGY, double_long_unsigned(0)),
    ]
    assert client.set_list(items) == [DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED]
    assert client.get(world.FILTER) == number


@case("ACTION")
@closing
def acts(client: Client) -> None:
    client.action(world.DISCONNECT, integer(0))
    assert client.get(world.CONTROL_STATE) == world.DISCONNECTED
    client.action(world.RECONNECT, integer(0))
    assert client.get(world.CONTROL_STATE) == world.CONNECTED


@case("ACTION, object unknown")
@closing
def acts_in_vain(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        client.action(world.method(70, "0.0.96.99.10.255", 1), integer(0))
    assert refused.value.result == DataAccessResult.OBJECT_UNDEFINED
    assert client.get(world.ENERGY) == world.ENERGY_WH


@case("profile, whole")
@closing
def reads_a_profile(client: Client) -> None:
    assert client.get(world.PROFILE_COLUMNS) == world.COLUMNS
    assert client.get(world.PROFILE) == rows(range(world.ROWS))


@case("profile by range")
@closing
def reads_a_range(client: Client) -> None:
    assert client.rows_by_range(world.PROFILE, world.moment(8), world.moment(11)) == rows(range(8, 12))


@case("profile by entry")
@closing
def reads_entries(client: Client) -> None:
    assert client.rows_by_entry(world.PROFILE, 5, 8) == rows(range(4, 8))


@case("GET in blocks")
def gets_blocks(scene: Scene) -> None:
    client = scene.small()
    try:
        assert client.get(world.PROFILE) == rows(range(world.ROWS))
        assert client.get(world.ENERGY) == world.ENERGY_WH
        client.release()
    finally:
        client.close()


@case("GET with-list in blocks")
def gets_a_list_in_blocks(scene: Scene) -> None:
    client = scene.small()
    try:
        assert client.get_list([world.ENERGY, world.PROFILE, world.ENERGY_UNIT]) == [
            world.ENERGY_WH,
            rows(range(world.ROWS)),
            world.SCALER_UNIT,
        ]
        client.release()
    finally:
        client.close()


@case("SET in blocks")
def sets_blocks(scene: Scene) -> None:
    client = scene.small()
    number = next(_numbers) % len(world.LONG_TEXT)
    text = world.LONG_TEXT[number:] + world.LONG_TEXT[:number]
    try:
        client.set(world.MESSAGE, octet_string(text))
        assert client.get(world.MESSAGE) == text
        client.release()
    finally:
        client.close()


@case("ACTION in blocks")
def acts_in_blocks(scene: Scene) -> None:
    client = scene.small()
    number = next(_numbers)
    try:
        client.action(world.IMAGE_BLOCK, structure(double_long_unsigned(number), octet_string(world.LONG_TEXT)))
        assert client.get(world.FIRST_MISSING_BLOCK) == number + 1
        client.release()
    finally:
        client.close()


def refused(scene: Scene, **wrong: object) -> None:
    """Refused with an error of its own, by a meter that serves the next client."""
    before = scene.opened()
    with pytest.raises(scene.refusals):
        scene.client(**wrong)
    assert scene.opened() == before
    closing(lambda client: client.get(world.DEVICE_NAME))(scene)


@case("wrong password refused")
def refuses_a_password(scene: Scene) -> None:
    refused(scene, password=b"another-password")


@case("wrong EK refused")
def refuses_an_encryption_key(scene: Scene) -> None:
    refused(scene, encryption_key=bytes(len(scene.line.encryption_key)))


@case("wrong AK refused")
def refuses_an_authentication_key(scene: Scene) -> None:
    refused(scene, authentication_key=bytes(len(scene.line.authentication_key)))
