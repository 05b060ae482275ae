"""What can go wrong with a local server, one class per decision the caller can take."""

from typing import ClassVar


class ServerError(Exception):
    """Root of every failure of the local Kafka and PostgreSQL.

    ├── ServerUnavailable   nothing here can run it; the message is one line that says what to install
    ├── ServerInUse         another living process runs a server in this directory
    └── ServerFailed        it did not start, answer or stop in time; the message carries the end of its log
    """

    code: ClassVar[str] = "server-error"


class ServerUnavailable(ServerError):
    code = "server-unavailable"


class ServerInUse(ServerError):
    code = "server-in-use"


class ServerFailed(ServerError):
    code = "server-failed"
