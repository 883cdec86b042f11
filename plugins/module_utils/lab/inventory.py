# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's running guests as hosts and their variables."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping

from .state import HOST, GuestPaths, GuestRecord, LabPaths, describe, running_guests

GROUP: t.Final = "kdump_lab"


def default_lab_dir(environment: Mapping[str, str], *, name: str) -> str:
    """The folder of a lab that was not told one: the same that the role lab uses."""
    cache = environment.get("KDUMP_CACHE")
    if not cache:
        home = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        cache = os.path.join(home, "linux-kdump")
    return os.path.join(cache, "labs", name)


def host_variables(paths: GuestPaths, record: GuestRecord, *, user: str) -> dict[str, t.Any]:
    """Everything needed to connect to a guest, and what the drill wants to know about it."""
    guest = describe(paths, record)
    # Root has nothing to become, and under emulation sudo costs every task a second.
    root = {"ansible_become": False} if user == "root" else {}
    return {
        **root,
        "ansible_connection": "ssh",
        "ansible_host": HOST,
        "ansible_port": guest["port"],
        "ansible_user": user,
        "ansible_ssh_private_key_file": paths.key,
        "ansible_ssh_common_args": guest["ssh_args"],
        "ansible_python_interpreter": "/usr/bin/python3",
        "kdump_console": guest["console"],
        "kdump_lab_guest": guest,
    }


def hosts(lab_dir: str, *, user: str) -> dict[str, dict[str, t.Any]]:
    """The running guests of a lab and their variables."""
    lab = LabPaths(os.path.abspath(lab_dir))
    return {
        name: host_variables(lab.guest(name), record, user=user) for name, record in running_guests(lab.root).items()
    }
