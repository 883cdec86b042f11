# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that tell nothing about a bug: every crash of a kind has them, or they only lead to the interesting ones.

Each word is a pattern for a whole name, without what a compiler adds to it.
"""

from __future__ import annotations

import re
import typing as t

#: The first three are of all machines: what a dying kernel does, what waits or spins so that its caller is what
#: counts, and the watchdogs with what calls them. The others are the entry code of one architecture.
HELPERS: t.Final = {
    "dying": r"""
        _?_?dump_stack\w* show_(?:stack|regs|trace|state)\w* panic vpanic nmi_panic\w* _?_?crash_kexec\w*
        machine_kexec\w* machine_crash\w* crash_(?:setup_regs|save_cpu|nmi_callback) die die_\w+ __die\w*
        oops_(?:begin|end|enter|exit) report_bug handle_bug\w* __warn\w* warn_slowpath\w* do_warn\w*
        check_panic_on_warn add_taint no_context \w*bad_area\w* page_fault_oops printk\w* _printk\w* vprintk\w*
        end_report\w* print_report\w* (?:__)?kasan_\w+ __asan_\w+ kfence_\w+ __ubsan_\w+ ubsan_\w+
        __stack_chk_fail\w* fortify_panic __fortify_\w+ dump_backtrace\w* notifier_call_chain
        atomic_notifier_call_chain notify_die emergency_\w+ do_kernel_fault __do_kernel_fault __schedule_bug
        ret_from_\w+ kthread kernel_init rest_init start_kernel arch_call_rest_init secondary_start\w*
        cpu_startup_entry do_idle smp_call_function\w*
    """,
    "waiting": r"""
        _?_?_?schedule\w* io_schedule\w* _raw_\w*(?:lock|unlock)\w* (?:native_|__pv_)?queued_\w*lock_slowpath
        __mutex_lock\w* mutex_lock\w* rwsem_down_\w+ down_(?:read|write)\w* __down_\w+ __down
        wait_for_completion\w* __wait_for_common wait_for_common do_wait_for_common bit_wait\w* __wait_on_bit\w*
        out_of_line_wait_on_bit\w* preempt_schedule\w*
    """,
    "watchdogs": r"""
        watchdog\w* rcu_check_callbacks rcu_sched_clock_irq rcu_dump_cpu_stacks print_cpu_stall\w*
        print_other_cpu_stall panic_on_rcu_stall check_cpu_stall update_process_times
        tick_(?:sched_|nohz_|handle_|do_)?(?:timer|handler|periodic|handle\w*) __hrtimer_run_queues
        hrtimer_(?:interrupt|run_queues) _?_?perf_event_(?:overflow|nmi_handler|task_tick)
    """,
    "x86": r"""
        asm_\w+ exc_\w+ sysvec_\w+ __sysvec_\w+ entry_\w+ do_syscall_\w+ __do_fast_syscall_32 do_fast_syscall_32
        do_SYSENTER_32 do_int80_\w+ x64_sys_call ia32_sys_call do_trap\w* do_error_trap do_user_addr_fault
        do_kern_addr_fault __do_page_fault do_page_fault page_fault async_page_fault do_invalid_op invalid_op
        do_general_protection general_protection error_code common_exception\w* handle_exception error_entry
        system_call\w* sysenter_\w+ end_repeat_nmi nmi nmi_handle do_nmi default_do_nmi common_interrupt\w*
        \w*apic_timer_interrupt call_softirq handle_pmi_common intel_pmu_\w+ x86_pmu_\w+ arch_\w*backtrace\w*
        mce_\w+ do_machine_check machine_check secondary_startup_\w+ x86_64_start_\w+ common_startup_64
        spurious_kernel_fault\w* fixup_exception kernelmode_fixup_or_oops kernel_thread_helper
    """,
    "arm64": r"""
        el[01][ht]?_\w+ do_el0\w* invoke_syscall do_mem_abort do_translation_fault do_page_fault do_bad
        do_undefinstr do_sea do_serror arm64_serror_panic __primary_switched bug_handler brk_handler
        call_break_hook do_debug_exception call_on_irq_stack do_interrupt_handler gic_handle_irq\w*
        generic_handle_\w+ handle_domain_irq nmi_\w+
    """,
    "powerpc": r"""
        system_call\w* data_access\w* instruction_access\w* program_check\w* interrupt_return\w* do_page_fault
        ___do_page_fault handle_page_fault program_check_exception _exception\w* do_exit_flush\w*
        timer_interrupt decrementer_\w+ hardware_interrupt_\w+ do_hash_fault system_reset\w* machine_check_\w+
        soft_nmi_\w+ opd_\w+ default_machine_kexec
    """,
    "s390": r"""
        __do_pgm_check pgm_check_\w+ do_dat_exception do_protection_exception system_call __do_syscall
        do_syscall illegal_op monitor_event_exception do_exception io_int_handler do_io_irq ext_int_handler
        do_ext_irq kernel_thread_start\w* do_report_trap
    """,
    "riscv": r"""
        handle_exception ret_from_exception do_trap_\w+ do_page_fault no_context walk_stackframe
    """,
}
_PATTERN: t.Final = re.compile("|".join(" ".join(HELPERS.values()).split()))


def is_helper(name: str) -> bool:
    """Whether a frame of this base name tells nothing about a bug."""
    return bool(_PATTERN.fullmatch(name))
