"""Opens the keys that requests bring along, of a whole batch at once: those of commands, and of actions of bundles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.contracts.records import KeyKind
from meterstream.domain.adapters.keyring import Keyring
from meterstream.domain.model.attachments import action_of
from meterstream.domain.model.keys import GivenKey
from meterstream.domain.model.rules import Given, QueryRule, Rules
from meterstream.domain.model.submissions import GivenKeys
from meterstream.runtime.codec import Codec

Asked = tuple[str, str, OperationRequest | None]
"""Operation, device and request of a command; no request where it breaks a rule."""


class KeyOpener:
    """Finds ciphertexts by the rules of operations and has the keyring open them."""

    def __init__(self, keyring: Keyring, rules: Rules, codec: Codec) -> None:
        self._keyring = keyring
        self._rules = rules
        self._codec = codec

    async def open(self, asked: Sequence[Asked]) -> list[GivenKeys]:
        """For each command the keys that came with it, or why one of them is none.

        Errors: DECRYPTION_EXCEPTION (804), INVALID_DLMS_KEY_FORMAT (802), and what rules say of keys that are missing.
        """
        found: list[dict[int, Given]] = [{} for _ in asked]
        places: list[tuple[int, int]] = []
        jobs: list[tuple[str, Mapping[KeyKind, bytes]]] = []
        for index, (operation, device, request) in enumerate(asked):
            for place, ciphertexts in self._ciphertexts(operation, request):
                if isinstance(ciphertexts, PlatformError):
                    found[index][place] = ciphertexts
                else:
                    places.append((index, place))
                    jobs.append((device, ciphertexts))
        opened: Sequence[tuple[GivenKey, ...] | PlatformError] = await self._keyring.open_given(jobs)
        for (index, place), given in zip(places, opened, strict=True):
            found[index][place] = given
        return list(found)

    def _ciphertexts(
        self, operation: str, request: OperationRequest | None
    ) -> Iterator[tuple[int, Mapping[KeyKind, bytes] | PlatformError]]:
        if request is None:
            return
        if not isinstance(request, BundleRequest):
            yield from self._of(operation, request, 0)
            return
        for place, action in enumerate(request.actions):
            rule = self._rules.get(action.operation)
            if rule is None or isinstance(rule, QueryRule) or rule.ciphertexts is None:
                continue
            part = action_of(action, self._rules, self._codec)
            if part is not None:
                yield from self._of(part[0].name, part[1], place)

    def _of(
        self, operation: str, request: OperationRequest, place: int
    ) -> Iterator[tuple[int, Mapping[KeyKind, bytes] | PlatformError]]:
        rule = self._rules.get(operation)
        if rule is None or isinstance(rule, QueryRule) or rule.ciphertexts is None:
            return
        try:
            yield place, rule.ciphertexts(request)
        except PlatformError as error:
            yield place, error
