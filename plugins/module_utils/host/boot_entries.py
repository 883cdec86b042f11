# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every boot entry passes of crashkernel=, as evidence: where it cannot be told, why not."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..bootloader.model import BootLoader, Entry
from ..crashkernel.grammar import PARAMETER
from ..errors import KdumpError
from .tree import Host

#: Menus with more entries are cut.
MAX_ENTRIES: t.Final = 64


def read_boot(find: Callable[[], BootLoader], host: Host) -> dict[str, t.Any]:
    """The boot loader and its entries. Nothing that is wrong with it may keep the rest of the evidence back."""
    name = None
    try:
        loader = find()
        name = loader.name
        entries = loader.entries()
    except KdumpError as error:
        return {"bootloader": name, "entries": None, "problem": error.message}
    except OSError as error:
        return {"bootloader": name, "entries": None, "problem": f"{error.filename or 'a file'}: {error.strerror}"}
    host.omit("boot.entries", len(entries) - MAX_ENTRIES)
    return {"bootloader": name, "entries": [_document(entry) for entry in entries[:MAX_ENTRIES]], "problem": None}


def _document(entry: Entry) -> dict[str, t.Any]:
    return {
        "title": entry.title[:200],
        "id": entry.identity[:200],
        "kernel": entry.kernel,
        "path": entry.origin,
        "managed": entry.managed,
        "crashkernel": " ".join(word for word in entry.arguments if word.startswith(PARAMETER)),
    }
