# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel log as lines of text: as dmesg shows it, and as other tools do that read it from dumps."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator

from .records import LogRecord
from .text import ascii_text, safe_text

_CALLER_WIDTH: t.Final = 6
_WIDENED: t.Final = re.compile(r"\\xffffff([89a-f][0-9a-f])")


class Style(t.NamedTuple):
    """What the lines show besides time and text."""

    #: Facility and level, as in <6>.
    levels: bool = False
    #: Who wrote it, as kernels with CONFIG_PRINTK_CALLER show it.
    callers: bool = False
    #: A line where records are missing, as on the kernel's own console.
    losses: bool = False
    #: Other characters as their bytes.
    ascii_only: bool = False
    #: Lines that go on stand below the first one's text.
    indent: bool = True


#: All there is to know.
DMESG: t.Final = Style(callers=True, losses=True)
#: makedumpfile --dump-dmesg, of which the latest show callers too; the characters of the oldest generation of the log
#: it copies as they are.
MAKEDUMPFILE: t.Final = Style(ascii_only=True)
MAKEDUMPFILE_CHARACTERS: t.Final = Style(ascii_only=True, levels=True)
#: vmcore-dmesg of kexec-tools.
VMCORE_DMESG: t.Final = Style(ascii_only=True, indent=False)


def dmesg(records: Iterable[LogRecord], style: Style = DMESG) -> str:
    """The lines, each with its line feed."""
    return "".join(f"{line}\n" for line in dmesg_lines(records, style))


def dmesg_lines(records: Iterable[LogRecord], style: Style) -> Iterator[str]:
    """A line for each line of each record; those that go on are indented below the first."""
    expected: int | None = None
    for record in records:
        missing = 0 if expected is None else record.seq - expected
        if style.losses and missing > 0:
            yield f"** {missing} printk messages dropped **"
        expected = record.seq + 1
        prefix = _prefix(record, style)
        text = ascii_text(record.text) if style.ascii_only else record.text
        yield from (prefix + text.replace("\n", "\n" + " " * len(prefix) * style.indent)).split("\n")


def comparable(output: bytes) -> list[str]:
    r"""What another tool wrote, as the lines that dmesg_lines() makes for it where the tool is right.

    Some write a byte above 127 as the number C(0xffffff..), and leave control characters as they are.
    """
    return [_WIDENED.sub(r"\\x\1", line) for line in ascii_text(safe_text(output)).splitlines()]


def _prefix(record: LogRecord, style: Style) -> str:
    level = "" if record.level is None or not style.levels else f"<{record.facility << 3 | record.level}>"
    caller = f"[{record.caller:>{_CALLER_WIDTH}}]" if style.callers and record.caller else ""
    if record.ts_nsec is None:
        return level + (f"{caller} " if caller else "")
    seconds, rest = divmod(record.ts_nsec, 10**9)
    return f"{level}[{seconds:5d}.{rest // 1000:06d}]{caller} "
