# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much more a capture kernel needs on a larger machine, and the margin that a measured figure gets.

The capture kernel itself does not grow with the machine: it sees the reservation and the first 640 KiB and nothing
else, and its page descriptors are for these. It runs on one CPU whatever the machine has. What grows is what describes
the crashed machine:

* makedumpfile's two bitmaps, one bit a page each. They are bounded: where they would not fit into the free memory,
  makedumpfile works in rounds, with as much of the bitmaps as fits;
* makedumpfile's table of memory sections;
* the notes and program headers of the crashed CPUs in the ELF header, in the kernel's copy and in makedumpfile's.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

MIB: t.Final = 1 << 20
#: The margin: the larger of the two.
LEAST_MARGIN: t.Final = 4 * MIB
MARGIN_SHARE: t.Final = 10  # per cent

#: Bytes that one page takes as a rule on each architecture; smaller is safer, since it makes more pages.
_PAGE: t.Final = {"ppc64le": 1 << 16}
_USUAL_PAGE: t.Final = 1 << 12
_BITMAPS: t.Final = 2
#: Above this makedumpfile works in rounds rather than to take more (the same bound that SUSE's calibrate uses).
_MOST_BITMAP: t.Final = 32 * MIB
#: A section, and what makedumpfile keeps of each: its record and its share of the kernel's own tables.
_SECTION: t.Final = 128 * MIB
_SECTION_BYTES: t.Final = 96
#: A program header (56 bytes), a PRSTATUS note (about 360), twice, and the rounding up of both.
_CPU_BYTES: t.Final = 1 << 10


@dataclass(frozen=True)
class Growth:
    """Bytes that depend on the crashed machine, by cause."""

    bitmaps: int
    sections: int
    processors: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.bitmaps + self.sections + self.processors


def growth(*, memory: int, cpus: int, architecture: str, page: t.Optional[int] = None) -> Growth:
    """What a machine of this size asks of its capture kernel beyond what every machine asks."""
    pages = _rounds(memory, page or _PAGE.get(architecture, _USUAL_PAGE))
    return Growth(
        bitmaps=min(_BITMAPS * _rounds(pages, 8), _MOST_BITMAP),
        sections=_rounds(memory, _SECTION) * _SECTION_BYTES,
        processors=cpus * _CPU_BYTES,
    )


def margin(size: int) -> int:
    """What is added to a size that was seen to work: 4 MiB, or 10 % where that is more."""
    return max(LEAST_MARGIN, _rounds(size * MARGIN_SHARE, 100))


def recommended(size: int, granularity: int = MIB, extra: int = 0) -> int:
    """A size that was seen to work with its margin, and ``extra`` for growth, in whole steps."""
    return _rounds(size + margin(size) + extra, granularity) * granularity


def _rounds(amount: int, unit: int) -> int:
    return -(-amount // unit)
