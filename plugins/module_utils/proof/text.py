# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and figures for people, out of values nobody can vouch for.

A panic reason, a command name or a console line is whatever the dead kernel's memory held: it may carry terminal
escapes, text that runs backwards, half a surrogate pair or a megabyte of it.
"""

from __future__ import annotations

import html
import math
import typing as t
import unicodedata

#: Shown where there is no value.
ABSENT: t.Final = "–"
ELLIPSIS: t.Final = "…"
DEFAULT_LIMIT: t.Final = 300

_REPLACEMENT: t.Final = "\N{REPLACEMENT CHARACTER}"
#: Control, format (which holds the bidirectional overrides), surrogate, private and unassigned code points.
_UNPRINTABLE: t.Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_UNITS: t.Final = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    if ord(character) < 0x20:
        return chr(0x2400 + ord(character))
    if ord(character) == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    return _REPLACEMENT if unicodedata.category(character) in _UNPRINTABLE else character


def printable(value: object, *, limit: int = DEFAULT_LIMIT) -> str:
    """``value`` as one line of at most ``limit`` characters, every one of them harmless to a terminal and a page."""
    text = value if isinstance(value, str) else str(value)
    cut = text[: limit + 1]
    shown = "".join(map(_visible, cut[:limit]))
    return shown[: limit - 1] + ELLIPSIS if len(cut) > limit else shown


def html_text(value: object, *, limit: int = DEFAULT_LIMIT) -> str:
    """``value`` for the text or a quoted attribute of an HTML page; a dash where there is no value."""
    if value is None or value == "":
        return ABSENT
    return html.escape(printable(value, limit=limit))


def human_size(octets: object) -> str:
    """A number of bytes in binary units, three digits or so: "48.1 MiB"."""
    if isinstance(octets, bool) or not isinstance(octets, (int, float)) or not math.isfinite(octets) or octets < 0:
        return ABSENT
    if octets < 1024:
        return f"{octets:.0f} B"
    amount = float(octets)
    for unit in _UNITS:
        amount /= 1024
        if amount < 1023.95 or unit == _UNITS[-1]:
            break
    return f"{amount:.0f} {unit}" if amount == int(amount) else f"{amount:.1f} {unit}"


def human_duration(seconds: object) -> str:
    """A length of time: "0.42 s", "4.2 s", "1 min 12 s", "2 h 05 min"."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds) or seconds < 0:
        return ABSENT
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
