"""What can go wrong with profile packs: in a pack (at start) or in a question to a loaded profile."""

from __future__ import annotations

from meterstream.dlms.errors import LocalError


class ProfileError(LocalError):
    """Base of all errors of this package."""

    code = "PROFILE_ERROR"


class PackError(ProfileError):
    """A pack breaks a rule; `where` is the file, `line` counts from 1."""

    code = "PROFILE_PACK_INVALID"

    def __init__(self, where: str, line: int, rule: str) -> None:
        super().__init__(f"{where}:{line}: {rule}")
        self.where = where
        self.line = line
        self.rule = rule


class UnknownProfileError(ProfileError):
    """No pack for this protocol name and version."""

    code = "PROFILE_UNKNOWN"

    def __init__(self, name: str, version: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no profile for protocol {name} {version}; known: {', '.join(known)}")
        self.name = name
        self.version = version


class UnknownObjectError(ProfileError):
    """The profile has no object of this role, or the object has no such attribute, method or capture list."""

    code = "PROFILE_OBJECT_UNKNOWN"

    def __init__(self, profile: str, what: str) -> None:
        super().__init__(f"no {what} in protocol {profile}")
        self.profile = profile
        self.what = what


class ChannelError(ProfileError):
    """An M-Bus channel is missing, superfluous or outside 1 to 4."""

    code = "PROFILE_CHANNEL_INVALID"

    def __init__(self, obis: str, channel: int | None, rule: str) -> None:
        super().__init__(f"{obis} with channel {channel}: {rule}")
        self.obis = obis
        self.channel = channel
