# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What log, registers and symbols tell together."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.registers import CpuState
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import LogRecord
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.context import taint_letters, taint_meanings
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.panic import find_panic
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.symbols import Symbols, open_symbols
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.triage import NOTHING, triage
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo
from ansible_collections.linux.kdump.tests.unit.vmcore_symbols import SymbolTable

from .crashes import PANICS, X86_OOPS, fill

KERNEL = 0xFFFFFFFF81000000
STACK = KERNEL + 0x700000
IDLE = CpuState(0, {"ip": 1, "sp": 2}, 1, 2)


def records(text: str) -> list[LogRecord]:
    return [LogRecord(seq, seq * 10**9, 4, 0, "T1", line) for seq, line in enumerate(text.splitlines())]


def cpu(pid: int = 412, offset: int = 0x510) -> CpuState:
    return CpuState(pid, {"ip": KERNEL + offset, "sp": STACK}, KERNEL + offset, STACK)


def symbols(panic_cpu: int = 1, mask: int = 1 << 13) -> Symbols:
    written = SymbolTable()
    written.regions.update(
        {
            KERNEL + 0x1000: written.pack("i", panic_cpu),
            KERNEL + 0x1010: written.pack("Q", mask),
            KERNEL + 0x1020: written.pack("Q", KERNEL + 0x2000),
            KERNEL + 0x1100: b"Linux version 6.1.0 by symbol\0",
            KERNEL + 0x2000: b"root=/dev/vda1\0",
            STACK: written.pack("3Q", 7, KERNEL + 0x205, KERNEL + 0x105).ljust(1 << 14, b"\0"),
        }
    )
    found = open_symbols(written, VmcoreInfo(written.vmcoreinfo), "x86_64")
    assert found is not None
    return found


def told(text: str = "", **options: t.Any) -> dict[str, t.Any]:
    lines = records(text)
    given = {"records": lines, "registers": [IDLE, cpu()], "symbols": symbols(), **options}
    return triage(find_panic(lines), **given).as_dict()


def test_nothing_is_known() -> None:
    known = NOTHING.as_dict()
    assert known == triage(None, records=[], registers=[], symbols=None).as_dict()
    assert known["registers"] == [] and not any(value for value in known.values())


def test_the_log_is_believed_first() -> None:
    found = told(fill(X86_OOPS.log))
    panic = found["panic"]
    assert (panic["taint"], panic["cpu"], panic["backtrace_source"]) == ("GOE", 1, "log")
    assert panic["taint_meanings"] == ["a module from outside the kernel", "an unsigned module"]
    assert found["modules"] == ["ext4", "mbcache", "jbd2", "evil"]
    assert [one["function"] for one in found["registers"]] == [None, "__crash_kexec+0x10/0x300"]
    assert found["registers"][1]["pc"] == "0xffffffff81000510"
    assert found["symbols"] == {"layout": "percpu", "count": 13}


def test_a_panic_without_a_trace_gets_one_from_the_stack() -> None:
    panic = told("Kernel panic - not syncing: No working init found.")["panic"]
    assert panic["class"] == "panic"
    assert (panic["cpu"], panic["pid"], panic["comm"], panic["taint"]) == (1, 412, None, "GE")
    assert panic["backtrace"] == ["__crash_kexec+0x10/0x300", "? panic+0x5/0x200", "? sysrq_handle_crash+0x5/0x100"]
    assert panic["backtrace_source"] == "stack"


def test_a_crash_that_the_log_does_not_tell_of() -> None:
    found = told("all is well")
    assert (found["panic"]["class"], found["panic"]["cpu"], found["signature"]) == ("unknown", 1, None)
    assert found["panic"]["backtrace"][0] == "__crash_kexec+0x10/0x300"


def test_a_machine_that_did_not_crash() -> None:
    quiet = {"symbols": symbols(panic_cpu=-1), "registers": [IDLE, cpu(offset=0x10)]}
    assert told("all is well", **quiet)["panic"] is None


def test_a_kernel_whose_table_has_functions_only() -> None:
    """Then what a CPU was doing tells that it crashed."""
    assert told("all is well", symbols=symbols(panic_cpu=-1))["panic"]["class"] == "unknown"


@pytest.mark.parametrize(
    ("registers", "pid"),
    [
        ([IDLE, cpu(7, 0x10), cpu(412, 0x20)], 412),
        ([cpu(7, 0x10), cpu(8, 0x510), cpu(9, 0x20)], 8),
        ([cpu(7, 0x10), cpu(8, 0x20)], 8),
        ([cpu(7, 0x10)], None),
    ],
    ids=["by the log's task", "by what it does", "by its number", "nobody"],
)
def test_the_cpu_that_crashed(registers: list[CpuState], pid: int | None) -> None:
    log = "" if pid != 412 else fill(PANICS["sysrq"].log)
    assert told(log, registers=registers)["panic"]["pid"] == pid


def test_banner_and_command_line() -> None:
    log = "Linux version 6.1.0 by log\nKernel command line: ro quiet \x1b[2J"
    assert told(log, symbols=None)["banner"] == "Linux version 6.1.0 by log"
    assert told(log, symbols=None)["command_line"] == "ro quiet ␛[2J"
    found = told(log)
    assert (found["banner"], found["command_line"]) == ("Linux version 6.1.0 by symbol", "root=/dev/vda1")


def test_what_a_process_says_is_not_the_command_line() -> None:
    line = LogRecord(1, 1, 4, 1, "T1", "Command line: forged")
    assert triage(None, records=[line], registers=[], symbols=None).command_line is None


def test_very_many_cpus() -> None:
    assert len(told(registers=[IDLE] * 9000)["registers"]) == 256


def test_nothing_from_a_dump_reaches_a_terminal() -> None:
    log = fill(X86_OOPS.log).replace("Comm: eater", "Comm: \x1b[2J\u202eeater")
    assert told(log)["panic"]["comm"] == "␛[2J�eater"


@pytest.mark.parametrize(
    ("mask", "letters"), [(0, ""), (1, "P"), (1 << 9, "GW"), (1 | 1 << 12 | 1 << 13, "POE"), (1 << 60, "")]
)
def test_taint(mask: int, letters: str) -> None:
    assert taint_letters(mask) == letters
    assert len(taint_meanings(letters)) == len(letters.replace("G", ""))
