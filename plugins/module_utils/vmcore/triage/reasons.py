# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why kernels die, as data: each class of reasons, by what the kernel prints before it and in its last words."""

from __future__ import annotations

import re
import typing as t


class ReasonClass(t.NamedTuple):
    """One class: how its report begins, and what panic() says of it."""

    name: str
    headlines: tuple[str, ...] = ()
    panics: tuple[str, ...] = ()


#: The first class that matches counts, so the narrow ones come first. All patterns are anchored at the start of a line
#: that carries no time stamp; "watchdog: " and "Oops: " have been taken off before.
CLASSES: t.Final = (
    ReasonClass(
        "soft_lockup",
        (r"BUG: soft lockup - CPU#\d+ stuck",),
        (r"softlockup: hung tasks",),
    ),
    ReasonClass(
        "hard_lockup",
        # Since 6.5 the detector is part of the watchdog, before it was "NMI watchdog: "; powerpc has its own.
        (r"Watchdog detected hard LOCKUP", r"CPU \d+ (?:self-detected )?hard LOCKUP", r"CPU \d+ detected hard LOCKUP"),
        (r"Hard LOCKUP", r"Watchdog detected hard LOCKUP"),
    ),
    ReasonClass(
        "hung_task", (r"INFO: task .+ blocked (?:in I/O wait )?for more than",), (r"hung_task: blocked tasks",)
    ),
    ReasonClass(
        "rcu_stall",
        (r"(?:rcu: )?INFO: rcu\S* (?:self-)?detected (?:expedited )?stall",),
        (r"RCU Stall",),
    ),
    ReasonClass("warning", (r"WARNING: ",), (r"(?:\S+: )?panic_on_warn set", r"\S+: system warned too often")),
    ReasonClass(
        "out_of_memory",
        (),
        # The old spelling is of kernels before 4.19.
        (r"Out of memory", r"System is deadlocked on memory", r"out of memory"),
    ),
    ReasonClass(
        "mce",
        (
            r"Machine check",
            r"Unrecoverable Machine check",
            r"machine check",
            r"Internal error: synchronous external abort",
            r"Internal error: SError",
        ),
        (
            r"(?:Local f|F)atal (?:local )?machine check",
            r"Fatal hardware error",
            r"Timeout: Not all CPUs entered",
            r"Timeout synchronizing machine check",
            r"Unrecoverable [Mm]achine [Cc]heck",
            r"Machine check from unknown source",
            r"Failed kernel mode recovery",
            r"(?:Too many c|C)onsecutive machine checks",
            r"MCA architectural violation",
            r"Asynchronous SError Interrupt",
            r"Memory [Ff]ailure",
        ),
    ),
    ReasonClass(
        "nmi",
        (r"System Reset", r"Uhhuh\. NMI received"),
        (r"NMI:? ", r"System Reset", r"An NMI occurred", r"Unrecoverable System Reset"),
    ),
    ReasonClass("sysrq", (), (r"sysrq triggered crash",)),
    ReasonClass(
        "bug",
        (
            r"kernel BUG at ",
            r"Kernel BUG",
            r"BUG: (?:KASAN|KFENCE|KCSAN|KMSAN|UBSAN): ",
            r"BUG: (?:scheduling while atomic|sleeping function|spinlock |rwlock |rwsem |Bad |page table)",
            r"Internal error: Oops - BUG",
            r"monitor event",
        ),
    ),
    ReasonClass(
        "oops",
        (
            r"(?:BUG: )?[Uu]nable to handle (?:kernel|page fault)",
            r"BUG: [Kk]ernel NULL pointer dereference",
            r"BUG: Unable to handle (?:kernel|unaligned)",
            r"(?:Oops: )?[Kk]ernel access of bad area",
            r"Internal error: Oops",
            # x86 prints only the error code, s390 the interruption code with the length of the instruction.
            r"[0-9a-f]{4} (?:ilc:\d )?\[#\d+\]",
            r"Oops \[#\d+\]",
        ),
    ),
    ReasonClass(
        "die",
        (
            r"general protection fault",
            r"(?:divide error|invalid opcode|stack segment|stack guard page|double fault|int3|alignment check|bounds)",
            r"(?:segment not present|invalid TSS|coprocessor|control protection fault|simd exception|device not avail)",
            r"traps: PANIC: ",
            r"BUG: (?:\S+ )?stack guard page was hit",
            r"(?:illegal|operation|privileged|execute|protection|addressing|specification|data|special operation) "
            r"(?:operation|exception)",
            r"(?:fixed point|decimal|HFP|translation|operand|space switch|transaction constraint)\b.*"
            r"(?:exception|event)",
            r"Exception in kernel mode",
            r"Bad kernel stack pointer",
            r"Unrecoverable exception",
            r"Internal error: ",
        ),
    ),
)
#: What panic() says where only the report before it tells why.
CONSEQUENCES: t.Final = re.compile(
    r"(?:.{1,60}: )?Fatal exception\b|Aiee, killing interrupt handler|Attempted to kill the idle task"
    r"|Oops failed to kill|Oopsed too often"
)
#: Classes whose report may be far before the panic: reports of other tasks and CPUs come in between.
_FAR: t.Final = frozenset({"soft_lockup", "hard_lockup", "hung_task", "rcu_stall", "warning"})
#: Words that stand before a headline and tell nothing: of the subsystem that prints it, and of x86 since Linux 6.9.
_PREFIX: t.Final = re.compile(r"^(?:(?:NMI )?watchdog: |Oops: )+")
_ANY: t.Final = "panic"
NAMES: t.Final = (*(row.name for row in CLASSES), _ANY)


def _compiled(patterns: tuple[str, ...]) -> t.Optional[re.Pattern[str]]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE) if patterns else None


_HEADLINES: t.Final = {row.name: found for row in CLASSES if (found := _compiled(row.headlines))}
_PANICS: t.Final = {row.name: found for row in CLASSES if (found := _compiled(row.panics))}


def class_of_headline(text: str) -> str | None:
    """The class of a report that begins with this line; None where no report begins so."""
    plain = _PREFIX.sub("", text)
    return next((name for name, pattern in _HEADLINES.items() if pattern.match(plain)), None)


def class_of_panic(text: str) -> str:
    """The class of what panic() said."""
    return next((name for name, pattern in _PANICS.items() if pattern.match(text)), _ANY)


def reported_before(name: str) -> bool:
    """Whether a panic of this class follows a report that tells more than the panic."""
    return name in _FAR
