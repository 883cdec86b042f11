# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests' packages: a kernel and a few programs, of any architecture."""

from __future__ import annotations

import pathlib
import tempfile
import threading
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.lab.packages import Wanted, unpack
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner

RUNNER: t.Final = LocalRunner()
#: The guest's programs.
PROGRAMS: t.Final = ("busybox-static", "kexec-tools", "makedumpfile")

#: One tree for all guests of an architecture, until the interpreter ends.
_TREES: t.Final[dict[tuple[str, str], tempfile.TemporaryDirectory[str]]] = {}
_LOCK: t.Final = threading.Lock()


def unpacked(*, architecture: str, kernel: str) -> pathlib.Path:
    """A tree with a kernel, its modules, and the guest's programs."""
    # One after the other: it is the same machine's network and disk.
    with _LOCK:
        if (architecture, kernel) not in _TREES:
            folder = tempfile.TemporaryDirectory(prefix="kdump-guest-")
            unpack(folder.name, Wanted(architecture, PROGRAMS, kernel), RUNNER)
            _TREES[architecture, kernel] = folder
    return pathlib.Path(_TREES[architecture, kernel].name) / "root"
