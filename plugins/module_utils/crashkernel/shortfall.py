# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the running kernel has not reserved what it was to: by its command line, its log and /proc/iomem."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ..command import CommandRunner
from ..errors import KdumpError
from .evaluate import MIB, amount, ram_regions
from .grammar import PARAMETER

_SECONDS: t.Final = 30
_FOUR_GIB: t.Final = 1 << 32
#: More lines than that about one reservation are no kernel's.
MAX_LINES: t.Final = 8
_LINE_BYTES: t.Final = 300


@dataclass(frozen=True)
class Shortfall:
    """Why there is less than was asked for, what to do about it, and what the kernel said."""

    id: str
    message: str
    log: tuple[str, ...] = ()

    def document(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {**asdict(self), "log": list(self.log)}


@dataclass(frozen=True)
class Message:
    """What a kernel says when it reserves nothing: a pattern, what it means, and whose words it is."""

    pattern: str
    id: str
    source: str


_X86: t.Final = "x86 to 6.6, arm: reserve_crashkernel() in arch/*/kernel/setup.c"
_GENERIC: t.Final = "x86 since 6.7 and those that followed: kernel/crash_core.c, since 6.9 kernel/crash_reserve.c"
_ARM64: t.Final = "arm64: reserve_crashkernel() in arch/arm64/mm/init.c"
_PARSER: t.Final = "all: kernel/crash_core.c, since 6.9 kernel/crash_reserve.c"
_POWER: t.Final = "powerpc: reserve_crashkernel() in arch/powerpc/kexec/core.c"
_S390: t.Final = "s390: reserve_crashkernel() in arch/s390/kernel/setup.c"

#: In the words of Linux 6.1 and of 6.18, where they were read.
MESSAGES: t.Final = (
    Message(r"cannot allocate crashkernel low memory", "no-low-memory", f"{_GENERIC}; {_ARM64}"),
    Message(r"Cannot reserve \d+ ?MB crashkernel low memory", "no-low-memory", _X86),
    Message(r"crashkernel reservation failed - No suitable area found", "no-room", _X86),
    Message(r"cannot allocate crashkernel \(size:0x[0-9a-f]+\)", "no-room", f"{_GENERIC}; {_ARM64}"),
    Message(r"crashkernel: couldn't allocate \d+KB", "no-room", "riscv, as in 6.1: arch/riscv/mm/init.c"),
    Message(r"crashkernel reservation failed: no suitable area found", "no-room", _S390),
    Message(r"first memory chunk must be at least crashkernel size", "no-room", _S390),
    Message(r"Failed to reserve memory for crashkernel", "no-room", _POWER),
    Message(r"crashkernel reservation failed - memory is in use", "in-use", f"{_X86}; {_GENERIC}"),
    Message(r"crashkernel reservation failed: crash_base too low", "in-use", _S390),
    Message(r"Crash kernel location must be|Crash kernel base must be aligned", "address", _POWER),
    Message(r"Crash kernel can not overlap current kernel", "in-use", _POWER),
    Message(r"crashkernel: [Mm]emory value expected", "syntax", _PARSER),
    Message(r"crashkernel: ('-'|':') expected|crashkernel: end <= start", "syntax", _PARSER),
    Message(r"crashkernel: unrecognized char", "syntax", _PARSER),
    Message(r"crashkernel: invalid size", "too-large", _PARSER),
    Message(r"crashkernel size resulted in zero bytes", "no-range", _PARSER),
    Message(r"Ignoring crashkernel for a Xen PV domain", "xen", "x86: arch/x86/kernel/setup.c"),
    Message(r"crashkernel: ignoring reservation request", "capture-kernel", "riscv, as in 6.1: arch/riscv/mm/init.c"),
    Message(r"Unknown kernel command line parameters.*crashkernel=", "unsupported", "since 5.14: init/main.c"),
)  # fmt: skip

#: What each of them means, and what to do.
_MEANINGS: t.Final = {
    "unsupported": "the running kernel cannot reserve memory for another one. Boot one that was built with CONFIG_KEXEC"
    " or CONFIG_KEXEC_FILE, and CONFIG_CRASH_DUMP",
    "not-passed": "the running kernel was passed no crashkernel=. Another boot entry was taken than those that have it,"
    " or another boot loader is in charge; look at BOOT_IMAGE in /proc/cmdline and at what the firmware starts",
    "other-value": "the running kernel was passed another value. Another boot entry was taken, or something else"
    " sets it, such as another configuration management; look at /proc/cmdline",
    "no-low-memory": "there was no room below 4 GiB for the part that devices need. Ask for less with a size,low value,"
    " or for a size without ,high",
    "no-room": "there was no stretch of free memory of that size where the kernel looks. Ask for less, or on a machine"
    " with more than 4 GiB for size,high",
    "in-use": "what is at the address in the value is in use. Leave out the address, then the kernel finds a place",
    "address": "the address in the value is not one that this machine can use. Leave out the address",
    "syntax": "the kernel does not understand the value. Compare it with the kernel's documentation of this release",
    "too-large": "the value asks for as much as the machine has. Ask for less",
    "no-range": "no range of the value holds the memory that the kernel counts. Add one, or write a plain size",
    "xen": "in a paravirtualised Xen domain, the hypervisor would have to reserve it. Have the domain started as HVM"
    " or PVH",
    "capture-kernel": "this is a capture kernel itself, which reserves nothing. Let it end its work, or reboot",
    "given-back": "it was reserved, and given back since: something has written to /sys/kernel/kexec_crash_size. Find"
    " out what did and switch it off",
    "silent": "its log does not say why, or has lost that. Look at its console while it boots",
}  # fmt: skip

_UNPRINTABLE: t.Final = re.compile(r"[^ -~]")
_ABOUT: t.Final = re.compile(r"crash ?kernel", re.IGNORECASE)
#: What the kernel was passed is no message about it.
_ECHO: t.Final = re.compile(r"^(Kernel command line|Command line): ", re.IGNORECASE)
_STAMP: t.Final = re.compile(r"^(<\d+>)?\s*(\[ *\d+\.\d+\](\[ *[CT]\d+\])? )?")
_DONE: t.Final = re.compile(
    r"crashkernel: ?reserved|crashkernel reserved:|Reserving \d+ ?MB of memory at \d+ ?MB for crashkernel"
)


def about_crashkernel(log: str) -> tuple[str, ...]:
    """The lines of a kernel's log about its reservation, without their time."""
    lines = (_STAMP.sub("", line.rstrip()) for line in log.splitlines())
    found = [line[:_LINE_BYTES] for line in lines if _ABOUT.search(line) and not _ECHO.match(line)]
    return tuple(_UNPRINTABLE.sub("?", line) for line in found[:MAX_LINES])


def read_log(runner: CommandRunner) -> tuple[str, ...]:
    """The same of the running kernel: what it still has, otherwise what the journal of this boot has kept."""
    for argv in (["dmesg"], ["journalctl", "--dmesg", "--boot", "--no-pager", "--output=cat"]):
        try:
            done = runner.run(argv, what="read the kernel's log", timeout=_SECONDS, check=False)
        except (KdumpError, OSError):
            continue
        lines = about_crashkernel(done.out)
        if lines:
            return lines
    return ()


def explain(
    wanted: Sequence[str], running: Sequence[str], *, same: bool, reserved: t.Optional[int], expected: t.Optional[int],
    log: Sequence[str], iomem: str, config: t.Optional[Mapping[str, str]] = None,
) -> Shortfall:  # fmt: skip
    """Why ``reserved`` bytes are there and not ``expected``.

    ``wanted`` and ``running`` are values of C(crashkernel=), and ``same`` whether they mean the same. ``config`` is
    what the running kernel was built with, None where nothing tells.
    """
    asked, found = _shown(wanted), _shown(running)
    identity = _identify(same=same, running=running, reserved=reserved, log=log)
    # Debian 12's kernel for s390x: it has the file of the size, and no code to reserve anything, and says nothing.
    if identity == "silent" and config is not None and "CRASH_DUMP" not in config:
        identity = "unsupported"
    stretch = _stretch(iomem) if identity == "no-room" else ""
    said = f" (its log: {log[-1]})" if log and identity not in ("not-passed", "other-value") else ""
    of = f" of {amount(expected)}" if expected else ""
    passed = f", it was passed {found}" if identity == "other-value" else ""
    return Shortfall(
        identity,
        f"Cannot bring {asked} into force: the kernel has reserved {amount(reserved or 0)}{of}{passed}:"
        f" {_MEANINGS[identity]}{stretch}{said}",
        tuple(log),
    )


def _identify(*, same: bool, running: Sequence[str], reserved: t.Optional[int], log: Sequence[str]) -> str:
    if reserved is None:
        return "unsupported"
    if not same:
        return "other-value" if running else "not-passed"
    # The last one counts: a kernel may have tried in one place before it gave up in another.
    told = [message.id for line in log for message in MESSAGES if re.search(message.pattern, line)]
    if told:
        return told[-1]
    return "given-back" if any(_DONE.search(line) for line in log) else "silent"


def _stretch(iomem: str) -> str:
    below = [min(end, _FOUR_GIB) - start for start, end in ram_regions(iomem) if start < _FOUR_GIB]
    longest = max(below, default=0)
    return f". The longest stretch of memory below 4 GiB is {amount(longest)}, in use or not" if longest > MIB else ""


def _shown(values: Sequence[str]) -> str:
    return " ".join(PARAMETER + value for value in values) or "no crashkernel="
