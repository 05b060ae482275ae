"""What can go wrong with the engine itself, besides what its meters do."""

from __future__ import annotations

from meterstream.dlms.errors import DlmsError, PeerError


class EngineStopped(PeerError):
    """The engine did not come to an end over what the meter sent, or said more of it than there can be."""

    code = "ENGINE_STOPPED"


class EngineDied(DlmsError):
    """The process of a session ended: killed, or by what it read."""

    code = "ENGINE_DIED"


class EngineUnusable(DlmsError):
    """The program cannot be started, or is none that speaks this release's lines."""

    code = "ENGINE_UNUSABLE"


class EngineBusy(DlmsError):
    """All processes stayed in use for as long as one may wait."""

    code = "ENGINE_BUSY"
