# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of a drill say to each other: the nonce in the kernel log, the tags on the console.

The save script prints the tags, ``panic`` waits for them, the proof's time line is made of them. A tag is part
of the public interface: people grep their serial logs for it.
"""

from __future__ import annotations

import re
import typing as t

#: Written to /dev/kmsg before a drill's crash, so that the dump itself tells which crash it is from.
NONCE_PREFIX = "linux.kdump: drill nonce="
NONCE_PATTERN = re.compile(re.escape(NONCE_PREFIX) + r"([0-9a-f]{32})\b")

#: How every line of the save script begins: "linux.kdump: [<seconds since the capture kernel started>] <tag> <text>".
CONSOLE_PREFIX = "linux.kdump:"
CONSOLE_PATTERN = re.compile(
    r"linux\.kdump: \[\s*(?P<uptime>\d+\.\d+)\] (?P<tag>[a-z]+-[a-z]+)(?: (?P<text>[^\r\n]*))?"
)

#: The save script's stages, in the order they happen when all goes well.
STAGES: t.Final = {
    "save-start": "the save environment took over",
    "target-ready": "the dump target is mounted and writable",
    "log-saved": "the crashed kernel's log is on the target",
    "core-saved": "the vmcore is on the target under its final name",
    "record-saved": "kdump.json is on the target",
    "final-action": "the save environment is done and reboots, halts or powers off",
}

#: The save script's failures; each ends in the final action, never in a hang.
FAILURES: t.Final = {
    "fail-vmcore": "there is no /proc/vmcore: this is not a capture kernel, or it was loaded wrongly",
    "fail-module": "a kernel module could not be loaded",
    "fail-target": "the dump target did not appear or could not be mounted",
    "fail-network": "the server of the dump target could not be reached, or the connection was lost",
    "fail-login": "the server of the dump target has another host key than the pinned one, or does not accept the key",
    "fail-log": "the kernel log could not be extracted",
    "fail-space": "the dump target is full",
    "fail-memory": "the reservation is too small: a tool was killed for lack of memory",
    "fail-timeout": "a step did not end within its limit",
    "fail-core": "the vmcore could not be saved",
    "fail-record": "kdump.json could not be written",
}

#: What the save script also says; nothing failed.
NOTES: t.Final = {
    "note-setting": "a kdump.* word of the command line was not understood and is ignored",
    "note-removed": "a vmcore that did not fit was removed, so that the machine does not come back to a full disk",
    "note-network": "the interface to the servers of dump targets is up",
    "note-fallback": "a dump target failed; the next one, or the same once more, is tried",
    "note-hook": "a hook failed or took too long; saving went on",
    "note-target": "the dump target could not be unmounted; what was saved is synced",
}
