# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a production kernel needs so that its crash can be captured and understood, as kconfig text."""

from __future__ import annotations

import typing as t

SYSTEM: t.Final = """\
# Load the capture kernel, reserve its memory, and describe this kernel to it.
CONFIG_KEXEC=y
CONFIG_CRASH_DUMP=y
CONFIG_RELOCATABLE=y
CONFIG_PROC_FS=y
CONFIG_PROC_VMCORE=y
CONFIG_PROC_KCORE=y
CONFIG_SYSFS=y
CONFIG_MAGIC_SYSRQ=y
CONFIG_PRINTK=y

# Every symbol's address, so that a dump can be read without the file vmlinux.
CONFIG_DEBUG_KERNEL=y
CONFIG_KALLSYMS=y
CONFIG_KALLSYMS_ALL=y
"""

#: The newer system call, which the kernel itself checks signatures in; where an architecture has it.
FILE_LOAD: t.Final = """\
CONFIG_CRYPTO=y
CONFIG_CRYPTO_SHA256=y
CONFIG_KEXEC_FILE=y
"""

#: Types and lines, for those who debug with the file vmlinux.
DEBUG_INFO: t.Final[t.Mapping[str, str]] = {
    "dwarf": """\
CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y
# CONFIG_DEBUG_INFO_REDUCED is not set
# CONFIG_DEBUG_INFO_SPLIT is not set
# CONFIG_DEBUG_INFO_BTF is not set
""",
    "none": """\
CONFIG_DEBUG_INFO_NONE=y
""",
}

#: What takes a capture kernel's restraint back, for a production kernel that is made of fragments alone.
MINIMAL: t.Final = """\
CONFIG_MODULES=y
CONFIG_MODULE_UNLOAD=y
CONFIG_NET=y
CONFIG_UNIX=y
CONFIG_INET=y
CONFIG_PACKET=y
CONFIG_INOTIFY_USER=y
CONFIG_FHANDLE=y
CONFIG_CGROUPS=y
CONFIG_POSIX_MQUEUE=y
CONFIG_SYSVIPC=y
CONFIG_AIO=y
CONFIG_IO_URING=y
CONFIG_SECCOMP=y
CONFIG_TMPFS_POSIX_ACL=y
CONFIG_TMPFS_XATTR=y
CONFIG_UNIX98_PTYS=y
CONFIG_NETDEVICES=y
CONFIG_NET_CORE=y
CONFIG_VIRTIO_NET=y
"""

#: What a distribution's programs expect beyond that, where a kernel is made of fragments alone.
USERLAND: t.Final = """\
CONFIG_NAMESPACES=y
CONFIG_UTS_NS=y
CONFIG_IPC_NS=y
CONFIG_USER_NS=y
CONFIG_PID_NS=y
CONFIG_NET_NS=y
CONFIG_KEYS=y
CONFIG_MEMBARRIER=y
CONFIG_RSEQ=y
CONFIG_ELF_CORE=y
CONFIG_COREDUMP=y
CONFIG_BPF_SYSCALL=y
CONFIG_CGROUP_BPF=y
CONFIG_CGROUP_PIDS=y
CONFIG_HW_RANDOM=y
CONFIG_HW_RANDOM_VIRTIO=y
# The initramfs of the distribution is compressed with it.
CONFIG_RD_ZSTD=y
"""

#: Crashes of many kinds on request, for tests.
LKDTM: t.Final = """\
CONFIG_DEBUG_KERNEL=y
CONFIG_RUNTIME_TESTING_MENU=y
CONFIG_DEBUG_FS=y
CONFIG_LKDTM=y
"""

#: Names that a distribution's config gives to files of its own build, and what builds anywhere. Older and newer kernels
#: do not have all of them, so their loss is no error.
UNBOUND: t.Final = """\
CONFIG_SYSTEM_TRUSTED_KEYS=""
CONFIG_SYSTEM_REVOCATION_KEYS=""
CONFIG_LOCALVERSION_AUTO=n
CONFIG_BUILD_SALT=""
CONFIG_MODULE_SIG_KEY=""
CONFIG_MODULE_SIG_ALL=n
"""

#: What a production kernel must have, in the words of the report on a running one.
REQUIRED: t.Final[t.Mapping[str, str]] = {
    "KEXEC": "the capture kernel is loaded with kexec_load",
    "CRASH_DUMP": "memory for the capture kernel is reserved, and the crashed kernel's description is kept",
    "PROC_VMCORE": "the dump can be read in the capture kernel",
    "SYSFS": "the tools learn from it whether a capture kernel is loaded",
    "PROC_KCORE": "the size of a dump is estimated from it",
    "KALLSYMS_ALL": "the dump is analysed without the file vmlinux",
    "MAGIC_SYSRQ": "a crash is made on purpose",
}

#: What it is the better for.
USEFUL: t.Final[t.Mapping[str, str]] = {
    "KEXEC_FILE": "the kernel itself checks the capture kernel's signature, as a locked down one demands",
    "DEBUG_INFO": "the dump is analysed down to types and lines",
}
