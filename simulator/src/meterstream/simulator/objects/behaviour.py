"""The port between a meter and what objects of one class, or one role, do beyond answering plain values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import Data

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

NO_METHODS: Final[Mapping[int, str]] = MappingProxyType({})


class Behaviour:
    """Plain objects: values of the tree, writable attributes keep what is written, no methods.

    One instance serves every object of its class or role in every meter of the process, so it holds no state of its
    own: what a meter remembers is `meter.state(Kind)`. Times are milliseconds of the fleet's clock.

    Attributes:
        methods: number and name of the methods the management client may invoke (Blue Book numbering); the object
            list names them, and no others reach `invoke`. The public client has none.
    """

    methods: ClassVar[Mapping[int, str]] = NO_METHODS

    def read(
        self,
        _meter: SimulatedMeter,
        _item: SimulatedObject,
        _attribute: int,
        _at: int,
        /,
    ) -> ReadResult | None:
        """Answer GET of a readable attribute from 2 that has no written value; None: the tree's own reader answers.

        Profiles read their columns with moments in the past.
        """
        return None

    def select(
        self,
        _meter: SimulatedMeter,
        _item: SimulatedObject,
        _attribute: int,
        _selection: Selection,
        _at: int,
        /,
    ) -> ReadResult:
        """Answer GET with selective access."""
        return DataAccessResult.OTHER_REASON

    def write(
        self,
        _meter: SimulatedMeter,
        _item: SimulatedObject,
        _attribute: int,
        _data: Data,
        _at: int,
        /,
    ) -> DataAccessResult | None:
        """Decide on SET of a writable attribute by a value of its type; None: it is kept as written."""
        return None

    def invoke(
        self,
        _meter: SimulatedMeter,
        _item: SimulatedObject,
        _method: int,
        _data: Data | None,
        _at: int,
        /,
    ) -> tuple[ActionResult, Data | None]:
        """Serve ACTION of one of `methods`."""
        return ActionResult.OTHER_REASON, None

    def due(
        self,
        _meter: SimulatedMeter,
        _item: SimulatedObject,
        _at: int,
        /,
    ) -> None:
        """Do what was planned for this moment with `meter.plan`; it may be called late, never early."""


PLAIN: Final = Behaviour()
