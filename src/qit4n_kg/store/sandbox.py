"""How a query process is cut off from the network and kept within its memory; only system calls, no queries.

The engine performs SERVICE unasked, to loopback addresses too, so a process that runs foreign text must have no network
at all: a network namespace of its own (`unshare(2)`, as root or with a user namespace), else a seccomp filter under
which `socket(2)` fails (`seccomp(2)`, classic BPF). Must run while the process has one thread.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from enum import Enum

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

_BPF_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_BPF_JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_BPF_RETURN = 0x06  # BPF_RET | BPF_K
_ALLOW = 0x7FFF0000
_DENY = 0x00050000 | 13  # SECCOMP_RET_ERRNO, EACCES
_OFFSET_NUMBER = 0
_OFFSET_ARCH = 4

# Audit architecture, then the numbers of socket and io_uring_setup (which could make a socket too); x32 has bit 30 set.
_SYSCALLS = {"x86_64": (0xC000003E, (41, 425, 41 | 1 << 30, 425 | 1 << 30)), "aarch64": (0xC00000B7, (198, 425))}


class Isolation(Enum):
    """What keeps a query process off the network."""

    NAMESPACE = "network namespace"
    SECCOMP = "seccomp filter"
    NONE = "none"


def isolate_network() -> Isolation:
    """Cut this process and its later threads off the network for good, by the first means that works."""
    libc = ctypes.CDLL(None, use_errno=True)
    # As root a user namespace would take away the right to read other users' files, so it comes second.
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if hasattr(libc, "unshare") and libc.unshare(flags) == 0:
            return Isolation.NAMESPACE
    return Isolation.SECCOMP if deny_sockets() else Isolation.NONE


def deny_sockets() -> bool:
    """Install a seccomp filter under which no socket can be made; False where the kernel or the machine has none."""
    if platform.system() != "Linux" or platform.machine() not in _SYSCALLS:
        return False
    architecture, numbers = _SYSCALLS[platform.machine()]
    program = _filter(architecture, numbers)
    instructions = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, padding, their address.
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), header, zero, zero) == 0)


def _filter(architecture: int, numbers: tuple[int, ...]) -> bytes:
    """Assemble: another architecture or a listed call fails with EACCES, anything else is allowed."""
    count = len(numbers)
    instructions = [
        (_BPF_LOAD_WORD, 0, 0, _OFFSET_ARCH),
        (_BPF_JUMP_IF_EQUAL, 0, count + 2, architecture),
        (_BPF_LOAD_WORD, 0, 0, _OFFSET_NUMBER),
        *((_BPF_JUMP_IF_EQUAL, count - position, 0, number) for position, number in enumerate(numbers)),
        (_BPF_RETURN, 0, 0, _ALLOW),
        (_BPF_RETURN, 0, 0, _DENY),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, at once when it has ended already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        zero = ctypes.c_ulong(0)
        libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), zero, zero, zero)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def leave_signals_to_parent() -> None:
    """Ignore what ends servers: Ctrl-C reaches the whole group, and systemd tells each process; who started this one decides."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def mapped_bytes() -> int:
    """Measure this process's address space in bytes; 0 where the system does not tell."""
    try:  # after every query: a third of what a file object takes
        statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return int(os.read(statm, 64).split()[0]) * resource.getpagesize()
    finally:
        os.close(statm)


def limit_memory(allowance: int) -> int:
    """Let the address space grow by `allowance` bytes from now on; return its present size."""
    size = mapped_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = size + allowance if size else resource.RLIM_INFINITY
    if hard != resource.RLIM_INFINITY:
        limit = hard if limit == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    return size


def leave_no_core() -> None:
    """Write no core file: death at the memory limit is an abort, and a core would be gigabytes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
