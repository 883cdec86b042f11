# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crash reports in the shapes that kernels print, one for each class and architecture.

What differs between two crashes of the same bug stands in braces: {cpu}, {pid}, {hex} (an address), {digit}, {host}.
"""

from __future__ import annotations

import typing as t


class Crash(t.NamedTuple):
    """A report, and what is to be found in it."""

    log: str
    kind: str
    reason: str
    names: tuple[str, ...]
    taint: str | None = ""
    comm: str | None = "eater"
    modules: tuple[str, ...] | None = None


_END = "\n---[ end trace {hex} ]---\nRIP: 0010:not_this_one+0x1/0x2\nKernel panic - not syncing: Fatal exception"

X86_OOPS = Crash(
    """\
BUG: unable to handle page fault for address: {hex}
#PF: supervisor write access in kernel mode
#PF: error_code(0x0002) - not-present page
PGD {hex} P4D {hex} PUD 0
Oops: 0002 [#{digit}] PREEMPT SMP PTI
CPU: {cpu} PID: {pid} Comm: eater Kdump: loaded Tainted: G           OE      6.1.0-56-amd64 #1  Debian 6.1.192-2
Hardware name: {host}, BIOS 1.16.2 04/01/2014
RIP: 0010:ext4_do_update_inode.isra.{digit}+0x1a/0x6c0 [ext4]
Code: 0f 1f 44 00 00 <0f> 1f 44 00 00
RSP: 0018:{hex} EFLAGS: 00010282
RAX: 0000000000000000 RBX: {hex} RCX: 0000000000000000
Call Trace:
 <TASK>
 ? __die_body.cold+0x1a/0x1f
 ext4_mark_iloc_dirty+0x56/0xa0 [ext4]
 ? __ext4_mark_inode_dirty+0x5c/0x1d0 [ext4]
 __x64_sys_write+0x5d/0x80
 do_syscall_64+0x5d/0x90
 entry_SYSCALL_64_after_hwframe+0x6e/0xd8
RIP: 0033:0x7f1234567890
Code: 40 00 48
 </TASK>
Modules linked in: ext4(E) mbcache jbd2 evil(POE+) [last unloaded: gone]
CR2: {hex}"""
    + _END,
    "oops",
    "BUG: unable to handle page fault for address: {hex}",
    ("ext4_do_update_inode", "ext4_mark_iloc_dirty", "sys_write"),
    "GOE",
    modules=("ext4", "mbcache", "jbd2", "evil"),
)
X86_NEW_OOPS = Crash(
    """\
BUG: kernel NULL pointer dereference, address: 00000000000000{digit}0
#PF: supervisor read access in kernel mode
Oops: Oops: 0000 [#1] SMP NOPTI
CPU: {cpu} UID: 0 PID: {pid} Comm: eater Tainted: G        W   E       6.12.9-amd64 #1 PREEMPT(lazy)  Debian 6.12.9-1
Tainted: [W]=WARN, [E]=UNSIGNED_MODULE
Hardware name: {host}, BIOS 1.16.2 04/01/2014
RIP: 0010:tcp_v4_rcv+0x{digit}1/0xd00
Call Trace:
 <IRQ>
 ip_protocol_deliver_rcu+0x32/0x180
 ip_local_deliver_finish+0x74/0xa0
 </IRQ>
 <TASK>
 asm_common_interrupt+0x26/0x40
RIP: 0010:whatever_ran_just_then+0x1/0x2
 somebody_elses_call+0x1/0x2
 </TASK>"""
    + _END
    + " in interrupt",
    "oops",
    "BUG: kernel NULL pointer dereference, address: 00000000000000{digit}0",
    ("tcp_v4_rcv", "ip_protocol_deliver_rcu", "ip_local_deliver_finish"),
    "GWE",
)
X86_BUG = Crash(
    """\
------------[ cut here ]------------
kernel BUG at mm/slub.c:4{digit}4!
invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0-56-amd64 #1  Debian 6.1.192-2
RIP: 0010:kfree+0x1{digit}4/0x160
Call Trace:
 <TASK>
 drop_it.part.{digit}+0x5/0x10 [evil]
 __do_sys_delete_module.constprop.0+0x1a5/0x2f0
 __x64_sys_delete_module+0x5/0x10
 do_syscall_64+0x5d/0x90"""
    + _END,
    "bug",
    "kernel BUG at mm/slub.c:4{digit}4!",
    ("kfree", "drop_it", "sys_delete_module"),
)
X86_GPF = Crash(
    """\
general protection fault, probably for non-canonical address 0xdead{hex}: 0000 [#1] PREEMPT SMP
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0-56-amd64 #1
RIP: 0010:list_walk+0x{digit}/0x20
Call Trace:
 <TASK>
 walker+0x1/0x20"""
    + _END,
    "die",
    "general protection fault, probably for non-canonical address 0xdead{hex}: 0000 [#1] PREEMPT SMP",
    ("list_walk", "walker"),
)
X86_NEW_GPF = X86_GPF._replace(log=X86_GPF.log.replace("general", "Oops: general", 1), reason="Oops: " + X86_GPF.reason)
X86_DIVIDE = X86_GPF._replace(
    log=X86_GPF.log.replace(X86_GPF.reason, "divide error: 0000 [#1] SMP"), reason="divide error: 0000 [#1] SMP"
)
X86_SOFT = Crash(
    """\
watchdog: BUG: soft lockup - CPU#{cpu} stuck for 2{digit}s! [eater:{pid}]
Modules linked in: ext4
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0-56-amd64 #1
RIP: 0010:native_queued_spin_lock_slowpath+0x6{digit}/0x2c0
Call Trace:
 <TASK>
 _raw_spin_lock+0x25/0x30
 spin_for_ever+0x1/0x20 [evil]
 do_init_module+0x4a/0x210
 </TASK>
Kernel panic - not syncing: softlockup: hung tasks
CPU: {cpu} PID: {pid} Comm: eater Tainted: G             L     6.1.0-56-amd64 #1
Call Trace:
 <IRQ>
 dump_stack_lvl+0x44/0x5c
 panic+0x118/0x2f4
 watchdog_timer_fn.cold+0xc/0x16
 </IRQ>""",
    "soft_lockup",
    "watchdog: BUG: soft lockup - CPU#{cpu} stuck for 2{digit}s! [eater:{pid}]",
    ("spin_for_ever", "do_init_module"),
    modules=("ext4",),
)
X86_HARD = Crash(
    """\
Kernel panic - not syncing: Hard LOCKUP
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0-56-amd64 #1
Call Trace:
 <NMI>
 dump_stack_lvl+0x44/0x5c
 panic+0x118/0x2f4
 nmi_panic.cold+0xc/0xc
 watchdog_overflow_callback.cold+0x5c/0x70
 __perf_event_overflow+0x52/0xf0
 handle_pmi_common+0x1{digit}0/0x3b0
 intel_pmu_handle_irq+0x10b/0x480
 perf_event_nmi_handler+0x2a/0x50
 nmi_handle+0x5e/0x120
 default_do_nmi+0x40/0x130
 exc_nmi+0x1a0/0x1c0
 end_repeat_nmi+0x16/0x67
RIP: 0010:masked_loop+0x{digit}/0x10
Code: 90
RSP: 0018:{hex} EFLAGS: 00000046
 </NMI>
 <TASK>
 masked_loop+0x{digit}/0x10
 caller_of_the_loop+0x1/0x20
 </TASK>""",
    "hard_lockup",
    "Hard LOCKUP",
    ("masked_loop", "caller_of_the_loop"),
)
HARD_REPORT = Crash(
    """\
watchdog: Watchdog detected hard LOCKUP on cpu {cpu}
Modules linked in:
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.8.0 #1
RIP: 0010:masked_loop+0x{digit}/0x10
Call Trace:
 <TASK>
 caller_of_the_loop+0x1/0x20
 </TASK>
Kernel panic - not syncing: Hard LOCKUP""",
    "hard_lockup",
    "watchdog: Watchdog detected hard LOCKUP on cpu {cpu}",
    ("masked_loop", "caller_of_the_loop"),
    modules=(),
)
HUNG_TASK = Crash(
    """\
INFO: task eater:{pid} blocked for more than 12{digit} seconds.
      Not tainted 6.1.0-56-amd64 #1
"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
task:eater           state:D stack:0     pid:{pid}   ppid:1      flags:0x00004000
Call Trace:
 <TASK>
 __schedule+0x34d/0x9e0
 schedule+0x5a/0xd0
 io_schedule+0x42/0x70
 folio_wait_bit_common+0x13{digit}/0x350
 nfs_wait_on_request+0x1/0x20 [nfs]
 </TASK>
Kernel panic - not syncing: hung_task: blocked tasks
CPU: {cpu} PID: 28 Comm: khungtaskd Not tainted 6.1.0-56-amd64 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x44/0x5c
 panic+0x118/0x2f4
 watchdog.cold+0xc/0xc
 kthread+0xda/0x100""",
    "hung_task",
    "INFO: task eater:{pid} blocked for more than 12{digit} seconds.",
    ("folio_wait_bit_common", "nfs_wait_on_request"),
    comm="khungtaskd",
)
RCU = Crash(
    """\
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
rcu: \t{cpu}-...!: (1 GPs behind) idle=8{digit}c/1/0x4000000000000000 softirq=12/12 fqs=0
Kernel panic - not syncing: RCU Stall
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
Call Trace:
 <IRQ>
 dump_stack_lvl+0x44/0x5c
 panic+0x118/0x2f4
 panic_on_rcu_stall+0x2b/0x2b
 rcu_sched_clock_irq.cold+0x1a/0x300
 update_process_times+0x7c/0xb0
 tick_sched_handle+0x22/0x60
 </IRQ>
 <TASK>
 asm_sysvec_apic_timer_interrupt+0x16/0x20
RIP: 0010:never_yields+0x{digit}/0x10
 never_yields_caller+0x1/0x20""",
    "rcu_stall",
    "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    ("never_yields_caller",),
)
WARNING = Crash(
    """\
WARNING: CPU: {cpu} PID: {pid} at fs/evil.c:1{digit} evil_open+0x1/0x20 [evil]
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
RIP: 0010:evil_open+0x1{digit}/0x20 [evil]
Call Trace:
 <TASK>
 chrdev_open+0xc{digit}/0x250
 </TASK>
Kernel panic - not syncing: panic_on_warn set ...""",
    "warning",
    "WARNING: CPU: {cpu} PID: {pid} at fs/evil.c:1{digit} evil_open+0x1/0x20 [evil]",
    ("evil_open", "chrdev_open"),
)


def _panic(kind: str, reason: str, frame: str) -> Crash:
    """A panic() without a report before it."""
    text = (
        f"Kernel panic - not syncing: {reason}\n"
        "CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1\nCall Trace:\n <TASK>\n dump_stack_lvl+0x44/0x5c\n"
        f" panic+0x118/0x2f4\n {frame}.cold+0x{{digit}}/0x20\n </TASK>"
    )
    return Crash(text, kind, reason, (frame,))


PANICS = {
    "sysrq": _panic("sysrq", "sysrq triggered crash", "sysrq_handle_crash"),
    "out-of-memory": _panic("out_of_memory", "Out of memory: system-wide panic_on_oom is enabled", "out_of_memory"),
    "deadlocked-on-memory": _panic("out_of_memory", "System is deadlocked on memory", "out_of_memory"),
    "old-out-of-memory": _panic("out_of_memory", "Out of memory and no killable processes...", "out_of_memory"),
    "machine-check": _panic("mce", "Fatal machine check", "do_fatal_work"),
    "local-machine-check": _panic("mce", "Fatal local machine check", "do_fatal_work"),
    "firmware-error": _panic("mce", "Fatal hardware error!", "__ghes_panic"),
    "nmi": _panic("nmi", "NMI: Not continuing", "unknown_nmi_error"),
    "nmi-io": _panic("nmi", "NMI IOCK error: Not continuing", "io_check_error"),
    "nmi-watchdog-card": _panic("nmi", "An NMI occurred. Depending on your system", "hpwdt_pretimeout"),
    "init-died": _panic("panic", "Attempted to kill init! exitcode=0x0000000{digit}", "do_exit"),
    "no-root": _panic("panic", "VFS: Unable to mount root fs on unknown-block(0,{digit})", "mount_block_root"),
    "serror": _panic("mce", "Asynchronous SError Interrupt", "do_fatal_work"),
}  # fmt: skip

OLD_SYSRQ = Crash(
    """\
SysRq : Trigger a crash
BUG: unable to handle kernel NULL pointer dereference at           (null)
IP: [<{hex}>] sysrq_handle_crash+0x16/0x20
PGD {hex} PUD {hex} PMD 0
Oops: 0002 [#1] SMP
Modules linked in: ext4 mbcache
CPU: {cpu} PID: {pid} Comm: eater Kdump: loaded Not tainted 3.10.0-1160.el7.x86_64 #1
RIP: 0010:[<{hex}>]  [<{hex}>] sysrq_handle_crash+0x16/0x20
RSP: 0018:{hex}  EFLAGS: 00010246
Call Trace:
 [<{hex}>] __handle_sysrq+0x10d/0x170
 [<{hex}>] write_sysrq_trigger+0x28/0x30
 [<{hex}>] ? proc_reg_write+0x3d/0x80
Code: eb 9b 45""",
    "sysrq",
    "BUG: unable to handle kernel NULL pointer dereference at           (null)",
    ("sysrq_handle_crash", "__handle_sysrq", "write_sysrq_trigger"),
    modules=("ext4", "mbcache"),
)
OLDER = Crash(
    """\
BUG: unable to handle kernel paging request at {hex}
IP: [<{hex}>] evil_write+0x16/0x20 [evil]
Oops: 0002 [#1] SMP
Pid: {pid}, comm: eater Not tainted 2.6.32-754.el6.x86_64 #1 QEMU Standard PC
RIP: 0010:[<{hex}>]  [<{hex}>] evil_write+0x16/0x20 [evil]
Call Trace:
 <IRQ>  [<{hex}>] interrupted_by+0x1/0x20
 <EOI>  [<{hex}>] ran_before+0x1/0x20""",
    "oops",
    "BUG: unable to handle kernel paging request at {hex}",
    ("evil_write", "interrupted_by"),
)
I386 = Crash(
    """\
BUG: kernel NULL pointer dereference, address: 0000000{digit}
#PF: supervisor write access in kernel mode
*pde = 00000000
Oops: 0002 [#1] SMP
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0-56-686-pae #1  Debian 6.1.192-2
EIP: evil_write+0xc/0x20 [evil]
Code: 90 90
EAX: 00000001 EBX: c1d0b1a0 ECX: 00000000 EDX: 00000000
ESI: 00000000 EDI: c2f3d000 EBP: c10cbe9c ESP: c10cbe9c
DS: 007b ES: 007b FS: 00d8 GS: 0033 SS: 0068 EFLAGS: 00010046
Call Trace:
 vfs_write.constprop.{digit}+0xb2/0x3a0
 ? __do_sys_dup2+0x1/0x20
 ksys_write+0x5c/0xe0
 __ia32_sys_write+0x15/0x20
 __do_fast_syscall_32+0x60/0xc0
 do_fast_syscall_32+0x32/0x80
 do_SYSENTER_32+0x15/0x20
 entry_SYSENTER_32+0x98/0xf1
EIP: 0xb7f0f549"""
    + _END,
    "oops",
    "BUG: kernel NULL pointer dereference, address: 0000000{digit}",
    ("evil_write", "vfs_write", "ksys_write", "sys_write"),
)
PPC64LE = Crash(
    """\
BUG: Kernel NULL pointer dereference on write at 0x0000000{digit}
Faulting instruction address: 0x{hex}
Oops: Kernel access of bad area, sig: 11 [#1]
LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=2048 NUMA pSeries
Modules linked in: evil(OE)
CPU: {cpu} PID: {pid} Comm: eater Tainted: G           OE      6.1.0-56-powerpc64le #1  Debian 6.1.192-2
NIP:  {hex} LR: {hex} CTR: {hex}
REGS: {hex} TRAP: 0300   Tainted: G           OE       (6.1.0-56-powerpc64le)
MSR:  800000000280b033 <SF,VEC,VSX,EE,FP,ME,IR,DR,RI,LE>  CR: 28222222  XER: 20040000
CFAR: {hex} DAR: 0000000000000000 DSISR: 42000000 IRQMASK: 0
GPR00: {hex} {hex} {hex} 0000000000000063
NIP [{hex}] evil_write+0x28/0x40 [evil]
LR [{hex}] vfs_write+0xe4/0x490
Call Trace:
[{hex}] [{hex}] evil_read+0x{digit}/0x40 (unreliable)
[{hex}] [{hex}] vfs_write+0xe4/0x490
[{hex}] [{hex}] ksys_write+0x7c/0x140
[{hex}] [{hex}] system_call_exception+0x13c/0x330
[{hex}] [{hex}] system_call_vectored_common+0x15c/0x2ec
--- interrupt: 3000 at 0x7fff8e0d0c30
NIP:  00007fff8e0d0c30 LR: 0000000000000000 CTR: 0000000000000000"""
    + _END,
    "oops",
    "BUG: Kernel NULL pointer dereference on write at 0x0000000{digit}",
    ("evil_write", "vfs_write", "ksys_write"),
    "GOE",
    modules=("evil",),
)
PPC64LE_BUG = Crash(
    """\
kernel BUG at fs/evil.c:1{digit}!
Oops: Exception in kernel mode, sig: 5 [#1]
LE PAGE_SIZE=64K MMU=Hash SMP NR_CPUS=2048 NUMA pSeries
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
NIP [{hex}] evil_write+0x28/0x40
LR [{hex}] vfs_write+0xe4/0x490
Call Trace:
[{hex}] [{hex}] vfs_write+0xe4/0x490""",
    "bug",
    "kernel BUG at fs/evil.c:1{digit}!",
    ("evil_write", "vfs_write"),
)
PPC64LE_RESET = Crash(
    """\
Oops: System Reset, sig: 6 [#1]
LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=2048 NUMA PowerNV
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
NIP [{hex}] evil_loop+0x{digit}/0x40
LR [{hex}] evil_loop+0x18/0x40
Call Trace:
[{hex}] [{hex}] evil_caller+0xe4/0x490""",
    "nmi",
    "Oops: System Reset, sig: 6 [#1]",
    ("evil_loop", "evil_caller"),
)
PPC64LE_HARD = Crash(
    """\
watchdog: CPU {cpu} self-detected hard LOCKUP @ evil_loop+0x{digit}/0x40
watchdog: CPU {cpu} TB:1234567, last heartbeat TB:123456 (1{digit}000ms ago)
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
NIP [{hex}] evil_loop+0x{digit}/0x40
LR [{hex}] evil_loop+0x18/0x40
Call Trace:
[{hex}] [{hex}] evil_caller+0xe4/0x490
Kernel panic - not syncing: Hard LOCKUP""",
    "hard_lockup",
    "watchdog: CPU {cpu} self-detected hard LOCKUP @ evil_loop+0x{digit}/0x40",
    ("evil_loop", "evil_caller"),
)
ARM64 = Crash(
    """\
Unable to handle kernel NULL pointer dereference at virtual address 000000000000000{digit}
Mem abort info:
  ESR = 0x0000000096000044
  EC = 0x25: DABT (current EL), IL = 32 bits
  SET = 0, FnV = 0
  EA = 0, S1PTW = 0
  FSC = 0x04: level 0 translation fault
Data abort info:
  ISV = 0, ISS = 0x00000044
  CM = 0, WnR = 1
user pgtable: 4k pages, 48-bit VAs, pgdp={hex}
[0000000000000000] pgd=0000000000000000, p4d=0000000000000000
Internal error: Oops: 0000000096000044 [#1] SMP
Modules linked in: evil(OE) ext4
CPU: {cpu} PID: {pid} Comm: eater Tainted: G           OE      6.1.0-56-arm64 #1  Debian 6.1.192-2
Hardware name: {host} (DT)
pstate: 60000005 (nZCv daif -PAN -UAO -TCO -DIT -SSBS BTYPE=--)
pc : evil_write+0x24/0x30 [evil]
lr : vfs_write+0xd{digit}/0x2d0
sp : {hex}
x29: {hex} x28: {hex} x27: 0000000000000000
Call trace:
 evil_write+0x24/0x30 [evil]
 vfs_write+0xd8/0x2d0
 ksys_write+0x74/0x110
 __arm64_sys_write+0x24/0x30
 invoke_syscall+0x78/0x100
 el0_svc_common.constprop.0+0x4c/0xf4
 do_el0_svc+0x34/0xd0
 el0_svc+0x34/0xd4
 el0t_64_sync_handler+0xf4/0x120
 el0t_64_sync+0x18c/0x190
Code: 12345678 (b900003f)"""
    + _END,
    "oops",
    "Unable to handle kernel NULL pointer dereference at virtual address 000000000000000{digit}",
    ("evil_write", "vfs_write", "ksys_write", "sys_write"),
    "GOE",
    modules=("evil", "ext4"),
)
ARM64_BUG = Crash(
    """\
kernel BUG at fs/evil.c:1{digit}!
Internal error: Oops - BUG: 00000000f2000800 [#1] PREEMPT SMP
CPU: {cpu} UID: 0 PID: {pid} Comm: eater Not tainted 6.14.0 #1
pc : evil_write+0x24/0x30
lr : vfs_write+0xd8/0x2d0
Call trace:
 evil_write+0x24/0x30 (P)
 vfs_write+0xd8/0x2d0""",
    "bug",
    "kernel BUG at fs/evil.c:1{digit}!",
    ("evil_write", "vfs_write"),
)
S390X = Crash(
    """\
Unable to handle kernel pointer dereference in virtual kernel address space
Failing address: 000000000000{digit}000 TEID: 0000000000000483
Fault in home space mode while using kernel ASCE.
AS:{hex} R3:0000000000000024
Oops: 0004 ilc:2 [#1] SMP
Modules linked in: evil(OE)
CPU: {cpu} PID: {pid} Comm: eater Tainted: G           OE      6.1.0 #1
Hardware name: {host}
Krnl PSW : 0704c00180000000 {hex} (evil_write+0x26/0x30 [evil])
           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:0 PM:0 RI:0 EA:3
Krnl GPRS: 0000000000000001 {hex} {hex} {hex}
Krnl Code: {hex}: c0f4ffffff32\tbrcl\t15,{hex}
Call Trace:
 [<{hex}>] evil_write+0x26/0x30 [evil]
([<{hex}>] evil_read+0x20/0x30 [evil])
 [<{hex}>] vfs_write+0xb8/0x3c0
 [<{hex}>] ksys_write+0x6e/0xf8
 [<{hex}>] __do_syscall+0x1da/0x208
 [<{hex}>] system_call+0x82/0xb0
Last Breaking-Event-Address:
 [<{hex}>] not_of_the_trace+0x1/0x20
Kernel panic - not syncing: Fatal exception: panic_on_oops""",
    "oops",
    "Unable to handle kernel pointer dereference in virtual kernel address space",
    ("evil_write", "vfs_write", "ksys_write"),
    "GOE",
    modules=("evil",),
)
S390X_BUG = Crash(
    """\
------------[ cut here ]------------
kernel BUG at fs/evil.c:1{digit}!
monitor event: 0040 ilc:2 [#1] SMP
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
Krnl PSW : 0704c00180000000 {hex} (evil_write+0x26/0x30)
Call Trace:
 [<{hex}>] evil_write+0x26/0x30
 [<{hex}>] vfs_write+0xb8/0x3c0""",
    "bug",
    "kernel BUG at fs/evil.c:1{digit}!",
    ("evil_write", "vfs_write"),
)
S390X_DIE = Crash(
    """\
illegal operation: 0001 ilc:1 [#1] SMP
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
Krnl PSW : 0704c00180000000 {hex} (evil_write+0x26/0x30)
Call Trace:
 [<{hex}>] vfs_write+0xb8/0x3c0""",
    "die",
    "illegal operation: 0001 ilc:1 [#1] SMP",
    ("evil_write", "vfs_write"),
)
RISCV64 = Crash(
    """\
Unable to handle kernel NULL pointer dereference at virtual address 000000000000000{digit}
Oops [#1]
CPU: {cpu} PID: {pid} Comm: eater Not tainted 6.1.0 #1
epc : evil_write+0x8/0x16
 ra : vfs_write+0xb2/0x2a6
epc : {hex} ra : {hex} sp : {hex}
Call Trace:
[<{hex}>] evil_write+0x8/0x16
[<{hex}>] vfs_write+0xb2/0x2a6""",
    "oops",
    "Unable to handle kernel NULL pointer dereference at virtual address 000000000000000{digit}",
    ("evil_write", "vfs_write"),
)

CRASHES: t.Final[dict[str, Crash]] = {
    "x86-oops": X86_OOPS, "x86-new-oops": X86_NEW_OOPS, "x86-bug": X86_BUG, "x86-gpf": X86_GPF,
    "x86-new-gpf": X86_NEW_GPF, "x86-divide": X86_DIVIDE, "x86-soft-lockup": X86_SOFT, "x86-hard-lockup": X86_HARD,
    "hard-lockup-report": HARD_REPORT, "hung-task": HUNG_TASK, "rcu-stall": RCU, "warning": WARNING,
    "old-sysrq": OLD_SYSRQ, "older": OLDER, "i386": I386, "ppc64le": PPC64LE, "ppc64le-bug": PPC64LE_BUG,
    "ppc64le-reset": PPC64LE_RESET, "ppc64le-hard-lockup": PPC64LE_HARD, "arm64": ARM64, "arm64-bug": ARM64_BUG,
    "s390x": S390X, "s390x-bug": S390X_BUG, "s390x-die": S390X_DIE, "riscv64": RISCV64, **PANICS,
}  # fmt: skip
#: Two crashes of one bug differ in these.
HOSTS: t.Final = (
    {"cpu": "1", "pid": "412", "hex": "ffffffff9d0661b6", "digit": "3", "host": "QEMU Standard PC (Q35 + ICH9, 2009)"},
    {"cpu": "63", "pid": "1298765", "hex": "c000000000a80e48", "digit": "7", "host": "Acme R740/00WGD1"},
)


def fill(text: str, host: int = 0) -> str:
    """The text as one host prints it."""
    for name, value in HOSTS[host].items():
        text = text.replace("{" + name + "}", value)
    return text
