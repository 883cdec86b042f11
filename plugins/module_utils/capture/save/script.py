# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script: /init of the save environment, the one program that runs after the crash.

POSIX shell for busybox ash. It lives in a Python file, since only those travel with a module. What a single host
wants (which file system, which folder, what to do at the end) comes from the kernel command line, and is only ever
compared and matched, never evaluated.

Three rules shape it. It never hangs: each step runs under a time limit, and a watcher with an overall limit ends
the machine's wait even where a process can no longer be killed. It never dies of memory: the collector is what the
kernel shall kill first, the script and its watcher last. It leaves room for its story: some space is set aside
before anything is saved, and a core that did not fit is removed, since it often lies on the root file system and a
machine that comes back to a full disk has failed twice.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .base import BASE
from .collect import COLLECT
from .flow import FLOW
from .record import RECORD
from .target import TARGET

#: Where the script and its data lie in the image.
SCRIPT_PATH: t.Final = "init"
SETTINGS_PATH: t.Final = "etc/kdump/settings"
COLLECTOR_PATH: t.Final = "etc/kdump/collector"
MODULES_PATH: t.Final = "etc/kdump/modules"
MODULES_FOLDER: t.Final = "lib/modules"
MAKEDUMPFILE_PATH: t.Final = "bin/makedumpfile"
TARGET_PATH: t.Final = "target"
#: Stands behind every other member: its absence tells the script that the unpacking was cut short.
LAST_PATH: t.Final = "tmp"

#: The busybox applets that the script calls, beside the shell itself.
APPLETS: t.Final = (
    "cat", "chmod", "cttyhack", "date", "dd", "findfs", "grep", "halt", "head", "insmod", "kill", "mdev", "mkdir",
    "mount", "mv", "poweroff", "readlink", "reboot", "rm", "rmdir", "sed", "setsid", "sh", "sleep", "stat", "strings",
    "sync", "tail", "timeout", "tr", "umount", "uname",
)  # fmt: skip


def compose(parts: Iterable[str] = ()) -> str:
    """The script with optional parts; what they define takes the place of what the parts before them define."""
    return "".join((BASE, TARGET, COLLECT, RECORD, *parts, FLOW))


SCRIPT: t.Final = compose()
