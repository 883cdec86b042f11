# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distributions' own kdumps: their units, their files, every setting in them, and how they say that they are ready.

From kdump-tools 1.8.1 and 1.10, kdump-utils 1.0.61, and kdump 2.1.9 of SUSE. Data only.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """What a setting may be: a pattern, the same in words, and what true and false are written as."""

    pattern: str
    words: str
    true: str = "1"
    false: str = "0"


TEXT: t.Final = Kind(r"[^\x00-\x1f\x7f]*", "one line of text")
SOME: t.Final = Kind(r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*", "one line of text that is not empty")
PATH: t.Final = Kind(r"/[^\x00-\x1f\x7f]*", "an absolute path")
NUMBER: t.Final = Kind(r"[0-9]+", "a number")
SWITCH: t.Final = Kind(r"[01]", "0 or 1")
YES_NO: t.Final = Kind(r"yes|no", "yes or no", "yes", "no")
TRUE_FALSE: t.Final = Kind(r"true|false|yes|no|1|0", "true or false", "true", "false")


def _one_of(*words: str) -> Kind:
    return Kind("|".join(words), f"one of {', '.join(words)}")


def _all(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


@dataclass(frozen=True)
class File:
    """A configuration file and what may be in it."""

    path: str
    form: t.Literal["assignments", "directives"]
    keys: Mapping[str, Kind]
    #: What the tool refuses by now, and what stands for it.
    former: Mapping[str, str] = field(default_factory=dict)
    #: Of these there can be one only.
    alternatives: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Engine:
    """One distribution's kdump."""

    name: str
    package: str
    unit: str
    #: Each of these shows that it is installed.
    tools: tuple[str, ...]
    files: tuple[File, ...]
    #: What it takes for the service to do anything.
    switch: Mapping[str, str] = field(default_factory=dict)
    #: How the tool is asked whether it is ready, and what it answers then; SUSE has no such command.
    status: tuple[str, ...] = ()
    ready: str = ""


_DEBIAN: t.Final = File(
    "/etc/default/kdump-tools", "assignments",
    {
        **_all(SWITCH, "USE_KDUMP KDUMP_DUMP_DMESG"),
        **_all(PATH, "KDUMP_KERNEL KDUMP_INITRD KDUMP_COREDIR KDUMP_CONFIG SSH_KEY"),
        **_all(NUMBER, "KDUMP_NUM_DUMPS NFS_TIMEO NFS_RETRANS NFS_MOUNT_RETRY SSH_KDUMP_RETRY FTP_PORT"),
        **_all(TEXT, "KDUMP_FAIL_CMD MAKEDUMP_ARGS KDUMP_KEXEC_ARGS KDUMP_CMDLINE KDUMP_CMDLINE_APPEND"),
        **_all(SOME, "NFS FTP FTP_USER FTP_PASSWORD SSH"),
        "KDUMP_COMPRESSION": _one_of("bzip2", "gzip", "lz4", "xz"),
        "HOSTTAG": _one_of("hostname", "ip"),
    },
)  # fmt: skip

_TARGETS: t.Final = "raw nfs ssh ext2 ext3 ext4 minix btrfs xfs virtiofs"
_LAST: t.Final = ("reboot", "halt", "poweroff")

_KDUMP_CONF: t.Final = File(
    "/etc/kdump.conf", "directives",
    {
        **_all(SOME, f"{_TARGETS} core_collector extra_bins extra_modules dracut_args fence_kdump_args"),
        **_all(SOME, "fence_kdump_nodes"),
        **_all(PATH, "sshkey path kdump_post kdump_pre"),
        **_all(SWITCH, "force_rebuild force_no_rebuild"),
        **_all(_one_of(*_LAST, "shell", "dump_to_rootfs"), "failure_action default"),
        "final_action": _one_of(*_LAST),
        "auto_reset_crashkernel": YES_NO,
    },
    former={
        "net": "nfs or ssh", "options": "dracut_args", "link_delay": "dracut_args with rd.net.timeout.carrier",
        "disk_timeout": "dracut_args", "debug_mem_level": "rd.memdebug in KDUMP_COMMANDLINE_APPEND",
        "blacklist": "rd.driver.blacklist in KDUMP_COMMANDLINE_APPEND",
    },
    alternatives=frozenset(_TARGETS.split()),
)  # fmt: skip

_RED_HAT: t.Final = File(
    "/etc/sysconfig/kdump", "assignments",
    {
        **_all(TEXT, "KDUMP_KERNELVER KDUMP_COMMANDLINE KDUMP_COMMANDLINE_REMOVE KDUMP_COMMANDLINE_APPEND KEXEC_ARGS"),
        **_all(TEXT, "FADUMP_COMMANDLINE_APPEND KDUMP_IMG KDUMP_IMG_EXT VMCORE_CREATION_NOTIFICATION MKDUMPRD_ARGS"),
        **_all(PATH, "KDUMP_BOOTDIR"),
        **_all(Kind(r"[0-4]", "a level from 0 to 4"), "KDUMP_STDLOGLVL KDUMP_SYSLOGLVL KDUMP_KMSGLOGLVL"),
    },
)  # fmt: skip

_SUSE: t.Final = File(
    "/etc/sysconfig/kdump", "assignments",
    {
        **_all(TRUE_FALSE, "KDUMP_AUTO_RESIZE KDUMP_CONTINUE_ON_ERROR KDUMP_FADUMP KDUMP_FADUMP_SHELL"),
        **_all(TRUE_FALSE, "KDUMP_IMMEDIATE_REBOOT"),
        **_all(NUMBER, "KDUMP_CPUS KDUMP_DUMPLEVEL KDUMP_FREE_DISK_SIZE KDUMP_KEEP_OLD_DUMPS KDUMP_NET_TIMEOUT"),
        **_all(NUMBER, "KDUMP_VERBOSE"),
        **_all(TEXT, "KDUMP_COMMANDLINE KDUMP_COMMANDLINE_APPEND KDUMP_HOST_KEY KDUMP_KERNELVER KDUMP_NETCONFIG"),
        **_all(TEXT, "KDUMP_NOTIFICATION_CC KDUMP_NOTIFICATION_TO KDUMP_POSTSCRIPT KDUMP_PRESCRIPT KDUMP_TRANSFER"),
        **_all(TEXT, "KDUMP_REQUIRED_PROGRAMS KDUMP_SMTP_PASSWORD KDUMP_SMTP_SERVER KDUMP_SMTP_USER"),
        **_all(TEXT, "KDUMP_SSH_IDENTITY KEXEC_OPTIONS MAKEDUMPFILE_OPTIONS"),
        "KDUMP_DUMPFORMAT": _one_of("none", "ELF", "compressed", "lzo", "snappy", "zstd", "raw"),
        "KDUMP_SAVEDIR": Kind(
            r"(/|(?i:file|ftp|scp|sftp|ssh|nfs|smb|cifs)://)[^\x00-\x1f\x7f]*",
            "a path, or an address that begins with file, ftp, sftp, ssh, nfs or cifs",
        ),
    },
    former={"KDUMPTOOL_FLAGS": "KDUMP_VERBOSE", "KDUMP_COPY_KERNEL": "nothing, since it is always copied"},
)  # fmt: skip

ENGINES: t.Final = {
    engine.name: engine
    for engine in (
        Engine(
            "kdump-tools", "kdump-tools", "kdump-tools.service", ("/usr/sbin/kdump-config",), (_DEBIAN,),
            switch={"USE_KDUMP": "1"}, status=("kdump-config", "status"),
            ready=r"current state\s*: ready to (kdump|fadump)",
        ),
        Engine(
            "kdump-utils", "kdump-utils", "kdump.service", ("/usr/bin/kdumpctl",), (_KDUMP_CONF, _RED_HAT),
            status=("kdumpctl", "status"), ready=r"Kdump is operational",
        ),
        Engine(
            "suse", "kdump", "kdump.service", ("/usr/lib/kdump/load.sh", "/lib/kdump/load.sh"), (_SUSE,),
        ),
    )
}  # fmt: skip
