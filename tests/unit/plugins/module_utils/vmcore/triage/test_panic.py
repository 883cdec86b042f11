# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Panic reports as kernels print them."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import LogRecord
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.frames import telling_names
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.panic import Panic, find_panic
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.reasons import NAMES

from .crashes import ARM64, CRASHES, HUNG_TASK, PANICS, PPC64LE, S390X, X86_NEW_OOPS, X86_OOPS, X86_SOFT, fill


def records(text: str, *, caller: str = "T1", facility: int = 0) -> list[LogRecord]:
    return [LogRecord(seq, seq * 10**9, 4, facility, caller, line) for seq, line in enumerate(text.splitlines())]


def found(text: str) -> Panic:
    panic = find_panic(records(text))
    assert panic is not None
    return panic


@pytest.mark.parametrize("name", CRASHES)
def test_what_a_report_tells(name: str) -> None:
    crash = CRASHES[name]
    panic = found("Booting\n\n" + fill(crash.log))
    assert (panic.kind, panic.reason) == (crash.kind, fill(crash.reason))
    assert (panic.context.pid, panic.context.comm, panic.context.taint) == (
        28 if crash is HUNG_TASK else 412, crash.comm, crash.taint,
    )  # fmt: skip
    assert panic.context.cpu == (None if name == "older" else 1)
    assert telling_names(panic.frames, 9) == crash.names
    assert panic.modules == crash.modules
    assert 1 < (panic.uptime or 0) < 10


def test_every_class_has_a_report() -> None:
    assert {crash.kind for crash in CRASHES.values()} == set(NAMES)


@pytest.mark.parametrize("name", CRASHES)
def test_the_same_bug_on_another_host_has_the_same_signature(name: str) -> None:
    log = CRASHES[name].log
    assert found(fill(log, 0)).signature == found(fill(log, 1)).signature


def test_different_bugs_have_different_signatures() -> None:
    # These two are the same bug to the eye: only the words of a panic differ, or of a headline.
    alike = [{"out-of-memory", "deadlocked-on-memory", "old-out-of-memory"}, {"x86-gpf", "x86-new-gpf", "x86-divide"},
             {"machine-check", "local-machine-check", "serror"}, {"x86-hard-lockup", "hard-lockup-report"},
             {"arm64-bug", "s390x-bug", "ppc64le-bug"}, {"ppc64le", "s390x"}, {"i386", "arm64"}]  # fmt: skip
    signatures = {name: found(fill(crash.log)).signature for name, crash in CRASHES.items()}
    for one, other in itertools.combinations(CRASHES, 2):
        same = any({one, other} <= group for group in alike)
        assert same or signatures[one] != signatures[other] or CRASHES[one].names == CRASHES[other].names, (one, other)


SUFFIXES = ["", ".isra.0", ".constprop.3", ".part.0", ".cold", ".part.0.cold", ".llvm.7260986043361206", ".isra.0.cold",
            ".lto_priv.12", ".__uniq.123456789", ".cfi_jt", ".12345"]  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_a_compiler_adds_to_a_name_does_not_count(suffix: str) -> None:
    plain = fill(X86_NEW_OOPS.log)
    assert found(plain.replace("tcp_v4_rcv", f"tcp_v4_rcv{suffix}")).signature == found(plain).signature


@pytest.mark.parametrize(
    "entry", ["__ia32_sys_write", "__do_sys_write", "__se_sys_write", "__arm64_sys_write", "__s390x_sys_write",
              "SyS_write", "__se_compat_sys_write", "__ia32_compat_sys_write", "sys_write", "__riscv_sys_write"]
)  # fmt: skip
def test_nor_do_the_names_of_a_syscall(entry: str) -> None:
    plain = fill(X86_OOPS.log)
    assert found(plain.replace("__x64_sys_write", entry)).signature == found(plain).signature


def test_another_caller_is_another_bug() -> None:
    plain = fill(X86_OOPS.log)
    assert found(plain.replace("ext4_mark_iloc_dirty", "ext4_evict_inode")).signature != found(plain).signature


@settings(max_examples=60, deadline=None)
@given(
    cpu=st.integers(0, 8191),
    pid=st.integers(0, 4194304),
    address=st.integers(1 << 63, (1 << 64) - 1),
    digit=st.integers(0, 9),
    name=st.sampled_from([name for name in CRASHES if name not in ("older", "old-sysrq")]),
)
def test_signatures_are_stable(cpu: int, pid: int, address: int, digit: int, name: str) -> None:
    log = CRASHES[name].log
    varied = log.replace("{cpu}", str(cpu)).replace("{pid}", str(pid)).replace("{hex}", f"{address:016x}")
    assert found(fill(varied.replace("{digit}", str(digit)))).signature == found(fill(log)).signature


