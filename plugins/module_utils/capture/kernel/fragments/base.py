# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every capture kernel is made of, as kconfig text.

In Python files because a module carries only those to the machine it runs on. Everything that no fragment asks for is
off (``allnoconfig``): a line is there because without it a dump would be lost.
"""

from __future__ import annotations

import typing as t

#: What every capture kernel has, whatever it saves to.
BASE: t.Final = """\
CONFIG_EXPERT=y
# CONFIG_LOCALVERSION_AUTO is not set

# The job: read the crashed kernel's memory, from wherever the reservation happens to lie.
CONFIG_CRASH_DUMP=y
CONFIG_RELOCATABLE=y
CONFIG_PROC_FS=y
CONFIG_PROC_VMCORE=y

# One CPU, no modules, no network: what is not there takes no memory and cannot hang.
# CONFIG_SMP is not set
# CONFIG_MODULES is not set
# CONFIG_NET is not set
# CONFIG_SWAP is not set
CONFIG_CC_OPTIMIZE_FOR_SIZE=y
CONFIG_KERNEL_GZIP=y
CONFIG_SLUB=y
CONFIG_SLAB_MERGE_DEFAULT=y

# The save environment: an initramfs with busybox and makedumpfile.
CONFIG_BLK_DEV_INITRD=y
CONFIG_RD_GZIP=y
CONFIG_RD_ZSTD=y
CONFIG_BINFMT_ELF=y
CONFIG_BINFMT_SCRIPT=y
CONFIG_MULTIUSER=y
CONFIG_FUTEX=y
CONFIG_EPOLL=y
CONFIG_EVENTFD=y
CONFIG_SIGNALFD=y
CONFIG_TIMERFD=y
CONFIG_POSIX_TIMERS=y
CONFIG_HIGH_RES_TIMERS=y
CONFIG_ADVISE_SYSCALLS=y
CONFIG_FILE_LOCKING=y
CONFIG_SYSFS=y
CONFIG_PROC_SYSCTL=y
CONFIG_SHMEM=y
CONFIG_TMPFS=y
CONFIG_DEVTMPFS=y
CONFIG_DEVTMPFS_MOUNT=y
CONFIG_BLOCK=y
CONFIG_BLK_DEV=y
CONFIG_PARTITION_ADVANCED=y
CONFIG_MSDOS_PARTITION=y
CONFIG_EFI_PARTITION=y
CONFIG_RTC_CLASS=y
CONFIG_RTC_HCTOSYS=y
CONFIG_RTC_INTF_DEV=y

# Never silent, never stuck: it says what it does, and an oops of its own ends in a reboot.
CONFIG_PRINTK=y
CONFIG_PRINTK_TIME=y
CONFIG_BUG=y
CONFIG_PANIC_ON_OOPS=y
CONFIG_PANIC_TIMEOUT=10
CONFIG_TTY=y
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y
CONFIG_PCI=y
CONFIG_PCI_MSI=y
CONFIG_PCI_QUIRKS=y
"""

#: Settings without which it is no capture kernel; a user's fragment that overrules them is refused.
REQUIRED: t.Final = {"CRASH_DUMP": "y", "PROC_VMCORE": "y", "RELOCATABLE": "y", "BLK_DEV_INITRD": "y"}
