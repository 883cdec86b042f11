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
# The log's ring costs four and a half times its text, half a MiB at the usual 128 KiB. A whole start takes 10 KiB.
CONFIG_LOG_BUF_SHIFT=15
# What goes well is said below this level, a line for each device: to a real serial port that takes longer than to save
# a small dump. Warnings, failures and what the save environment says get through; loglevel=7 brings the rest.
CONFIG_CONSOLE_LOGLEVEL_DEFAULT=6
"""

#: 32-bit: memory above the kernel's own is high memory, and what lies above 4 GiB is read only with PAE.
I386: t.Final = """\
# CONFIG_64BIT is not set
CONFIG_M686=y
CONFIG_HIGHMEM64G=y
# Programs count time in 32 bits there; without these system calls each pause and each time limit is over at once.
CONFIG_COMPAT_32BIT_TIME=y
CONFIG_UNWINDER_GUESS=y
CONFIG_EARLY_PRINTK=y
CONFIG_ACPI=y
CONFIG_PCI_GOANY=y
CONFIG_SERIAL_8250_PNP=y
CONFIG_RTC_DRV_CMOS=y
CONFIG_X86_PM_TIMER=y
CONFIG_RANDOM_TRUST_CPU=y
# A kernel for one CPU leaves the local APIC alone unless told; without it there are no message signalled interrupts.
CONFIG_X86_UP_APIC=y
CONFIG_X86_UP_IOAPIC=y
CONFIG_HYPERVISOR_GUEST=y
CONFIG_PARAVIRT=y
CONFIG_KVM_GUEST=y
"""

#: pSeries: a partition of PowerVM or a guest of KVM.
PPC64LE: t.Final = """\
CONFIG_PPC64=y
CONFIG_PPC_BOOK3S_64=y
CONFIG_CPU_LITTLE_ENDIAN=y
CONFIG_PPC_PSERIES=y
# CONFIG_PPC_POWERNV is not set
# The platform forces it. As many CPUs as the machine has threads, since the one that crashed may be any of them;
# maxcpus=1 on the command line starts no other.
CONFIG_SMP=y
CONFIG_NR_CPUS=2048
# CONFIG_NUMA is not set
# Pages of 4 KiB where the crashed kernel's may have 64: less is lost at the end of each file and stack.
CONFIG_PPC_4K_PAGES=y
CONFIG_PPC_64S_HASH_MMU=y
CONFIG_PPC_RADIX_MMU=y
# Programs for this architecture use the vector registers from their first instructions on.
CONFIG_ALTIVEC=y
CONFIG_VSX=y
CONFIG_HVC_CONSOLE=y
CONFIG_RTC_DRV_GENERIC=y
"""

ARM64: t.Final = """\
CONFIG_ARM64_4K_PAGES=y
CONFIG_ARM64_VA_BITS_48=y
# There is no other kernel than one for several CPUs; nr_cpus=1 on the command line starts one.
CONFIG_SMP=y
CONFIG_NR_CPUS=2
# CONFIG_NUMA is not set
# Servers describe themselves by UEFI and ACPI, boards and emulated machines by a device tree.
CONFIG_EFI=y
CONFIG_ACPI=y
CONFIG_PCI_HOST_GENERIC=y
CONFIG_SERIAL_AMBA_PL011=y
CONFIG_SERIAL_AMBA_PL011_CONSOLE=y
CONFIG_SERIAL_8250_PNP=y
CONFIG_SERIAL_OF_PLATFORM=y
CONFIG_RTC_DRV_PL031=y
CONFIG_RTC_DRV_EFI=y
CONFIG_VIRTIO_MENU=y
CONFIG_VIRTIO_MMIO=y
# Interrupt controllers that lose or misroute interrupts unless told not to.
CONFIG_CAVIUM_ERRATUM_22375=y
CONFIG_CAVIUM_ERRATUM_23154=y
CONFIG_QCOM_QDF2400_ERRATUM_0065=y
CONFIG_HISILICON_ERRATUM_161600802=y
CONFIG_SOCIONEXT_SYNQUACER_PREITS=y
# The image is not compressed.
# CONFIG_KERNEL_GZIP is not set
"""

S390X: t.Final = """\
CONFIG_MARCH_Z10=y
# There is no other kernel than one for several CPUs; nr_cpus=1 on the command line starts one.
CONFIG_SMP=y
CONFIG_NR_CPUS=2
# CONFIG_NUMA is not set
# Channel I/O instead of PCI, and the service element's consoles instead of serial ports; the clock is the CPU's own.
# CONFIG_PCI is not set
# CONFIG_PCI_MSI is not set
# CONFIG_PCI_QUIRKS is not set
# CONFIG_SERIAL_8250 is not set
# CONFIG_SERIAL_8250_CONSOLE is not set
# CONFIG_RTC_CLASS is not set
# CONFIG_RTC_HCTOSYS is not set
# CONFIG_RTC_INTF_DEV is not set
CONFIG_SCLP_TTY=y
CONFIG_SCLP_CONSOLE=y
CONFIG_SCLP_VT220_TTY=y
CONFIG_SCLP_VT220_CONSOLE=y
CONFIG_IBM_PARTITION=y
CONFIG_S390_GUEST=y
"""

#: The checksum that kexec_file_load takes there is the CPU's.
S390X_FILE_LOAD: t.Final = """\
CONFIG_CRYPTO_HW=y
CONFIG_CRYPTO_SHA256_S390=y
"""
