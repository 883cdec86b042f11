# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture kernel needs on each architecture, as kconfig text."""

from __future__ import annotations

import typing as t

X86_64: t.Final = """\
CONFIG_64BIT=y
# The guessing unwinder needs no tables in memory.
CONFIG_UNWINDER_GUESS=y
CONFIG_EARLY_PRINTK=y
CONFIG_ACPI=y
CONFIG_PCI_MMCONFIG=y
CONFIG_SERIAL_8250_PNP=y
CONFIG_RTC_DRV_CMOS=y
CONFIG_X86_PM_TIMER=y
CONFIG_RANDOM_TRUST_CPU=y
# The crashed kernel leaves the CPU in x2apic mode, under KVM too; a kernel without it panics when it sees that.
CONFIG_HYPERVISOR_GUEST=y
CONFIG_PARAVIRT=y
CONFIG_KVM_GUEST=y
CONFIG_X86_X2APIC=y
"""

I386: t.Final = """\
# CONFIG_64BIT is not set
"""

PPC64LE: t.Final = """\
CONFIG_PPC64=y
"""

ARM64: t.Final = """\
CONFIG_PCI_HOST_GENERIC=y
"""

S390X: t.Final = """\
CONFIG_CCW=y
"""
