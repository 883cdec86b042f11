# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of a call trace: how each architecture prints them, and how one is named."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from .helpers import is_helper


class Frame(t.NamedTuple):
    """One function on the stack."""

    name: str
    #: As it is shown: with its offset and its module.
    text: str
    sure: bool = True
    #: Which run of frames it belongs to: an interrupt begins a new one.
    part: int = 0

    def __str__(self) -> str:
        return self.text if self.sure else f"? {self.text}"


#: No real trace is longer; the kernel itself stops at 64 in most places.
MAX_FRAMES: t.Final = 64
_LOCATION: t.Final = r"(?P<text>(?P<name>[A-Za-z_.$][\w.$]*)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[[\w.$ -]+\])?)"
#: x86 " ? name", also behind "[<address>]" before 4.9; powerpc "[stack] [address] name (unreliable)"; s390
#: "([<address>] name)" where it guesses; arm64 "name (P)".
_FRAME: t.Final = re.compile(
    r"^\s*(?P<guess>\()?(?:\[<[0-9a-f]+>\]\s*|\[[0-9a-f]{8,16}\] \[[0-9a-f]{8,16}\] )?(?P<unsure>\? )?"
    + _LOCATION
    + r"\)?(?P<unreliable> \(unreliable\))?",
    re.ASCII,
)
#: How the line begins that names the instruction pointer: x86, i386, powerpc, arm64, s390x, arm, riscv64.
_POINTERS: t.Final = re.compile(
    r"^\s*(?:RIP: [0-9a-f]{4}:(?:\[<[0-9a-f]+>\]\s+\[<[0-9a-f]+>\]\s+)?|EIP: (?:[0-9a-f]{4}:)?|EIP is at "
    r"|IP: \[<[0-9a-f]+>\] |NIP \[[0-9a-f]+\] |pc : |PC is at |epc : |Krnl PSW : [0-9a-f]+ [0-9a-f]+ \()" + _LOCATION,
    re.ASCII,
)
_TRACE: t.Final = re.compile(r"^\s*Call [Tt]race:", re.ASCII)
#: A new run of frames begins: what ran before the interrupt. On powerpc the line names the interrupt.
_BOUNDARY: t.Final = re.compile(
    r"^\s*(?:</(?:IRQ|NMI|SOFTIRQ|#\w+)>|<(?:EOI|EOE)>|--- (?:interrupt|Exception): |RIP: 00)", re.ASCII
)
#: What may stand between the frames of one trace.
_MARKER: t.Final = re.compile(
    r"^\s*<?<?/?(?:TASK|IRQ|NMI|SOFTIRQ|ENTRY_TRAMPOLINE|EOI|EOE|#\w+)>|^\s*(?:[RE]?[A-D]X|[RE]?[SI]P|[RE][SDB][IP]|R\d\d?"
    r"|CS|DS|EFLAGS|Code|ORIG_[RE]AX|NIP|LR|MSR|CFAR|GPR\d\d|REGS|PACA|IRQMASK|DAR|CR|XER|pc|lr|sp|pstate|x\d+ ?)\b",
    re.ASCII,
)

#: Before 4.9, x86 put its markers in front of a frame; these two end what the interrupt ran.
_INLINE: t.Final = re.compile(r"^\s*<<?(?P<name>[A-Z]{2,16})>>?\s+(?=\S)", re.ASCII)
_ENDS: t.Final = frozenset({"EOI", "EOE"})

#: What compilers and linkers hang on to a name.
_SUFFIX: t.Final = re.compile(
    r"(?:\.(?:isra|constprop|part|cold|llvm|lto_priv|ipa|localalias|cfi_jt|cfi|__uniq|plt|str|clone|\d+)\b.*|\$\w+)$",
    re.ASCII,
)
#: What a syscall's entry is called on each machine; SyS_ is of kernels before 4.17.
_SYSCALL: t.Final = re.compile(
    r"^(?:__(?:x64|ia32|x32|arm64|s390x?|riscv|powerpc|se|do|compat)(?:_compat)?_sys_|__se_compat_sys_|__do_compat_sys_"
    r"|compat_SyS_|compat_sys_|SyS_|SYSC_|__sys_)",
    re.ASCII,
)


def base_name(name: str) -> str:
    """A function's name as its author wrote it."""
    return _SYSCALL.sub("sys_", _SUFFIX.sub("", name.lstrip(".")))


def read_frames(lines: Sequence[str]) -> tuple[Frame, ...]:
    """The frame that the instruction pointer names, then those of the first call trace."""
    start = next((number for number, line in enumerate(lines) if _TRACE.match(line)), len(lines))
    frames = list(_walk(lines[start + 1 : start + 1 + 2 * MAX_FRAMES]))
    pointer = next((match for match in map(_POINTERS.match, lines[:start]) if match), None)
    # arm64 and s390x begin the trace with the instruction pointer itself.
    if pointer and not (frames and frames[0].text == pointer["text"]):
        frames.insert(0, Frame(pointer["name"], pointer["text"]))
    return tuple(frames[:MAX_FRAMES])


def _walk(lines: Iterable[str]) -> Iterator[Frame]:
    part = 0
    for line in lines:
        marker = _INLINE.match(line)
        if marker:
            part += marker["name"] in _ENDS
            line = line[marker.end() :]
        found = _FRAME.match(line)
        if found:
            sure = not (found["guess"] or found["unsure"] or found["unreliable"])
            yield Frame(found["name"], found["text"], sure, part)
        elif _BOUNDARY.match(line):
            part += 1
        elif not _MARKER.match(line):
            return


def telling_names(frames: Iterable[Frame], limit: int) -> tuple[str, ...]:
    """The base names of the top frames that tell something about the bug: of what ran when it happened, no deeper."""
    parts: dict[int, list[str]] = {}
    for frame in frames:
        name = base_name(frame.name)
        if frame.sure and not is_helper(name):
            names = parts.setdefault(frame.part, [])
            if names[-1:] != [name]:
                names.append(name)
    return tuple(next(iter(parts.values()), [])[:limit])
