# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers in the kernel's source that cost a capture kernel megabytes and that no option changes.

Only what was unpacked from a tarball for a build is edited, never a tree that somebody named: that is built as it is.
An edit is made as a whole or, where the source of another version reads differently, not at all; the manifest tells
which were made.
"""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...errors import KdumpError
from ...files import digest_of, read_text, write_atomic


class EditError(KdumpError):
    """A source file that cannot be edited."""


@dataclass(frozen=True)
class Edit:
    """One change of one file."""

    name: str
    path: str
    #: Expressions, each of which has to match once, and what each match becomes.
    changes: Mapping[str, str]

    def made(self, text: str) -> str | None:
        """The text after the edit; None where it reads differently."""
        for pattern, replacement in self.changes.items():
            text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
            if count != 1:
                return None
        return text


#: Code, entry code, soft interrupts' code (300 bytes of it) and read-only data each begin at a border of 2 MiB. It
#: keeps the mapping of the kernel in large pages, and lets page table isolation share the entry code's page with
#: user space: nothing that a kernel needs that saves one file. Without it four holes go, of 7 MiB in all.
DENSE_IMAGE: t.Final = Edit(
    "dense_image",
    "arch/x86/kernel/vmlinux.lds.S",
    {
        r"^(#define X86_ALIGN_RODATA_BEGIN\s+\. = ALIGN\()HPAGE_SIZE\);$": r"\1PAGE_SIZE);",
        r"^(#define X86_ALIGN_RODATA_END\s*\\\n\s*\. = ALIGN\()HPAGE_SIZE\);": r"\1PAGE_SIZE);",
        r"^(#define ALIGN_ENTRY_TEXT_BEGIN\s+\. = ALIGN\()PMD_SIZE\);$": r"\1PAGE_SIZE);",
        r"^(#define ALIGN_ENTRY_TEXT_END\s+\. = ALIGN\()PMD_SIZE\);$": r"\1PAGE_SIZE);",
    },
)

#: Page descriptors are made for whole sections. A capture kernel has two pieces of memory, the first 640 KiB and its
#: reservation; with sections of 128 MiB that is 2 MiB of descriptors for each, with 16 MiB it is 256 KiB.
SMALL_SECTIONS: t.Final = Edit(
    "small_sections",
    "arch/x86/include/asm/sparsemem.h",
    {r"^(# define SECTION_SIZE_BITS\s+)27\b": r"\g<1>24"},
)

#: {architecture: edits}; where there are none, none is known to be worth it.
EDITS: t.Final[t.Mapping[str, tuple[Edit, ...]]] = {"x86_64": (DENSE_IMAGE, SMALL_SECTIONS)}


def digest(edits: Iterable[Edit]) -> str:
    """What of them decides what the kernel will be."""
    return digest_of([[edit.name, edit.path, dict(edit.changes)] for edit in edits])


def apply(root: str, edits: Iterable[Edit]) -> list[str]:
    """Edit the tree; the names of the edits that were made."""
    return [edit.name for edit in edits if _apply(os.path.join(root, edit.path), edit)]


def _apply(path: str, edit: Edit) -> bool:
    try:
        text = edit.made(read_text(path) or "") if os.path.isfile(path) else None
        if text is None:
            return False
        write_atomic(path, text, mode=os.stat(path).st_mode & 0o777)
    except (OSError, ValueError) as error:
        raise EditError(f"Cannot edit the kernel source {edit.path}: {error}. Look at the tarball.") from error
    return True