def test_a_trace_is_the_same_whatever_prints_it() -> None:
    """Offsets, modules and guesses are shown alike for all machines."""
    assert [str(frame) for frame in found(fill(PPC64LE.log)).frames[:3]] == [
        "evil_write+0x28/0x40 [evil]", "? evil_read+0x3/0x40", "vfs_write+0xe4/0x490",
    ]  # fmt: skip
    assert [str(frame) for frame in found(fill(S390X.log)).frames[:3]] == [
        "evil_write+0x26/0x30 [evil]", "? evil_read+0x20/0x30 [evil]", "vfs_write+0xb8/0x3c0",
    ]  # fmt: skip
    assert str(found(fill(ARM64.log)).frames[1]) == "vfs_write+0xd8/0x2d0"


def test_the_last_crash_counts() -> None:
    panic = found(fill(X86_OOPS.log) + "\nlife went on\n" + fill(X86_SOFT.log, 1))
    assert (panic.kind, panic.context.cpu) == ("soft_lockup", 63)


def test_an_oops_without_a_panic() -> None:
    log = fill(X86_OOPS.log).rpartition("\n")[0]
    assert found(log) == found(fill(X86_OOPS.log))


def test_a_warning_that_is_only_a_warning() -> None:
    log = fill(CRASHES["warning"].log).rpartition("\n")[0]
    assert find_panic(records(log)) is None
    assert found(log + "\n" + fill(PANICS["nmi"].log)).kind == "nmi"


def test_a_panic_that_says_no_more() -> None:
    panic = found("Kernel panic - not syncing: VFS: Unable to mount root fs")
    assert (panic.kind, panic.reason, panic.frames) == ("panic", "VFS: Unable to mount root fs", ())
    assert panic.context.cpu is None and panic.context.taint is None
    assert panic.signature != found("Kernel panic - not syncing: Attempted to kill init!").signature


def test_the_end_of_a_panic_is_not_another_one() -> None:
    log = fill(PANICS["no-root"].log) + "\n---[ end Kernel panic - not syncing: VFS: Unable to mount ]---"
    assert found(log).reason == "VFS: Unable to mount root fs on unknown-block(0,3)"


def test_other_cpus_may_talk_in_between() -> None:
    mixed = records(fill(X86_SOFT.log))
    mixed[1:1] = records("CPU: 9 PID: 9 Comm: other Not tainted 6.12\nCall Trace:\n wrong+0x1/0x2", caller="C9")
    panic = find_panic(mixed)
    assert panic is not None
    assert panic.context.cpu == 1
    assert "wrong" not in [frame.name for frame in panic.frames]


def test_a_record_may_hold_several_lines() -> None:
    one = [LogRecord(1, 10**9, 0, 0, "T1", fill(X86_OOPS.log))]
    panic = find_panic(one)
    assert panic is not None
    assert telling_names(panic.frames, 9) == X86_OOPS.names


def test_a_list_of_modules_goes_on_in_the_next_record() -> None:
    log = fill(X86_OOPS.log).replace(" jbd2", "\n jbd2(E)\n snd")
    assert found(log).modules == ("ext4", "mbcache", "jbd2", "snd", "evil")


def test_names_are_ascii() -> None:
    log = fill(X86_OOPS.log).replace(" mbcache", " m\u05d0b\u0661 mbcache").replace("ext4_mark", "\u05d0_mark")
    panic = found(log)
    assert panic.modules is not None and all(name.isascii() for name in panic.modules)
    assert all(str(frame).isascii() for frame in panic.frames)


@pytest.mark.parametrize(
    "lines", [[], records("all is well"), records(fill(X86_SOFT.log), facility=1)], ids=["empty", "well", "forged"]
)
def test_no_panic(lines: list[LogRecord]) -> None:
    assert find_panic(lines) is None


@pytest.mark.parametrize(
    "line",
    [
        "CPU: 1 PID: 1 Comm: Tainted: A ",
        "[#1]",
        "a ",
        "Modules linked in: a(",
        " [<f>] ",
        "? a+0x1/0x1 [",
        "<IRQ> ",
        "WARNING: ",
        "x" * 1000 + ".c:",
    ],
)
def test_a_hostile_log_costs_little(line: str) -> None:
    start = time.process_time()
    log = "\n".join([(line * 2000)[:2000]] * 3000)
    panic = found(f"{log}\nKernel panic - not syncing: panic_on_warn set {(line * 2000)[:2000]}\n{log}")
    assert len(panic.signature) == 16
    assert len(panic.reason) <= 300
    assert time.process_time() - start < 5


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from(sorted(CRASHES)))
def test_nothing_in_a_log_breaks_the_reader(text: str, name: str) -> None:
    panic = find_panic(records(text + "\n" + fill(CRASHES[name].log) + text))
    assert panic is None or len(panic.signature) == 16
