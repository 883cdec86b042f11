# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serial console: a growing file, followed piece by piece, and what its lines mean."""

from __future__ import annotations

import os
import re
import stat
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from .drill import CONSOLE_PATTERN
from .errors import KdumpError

#: Bytes read at once, and the longest line that is kept.
_READ_LIMIT = 1 << 16
_LINE_LIMIT = 1024

#: Terminal control: CSI and OSC sequences, other escapes, and control characters except the tab. Those from 0x80 on
#: are the same in one character.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)

#: A kernel that has no memory left says one of these. The unpacking of the initramfs fails before init can say so.
_MEMORY = re.compile(
    r"(Out of memory(?:: Killed process| and no killable processes)?[^\r\n]{0,120}"
    r"|System is deadlocked on memory"
    r"|Initramfs unpacking failed: (?:write error|.*memory.*)"
    r"|page allocation failure[^\r\n]{0,80}"
    r"|invoked oom-killer)"
)
_MARKS: t.Final = (
    ("dead_end", re.compile(r"---\[ end Kernel panic - not syncing: (?P<text>.*?) \]---")),
    ("panic", re.compile(r"Kernel panic - not syncing: (?P<text>.*)")),
    ("banner", re.compile(r"Linux version (?P<text>\S+)")),
    ("command_line", re.compile(r"[Cc]ommand line: (?P<text>.*)")),
)

#: What Debian's kdump-tools says in its capture kernel, by the tags for the same of our own save script.
_KDUMP_TOOLS: t.Final = re.compile(
    r"kdump-(?:tools|config)\b.*?: (?:(?P<log>saved dmesg content in )|(?P<core>saved vmcore in )"
    r"|(?P<no_log>failed to save dmesg content in )|(?P<no_core>failed to save vmcore in ))(?P<text>.*)"
)
_SAME: t.Final = {"log": "log-saved", "core": "core-saved", "no_log": "fail-log", "no_core": "fail-core"}


@dataclass(frozen=True)
class Mark:
    """What a line means: dead_end, panic, banner, command_line, memory or a tag of the save script."""

    kind: str
    text: str


def marks(line: str) -> list[Mark]:
    """What a line means; a panic for lack of memory means two things."""
    found = []
    tag = CONSOLE_PATTERN.search(line)
    if tag:
        found.append(Mark(tag["tag"], tag["text"] or ""))
    other = _KDUMP_TOOLS.search(line)
    if other:
        found += [Mark(kind, other["text"].strip()) for name, kind in _SAME.items() if other[name]]
    for kind, pattern in _MARKS:
        match = pattern.search(line)
        if match:
            found.append(Mark(kind, match["text"].strip()))
            break
    memory = _MEMORY.search(line)
    if memory:
        found.append(Mark("memory", memory[0].strip()))
    return found


class Lines:
    """Cuts pieces of console text into clean lines, however the pieces fall."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> Iterator[str]:
        """The lines that this piece completes."""
        *whole, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > _LINE_LIMIT:
            whole.append(self._rest)
            self._rest = ""
        for line in whole:
            yield _clean(line)


def _clean(line: str) -> str:
    """Without terminal control, and only what a progress display wrote last over itself."""
    shown = [part for part in line[-_LINE_LIMIT * 4 :].split("\r") if part]
    return _ESCAPES.sub("", shown[-1] if shown else "")[:_LINE_LIMIT].rstrip()


class Tail:
    """Follows a file from its present end, in pieces of bounded size."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):  # opening a FIFO that nobody writes to would hang
                raise OSError(0, "it is not a regular file")
            self._position = status.st_size
            with open(path, "rb"):
                pass
        except OSError as error:
            raise KdumpError(
                f"Cannot follow the console {path}: {error.strerror}. Set console to the host's serial console log"
            ) from error

    def read(self) -> str:
        """What was written since the last call, at most 64 KiB of it; "" where there is nothing new."""
        try:
            with open(self._path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._position:
                    self._position = 0  # a new guest process began the file anew
                stream.seek(self._position)
                data = stream.read(_READ_LIMIT)
        except OSError:
            return ""
        self._position += len(data)
        return data.decode("utf-8", "replace")
