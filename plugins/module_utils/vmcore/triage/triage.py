# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a dump tells about its crash without debug information: from the log, the registers and the symbols."""

from __future__ import annotations

import itertools
import re
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...proof.text import printable
from ..containers.registers import CpuState
from ..log.records import LogRecord
from .context import Context, taint_letters, taint_meanings
from .frames import Frame
from .panic import Panic
from .symbols import Symbols

#: x86 prints it early as "Command line: ", every kernel later as "Kernel command line: ".
_COMMAND_LINE: t.Final = re.compile(r"^(?:Kernel c|C)ommand line: (?P<line>.*)$")
_BANNER: t.Final = re.compile(r"^Linux version \S")
#: What a CPU does that takes the machine down: its registers were saved there.
_CRASHING: t.Final = frozenset({"__crash_kexec", "crash_kexec", "crash_setup_regs", "machine_kexec", "panic", "vpanic"})
#: The registers of so many CPUs are returned; the largest machines have thousands.
_MAX_CPUS: t.Final = 256
_UNKNOWN: t.Final = "unknown"


@dataclass(frozen=True)
class Cpu:
    """One CPU's registers, and the function it was in."""

    state: CpuState
    function: Frame | None

    def as_dict(self) -> dict[str, t.Any]:
        """The CPU as the verdict document holds it; numbers of 64 bits are text, since not every reader has those."""
        return {
            "pid": self.state.pid,
            "pc": hex(self.state.pc),
            "sp": hex(self.state.sp),
            "function": str(self.function) if self.function else None,
            "values": {name: hex(value) for name, value in self.state.registers.items()},
        }


@dataclass(frozen=True)
class Triage:
    """What is known about the crash; None where the dump does not tell."""

    panic: Panic | None = None
    source: str | None = None
    cpus: tuple[Cpu, ...] = ()
    banner: str | None = None
    command_line: str | None = None
    symbols: Symbols | None = None

    @property
    def signature(self) -> str | None:
        """None where nothing is known of why: all such crashes would look alike."""
        return self.panic.signature if self.panic and self.panic.kind != _UNKNOWN else None

    def as_dict(self) -> dict[str, t.Any]:
        """The members of the verdict document that tell of the crash."""
        panic, table = self.panic, self.symbols.table if self.symbols else None
        return {
            "panic": _panic_dict(panic, self.source) if panic else None,
            "signature": self.signature,
            "uptime": panic.uptime if panic else None,
            "modules": list(panic.modules) if panic and panic.modules is not None else None,
            "command_line": self.command_line,
            "banner": self.banner,
            "registers": [cpu.as_dict() for cpu in self.cpus[:_MAX_CPUS]],
            "symbols": {"layout": table.layout, "count": table.count} if table else None,
        }


#: Where nothing could be read, or nobody looked.
NOTHING: t.Final = Triage()


def _panic_dict(panic: Panic, source: str | None) -> dict[str, t.Any]:
    context = panic.context
    return {
        "class": panic.kind,
        "reason": panic.reason,
        "cpu": context.cpu,
        "pid": context.pid,
        "comm": None if context.comm is None else printable(context.comm),
        "taint": context.taint,
        "taint_meanings": None if context.taint is None else taint_meanings(context.taint),
        "backtrace": [str(frame) for frame in panic.frames],
        "backtrace_source": source,
    }


def triage(
    panic: Panic | None, *, records: Sequence[LogRecord], registers: Sequence[CpuState], symbols: Symbols | None
) -> Triage:
    """Put together what log, registers and symbols tell; the log is believed first, since it needs no guesses."""
    cpus = tuple(Cpu(state, symbols.function_at(state.pc) if symbols else None) for state in registers[:_MAX_CPUS])
    panic, source = _complete(panic, cpus, symbols)
    return Triage(
        panic=panic,
        source=source,
        cpus=cpus,
        banner=(symbols.banner() if symbols else None) or _first(records, _BANNER),
        command_line=(symbols.command_line() if symbols else None) or _first(records, _COMMAND_LINE),
        symbols=symbols,
    )


def _complete(panic: Panic | None, cpus: Sequence[Cpu], symbols: Symbols | None) -> tuple[Panic | None, str | None]:
    """Fill in what the log lacks: CPU, task and taint by the kernel's variables, the trace by the stack."""
    if symbols is None:
        return panic, "log" if panic and panic.frames else None
    number = symbols.cpu("panic_cpu")
    if number is None:
        number = symbols.cpu("crashing_cpu")
    crashed = _crashed(cpus, panic.context.pid if panic else None, number)
    if panic is None and number is None and crashed is None:
        return None, None
    panic = panic or Panic(_UNKNOWN, "The kernel log does not tell.", Context(), ())
    context, mask = panic.context, symbols.tainted_mask()
    panic = replace(
        panic,
        context=Context(
            cpu=number if context.cpu is None else context.cpu,
            pid=crashed.state.pid if context.pid is None and crashed else context.pid,
            comm=context.comm,
            taint=taint_letters(mask) if context.taint is None and mask is not None else context.taint,
        ),
    )
    if panic.frames or crashed is None:
        return panic, "log" if panic.frames else None
    own = [crashed.function] if crashed.function else []
    # A word that is on the stack twice tells no more than once.
    same = itertools.groupby((*own, *symbols.stack(crashed.state.sp)), key=lambda frame: frame.text)
    frames = tuple(next(group) for _text, group in same)
    return replace(panic, frames=frames), "stack" if frames else None


def _crashed(cpus: Sequence[Cpu], pid: int | None, number: int | None) -> Cpu | None:
    """The CPU that took the machine down. Notes carry no CPU numbers, and CPUs may be missing among them."""
    same = [cpu for cpu in cpus if cpu.state.pid == pid]
    if pid and len(same) == 1:
        return same[0]
    crashing = [cpu for cpu in cpus if cpu.function and cpu.function.name in _CRASHING]
    if len(crashing) == 1:
        return crashing[0]
    return cpus[number] if number is not None and number < len(cpus) else None


def _first(records: Sequence[LogRecord], pattern: re.Pattern[str]) -> str | None:
    """The first line that the kernel began so; of a command line only what follows."""
    for record in records:
        match = pattern.match(record.text) if record.from_kernel else None
        if match:
            return printable(match.groupdict().get("line", record.text).strip(), limit=4096) or None
    return None
