# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Panic reports as kernels print them."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.ring import LogRecord
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.panic import Panic, find_panic

OOPS = """\
BUG: kernel NULL pointer dereference, address: 0000000000000{digit}10
#PF: supervisor write access in kernel mode
#PF: error_code(0x0002) - not-present page
PGD 0 P4D 0
Oops: 0002 [#1] PREEMPT SMP PTI
CPU: {cpu} PID: {pid} Comm: kworker/{cpu}:1 Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2 04/01/2014
RIP: 0010:ext4_do_update_inode+0x{digit}a/0x6c0
Code: 0f 1f 44 00 00 0f 1f 44 00 00
RSP: 0018:ffffb8d1c0013d28 EFLAGS: 00010282
Call Trace:
 <IRQ>
 ext4_mark_iloc_dirty.isra.{digit}+0x56/0xa0
 ? __ext4_mark_inode_dirty+0x5c/0x1d0
 </IRQ>
 <TASK>
 ext4_dirty_inode+0x5d/0x80 [ext4]
 </TASK>
Modules linked in: ext4
CR2: 0000000000000010
---[ end trace 0000000000000000 ]---
RIP: 0010:ext4_do_update_inode+0x1a/0x6c0"""

MODERN = """\
Kernel panic - not syncing: softlockup: hung tasks
CPU: 3 UID: 0 PID: 77 Comm: a b (c) Kdump: loaded Tainted: G        W   EL      6.12.9 #1 PREEMPT(voluntary)
Tainted: [W]=WARN, [E]=UNSIGNED_MODULE, [L]=SOFTLOCKUP
Call Trace:
 <IRQ>
 panic+0x112/0x300
 watchdog_timer_fn.cold+0xc/0x16
 </IRQ>
 <TASK>
RIP: 0010:native_safe_halt+0xf/0x20
Code: 90 90
RSP: 0018:ffffffff82e03ea8 EFLAGS: 00000246
 default_idle+0x9/0x20
 </TASK>
Kernel Offset: disabled
 not_a_frame_of_this+0x1/0x2"""


def records(text: str, *, caller: str = "T1", facility: int = 0) -> list[LogRecord]:
    return [LogRecord(seq, seq, 4, facility, caller, line) for seq, line in enumerate(text.splitlines())]


def found(text: str) -> Panic:
    panic = find_panic(records(text))
    assert panic is not None
    return panic


def oops(digit: int = 1, cpu: int = 2, pid: int = 64) -> str:
    return OOPS.format(digit=digit, cpu=cpu, pid=pid)


@pytest.mark.parametrize(
    "end", ["", "\nKernel panic - not syncing: Fatal exception in interrupt\nKernel Offset: disabled"]
)
def test_an_oops_is_the_reason_with_or_without_the_panic_it_led_to(end: str) -> None:
    panic = found("Booting\n" + oops() + end)
    assert panic.reason == "BUG: kernel NULL pointer dereference, address: 0000000000000110"
    assert (panic.cpu, panic.pid, panic.comm, panic.taint) == (2, 64, "kworker/2:1", "")
    assert panic.backtrace == (
        "ext4_do_update_inode+0x1a/0x6c0",
        "ext4_mark_iloc_dirty.isra.1+0x56/0xa0",
        "? __ext4_mark_inode_dirty+0x5c/0x1d0",
        "ext4_dirty_inode+0x5d/0x80 [ext4]",
    )


def test_a_modern_panic() -> None:
    panic = found(oops() + "\nlife went on\n" + MODERN)
    assert panic.reason == "softlockup: hung tasks"
    assert (panic.cpu, panic.pid, panic.comm, panic.taint) == (3, 77, "a b (c)", "GWEL")
    assert panic.backtrace == ("panic+0x112/0x300", "watchdog_timer_fn.cold+0xc/0x16", "default_idle+0x9/0x20")


def test_the_last_oops_counts() -> None:
    assert found(oops(1, cpu=1) + "\n" + oops(2, cpu=5)).cpu == 5


def test_a_panic_that_says_no_more() -> None:
    assert found("Kernel panic - not syncing: VFS: Unable to mount root fs") == Panic(
        "VFS: Unable to mount root fs", None, None, None, None, ()
    )


def test_other_cpus_may_talk_in_between() -> None:
    mixed = records(MODERN)
    mixed[1:1] = records("CPU: 9 PID: 9 Comm: other Not tainted 6.12\nCall Trace:\n wrong+0x1/0x2", caller="C9")
    panic = find_panic(mixed)
    assert panic is not None
    assert panic.cpu == 3
    assert "wrong+0x1/0x2" not in panic.backtrace


@pytest.mark.parametrize("lines", [[], records("all is well"), records(MODERN, facility=1)])
def test_no_panic(lines: list[LogRecord]) -> None:
    assert find_panic(lines) is None


def test_the_signature_is_of_the_bug_and_not_of_the_host() -> None:
    assert found(oops(1)).signature == found(oops(7, cpu=11, pid=4242)).signature
    assert found(oops()).signature != found(MODERN).signature
    assert found(oops()).signature != found(oops().replace("ext4_dirty_inode", "ext4_write_inode")).signature


def test_a_hostile_line_costs_little() -> None:
    assert found("Kernel panic - not syncing: " + "CPU: 1 PID: 1 Comm: Tainted: A " * 2000).reason
