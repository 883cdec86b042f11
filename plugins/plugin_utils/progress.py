# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of something that has an end, as lines on the terminal: few, and only when there is news."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds between two lines.
_EVERY = 2.0
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def human(size: float) -> str:
    """A number of bytes as people say it."""
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"


class Meter:
    """Counts bytes and shows a line now and then, and always the last one."""

    def __init__(self, total: int, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.done = 0
        self._show = show
        self._clock = clock
        self._started = clock()
        self._shown = self._started

    def advance(self, size: int, what: str) -> None:
        """``size`` more bytes have arrived, the last of them of ``what``."""
        self.done += size
        now = self._clock()
        if now - self._shown < _EVERY and self.done < self.total:
            return
        self._shown = now
        rate = self.done / max(now - self._started, 0.001)
        share = 100 * self.done // max(self.total, 1)
        self._show(f"{what}: {human(self.done)} of {human(self.total)} ({share} %), {human(rate)}/s")
