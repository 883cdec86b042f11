# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running kernel's settings that decide what panics it and what comes then, and what guards the host."""

from __future__ import annotations

import typing as t

from .kernel_config import find_config
from .tree import Host

#: In /proc/sys. A kernel that is too old or too young for one does not have it.
SYSCTLS: t.Final = (
    "kernel.hardlockup_panic", "kernel.hung_task_panic", "kernel.hung_task_timeout_secs", "kernel.kexec_load_disabled",
    "kernel.kexec_load_limit_panic", "kernel.kptr_restrict", "kernel.nmi_watchdog", "kernel.oops_limit", "kernel.panic",
    "kernel.panic_on_io_nmi", "kernel.panic_on_oops", "kernel.panic_on_rcu_stall", "kernel.panic_on_unrecovered_nmi",
    "kernel.panic_on_warn", "kernel.panic_print", "kernel.softlockup_panic", "kernel.sysrq",
    "kernel.unknown_nmi_panic", "kernel.warn_limit", "kernel.watchdog", "kernel.watchdog_thresh", "vm.panic_on_oom",
)  # fmt: skip

#: Of the kernel's configuration: what kexec, kdump and analysis need, what signatures are demanded, what panics.
CONFIG: t.Final = (
    "AMD_MEM_ENCRYPT", "ARM64_64K_PAGES", "BOOTPARAM_HARDLOCKUP_PANIC", "BOOTPARAM_HUNG_TASK_PANIC",
    "BOOTPARAM_SOFTLOCKUP_PANIC", "CRASH_DM_CRYPT", "CRASH_DUMP", "CRASH_HOTPLUG", "DEBUG_INFO", "DEBUG_INFO_BTF",
    "DETECT_HUNG_TASK", "FW_CFG_SYSFS", "HARDLOCKUP_DETECTOR", "IKCONFIG_PROC", "KALLSYMS_ALL", "KEXEC", "KEXEC_FILE",
    "KEXEC_JUMP", "KEXEC_SIG", "KEXEC_SIG_FORCE", "MAGIC_SYSRQ", "MODULE_SIG_FORCE", "PANIC_ON_OOPS", "PANIC_TIMEOUT",
    "PROC_KCORE", "PROC_VMCORE", "PROC_VMCORE_DEVICE_DUMP", "PSTORE", "RANDOMIZE_BASE", "RELOCATABLE",
    "SECURITY_LOCKDOWN_LSM", "SOFTLOCKUP_DETECTOR", "SYSFS", "VMCORE_INFO",
)  # fmt: skip

_SELINUX: t.Final = "/sys/fs/selinux/enforce"
_APPARMOR: t.Final = "/sys/module/apparmor/parameters/enabled"
_MODULES: t.Final = "/sys/kernel/security/lsm"
_FIPS: t.Final = "/proc/sys/crypto/fips_enabled"


def read_sysctls(host: Host) -> dict[str, int | str | None]:
    """Each of `SYSCTLS` as it is now; None where the kernel does not have it or does not show it."""
    return {name: _value(host.line(f"/proc/sys/{name.replace('.', '/')}")) for name in SYSCTLS}


def read_kernel_config(host: Host, *, release: str) -> dict[str, t.Any] | None:
    """The file that tells, and those of `CONFIG` that are set; None where there is none."""
    found = find_config(host, release)
    if found is None:
        return None
    path, symbols = found
    return {"path": path, "symbols": {name: symbols[name] for name in CONFIG if name in symbols}}


def read_security(host: Host) -> dict[str, t.Any]:
    """What may stand between a crash and its dump beside lockdown and signatures."""
    enforcing, apparmor, modules = host.number(_SELINUX), host.line(_APPARMOR), host.line(_MODULES)
    return {
        "selinux": None if enforcing is None else ("permissive", "enforcing")[enforcing == 1],
        "apparmor": None if apparmor is None else apparmor == "Y",
        "fips": host.number(_FIPS) == 1,
        "modules": None if modules is None else modules.split(","),
    }


def _value(text: str | None) -> int | str | None:
    """A number where it is one; the kernel writes some with a sign."""
    if text is None:
        return None
    return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else text[:200]
