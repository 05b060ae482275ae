"""Runs one command and ends it when the process that asked for it is gone; started as a script, standard library only.

The parent holds the write end of this process's standard input. When that closes (the parent ends, is killed, or wants
the command stopped) the command gets its stop signal, then, after the grace time, SIGKILL. When this process is killed
itself, Linux kills the command (PR_SET_PDEATHSIG). What the command leaves behind falls to this process
(PR_SET_CHILD_SUBREAPER), which kills it. The one argument is a `GuardOrder` as JSON; the first line on
standard output is the command's process id, which the parent answers with one byte; the exit status is the command's
(128 + signal when a signal ended it).
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn, TypedDict

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 1 << 2
PR_SET_CHILD_SUBREAPER = 36
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522
PARENT_CHECK_S = 1.0
CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children")  # of the main thread, which starts them all


class GuardOrder(TypedDict):
    command: list[str]
    log_path: str  # both output streams of the command are appended there
    stop_signal: int  # asks for an orderly end
    orphan_signal: int  # what the command gets when this process is killed; SIGKILL does not reach a server's children
    grace_s: float
    user_id: int | None  # run as this user; only root may ask for it
    group_id: int | None
    keep_dac_override: bool  # let that user pass directories that only root may enter


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop_privileges(user_id: int, group_id: int, *, keep_dac_override: bool) -> None:
    """Become another user for good; optionally keep one Linux capability, and hand it on to programs started later.

    Source: capabilities(7), ambient set and securebits: without SECBIT_NO_SETUID_FIXUP, access(2) would not count it.
    Raises: PermissionError when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if keep_dac_override:
        _check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setresgid(group_id, group_id, group_id)
    os.setresuid(user_id, user_id, user_id)
    if keep_dac_override:
        bit = 1 << CAP_DAC_OVERRIDE
        data = (_CapabilityData * 2)(_CapabilityData(bit, bit, bit), _CapabilityData(0, 0, 0))
        _check(libc.capset(ctypes.byref(_CapabilityHeader(LINUX_CAPABILITY_VERSION_3, 0)), data))
        _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        hint = (
            "root may not hand on CAP_DAC_OVERRIDE here: let others enter the folders above (chmod o+x), or be no root"
        )
        raise OSError(error, f"{os.strerror(error)}: {hint}")


def end(child: subprocess.Popen[bytes], stop_signal: int, grace_s: float) -> None:
    """Ask, wait, then kill. SIGCONT first: a stopped process takes no other signal but SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGCONT)
        child.send_signal(stop_signal)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def kill_remaining() -> None:
    """SIGKILL to all children until there are none; those of a killed child become ours in turn."""
    with contextlib.suppress(ChildProcessError, FileNotFoundError):  # no child is left; or this is not Linux
        while True:
            for process_id in CHILDREN.read_text().split():
                os.kill(int(process_id), signal.SIGKILL)
            os.wait()


def main(argument: str) -> NoReturn:
    order: GuardOrder = json.loads(argument)
    parent_id = os.getppid()
    # The descriptor is opened before privileges go: the log may lie where the other user must not write.
    log = os.open(order["log_path"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if order["user_id"] is not None and order["group_id"] is not None:
        drop_privileges(order["user_id"], order["group_id"], keep_dac_override=order["keep_dac_override"])
    # This process has one thread so far: Linux ties the signal to the thread that forks, and that one stays.
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is not None:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def die_with_guard() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, order["orphan_signal"], 0, 0, 0)

    child = subprocess.Popen(
        order["command"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        preexec_fn=die_with_guard,
    )
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()

    os.read(0, 1)  # until the parent has noted the process id: a command that has ended keeps its id so long

    ended_reader, ended_writer = os.pipe()

    def report_end() -> None:
        child.wait()
        os.close(ended_writer)

    threading.Thread(target=report_end, daemon=True).start()
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(ended_reader, selectors.EVENT_READ)
        while not selector.select(PARENT_CHECK_S) and os.getppid() == parent_id:
            pass
    if child.poll() is None:
        end(child, order["stop_signal"], order["grace_s"])
    status = child.wait()
    kill_remaining()
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main(sys.argv[1])
