# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ``kexec_crash``, for the action plugin and for the module that works on the host."""

from __future__ import annotations

import typing as t

from ..host import paths
from .targets import NETWORK, TARGET

OPTIONS: t.Final[dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["loaded", "enabled", "unloaded"], "default": "loaded"},
    "kernel": {"type": "path", "default": paths.KERNEL},
    "initramfs": {"type": "path", "default": paths.INITRAMFS},
    "kexec": {"type": "path"},
    "install": {
        "type": "dict",
        "options": {
            "kernel": {"type": "path", "required": True},
            "initramfs": {"type": "path", "required": True},
            "kexec": {"type": "path"},
        },
    },
    "append": {"type": "str"},
    "remove": {"type": "list", "elements": "str", "default": []},
    "command_line": {"type": "str"},
    "target": {
        "type": "dict",
        "options": {
            "path": {"type": "path", "default": paths.DUMPS},
            "uuid": {"type": "str"},
            "fstype": {"type": "str"},
        },
        "required_together": [("uuid", "fstype")],
    },
    "targets": {"type": "list", "elements": "dict", "options": TARGET},
    "network": {"type": "dict", "options": NETWORK},
    "hotplug": {"type": "bool", "default": True},
    "final_action": {"type": "str", "choices": ["reboot", "halt", "poweroff", "shell"]},
    "syscall": {"type": "str", "choices": ["auto", "kexec_file_load", "kexec_load"], "default": "auto"},
}
EXCLUSIVE: t.Final = [
    ("command_line", "append"), ("command_line", "target"), ("command_line", "targets"),
    ("command_line", "final_action"),
]  # fmt: skip

_OFFER: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "sha256": {"type": "str", "required": True},
        "bytes": {"type": "int", "required": True},
        "staged": {"type": "path"},
    },
}
#: What the action plugin tells the module of the files to install: their digests, and where it has put them.
OFFERS: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "kernel": {**_OFFER, "options": {**_OFFER["options"], "signatures": {"type": "dict"}}},
        "initramfs": _OFFER,
        "kexec": {**_OFFER, "options": {**_OFFER["options"], "machine": {"type": "str"}}},
    },
}
