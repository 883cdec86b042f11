# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of C(crashkernel=), as the kernel reads it and no looser.

The kernel's own parser (kernel/crash_core.c, since 6.9 kernel/crash_reserve.c) stops at the first thing it does not
understand and then reserves nothing, or ignores the rest in silence. Here every part of a value has to make sense.

::

    value  = amount [ "@" amount ]                             a size, at an address if that matters
           | range ":" amount *( "," range ":" amount ) [ "@" amount ]
           | amount ",high" | amount ",low" | amount ",cma"
    range  = amount "-" [ amount ]                             start <= RAM < end
    amount = number [ K | M | G | T | P | E ]                  as memparse() in lib/cmdline.c: 0x and 0 prefixes count
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..errors import KdumpError

PARAMETER: t.Final = "crashkernel="
UNITS: t.Final = "KMGTPE"
SUFFIXES: t.Final = ("high", "low", "cma")
#: Longer than any command line the kernel accepts (COMMAND_LINE_SIZE is 2048 on x86 and arm64, 4096 on s390x).
LONGEST: t.Final = 4096

_AMOUNT = re.compile(r"(0[xX][0-9a-fA-F]+|0[0-7]*(?![0-9])|[1-9][0-9]*)([KMGTPEkmgtpe]?)\Z", re.ASCII)
_LIMIT = 1 << 64


class SpecError(KdumpError):
    """A value of C(crashkernel=) that the kernel would not understand."""


@dataclass(frozen=True)
class Fixed:
    """One size whatever the RAM. ``offset`` None lets the kernel choose the address; it takes 0 for the same."""

    size: int
    offset: t.Optional[int] = None


@dataclass(frozen=True)
class Range:
    """A size for machines with ``start <= RAM < end``; ``end`` None means without limit."""

    start: int
    end: t.Optional[int]
    size: int

    def holds(self, ram: int) -> bool:
        """Whether ``ram`` bytes fall into this range."""
        return self.start <= ram and (self.end is None or ram < self.end)


@dataclass(frozen=True)
class Ranges:
    """Sizes by RAM; the first range that holds counts."""

    ranges: tuple[Range, ...]
    offset: t.Optional[int] = None


@dataclass(frozen=True)
class Suffixed:
    """A size with one of `SUFFIXES`: above 4 GiB, below 4 GiB beside it, or from the contiguous memory allocator."""

    size: int
    suffix: str


Value = t.Union[Fixed, Ranges, Suffixed]


@dataclass(frozen=True)
class Spec:
    """All C(crashkernel=) parameters of one command line, in their order."""

    values: tuple[Value, ...]

    @property
    def effective(self) -> dict[str, Value]:
        """What counts: the last value without suffix (key "") and the last one of each suffix."""
        return {kind(value): value for value in self.values}


def kind(value: Value) -> str:
    """The class a value belongs to: its suffix, or "" for one without."""
    return value.suffix if isinstance(value, Suffixed) else ""


def parse_spec(text: str) -> Spec:
    """Read one or several values separated by blanks, each with or without C(crashkernel=) before it."""
    if len(text) > LONGEST:
        raise SpecError(
            f"Cannot read a crashkernel= value of {len(text)} characters: no kernel takes a command line of more"
            f" than {LONGEST}. Write a value such as 256M"
        )
    words = text.split()
    if not words:
        raise SpecError("Cannot read the crashkernel= value: it is empty. Write a value such as 256M or 1G-:256M")
    return Spec(tuple(parse_value(word[len(PARAMETER) :] if word.startswith(PARAMETER) else word) for word in words))


def parse_value(text: str) -> Value:
    """Read one value."""
    head, comma, suffix = text.rpartition(",")
    if comma and suffix in SUFFIXES:
        return _suffixed(head, suffix, text)
    body, at, address = text.partition("@")
    offset = _amount(address, text) or None if at else None
    if ":" not in body:
        return Fixed(_amount(body, text), offset)
    return Ranges(tuple(_range(part, text) for part in body.split(",")), offset)


def render(value: Value) -> str:
    """A value in its shortest spelling; C(parse_value) of it gives the value back."""
    if isinstance(value, Suffixed):
        return f"{render_amount(value.size)},{value.suffix}"
    where = "" if value.offset is None else f"@{render_amount(value.offset)}"
    if isinstance(value, Fixed):
        return render_amount(value.size) + where
    return ",".join(map(_render_range, value.ranges)) + where


def render_spec(spec: Spec) -> str:
    """All values of a spec, as they stand on a command line."""
    return " ".join(PARAMETER + render(value) for value in spec.values)


def render_amount(amount: int) -> str:
    """Bytes with the largest unit that leaves no rest."""
    power = 0
    while amount and amount % 1024 == 0 and power < len(UNITS):
        amount //= 1024
        power += 1
    return f"{amount}{UNITS[power - 1] if power else ''}"


def on_command_line(line: str) -> tuple[str, ...]:
    """The C(crashkernel=) values on a kernel command line, as they are written there."""
    return tuple(word[len(PARAMETER) :] for word in line.split() if word.startswith(PARAMETER))


def _suffixed(head: str, suffix: str, text: str) -> Suffixed:
    if ":" in head or "@" in head or "," in head:
        raise _error(text, f"the kernel takes only a plain size before ,{suffix}", f"Write for example 256M,{suffix}")
    return Suffixed(_amount(head, text), suffix)


def _range(part: str, text: str) -> Range:
    bounds, colon, size = part.partition(":")
    start, dash, end = bounds.partition("-")
    if not (colon and dash):
        raise _error(text, f"{part!r} is not a range", "Write ranges as start-[end]:size, an address only at the end")
    first, last = _amount(start, text), _amount(end, text) if end else None
    if last is not None and last <= first:
        raise _error(text, f"the range {bounds} ends where it starts or before", "Put the smaller amount first")
    return Range(first, last, _amount(size, text))


def _render_range(entry: Range) -> str:
    end = "" if entry.end is None else render_amount(entry.end)
    return f"{render_amount(entry.start)}-{end}:{render_amount(entry.size)}"


def _amount(text: str, whole: str) -> int:
    match = _AMOUNT.match(text)
    if match is None:
        advice = "Write a number and one of K, M, G, T, for example 256M"
        raise _error(whole, f"{_shown(text)} is not an amount of memory", advice)
    digits, unit = match.groups()
    amount = _number(digits) << (10 * (UNITS.index(unit.upper()) + 1) if unit else 0)
    if amount >= _LIMIT:
        raise _error(whole, f"{_shown(text)} does not fit in 64 bits", "Write a smaller amount")
    return amount


def _number(digits: str) -> int:
    if digits[:2] in ("0x", "0X"):
        return int(digits, 16)
    # The limit keeps int() away from thousands of digits, which it refuses with an error of its own.
    return int(digits, 8 if digits[0] == "0" else 10) if len(digits) <= 32 else _LIMIT


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...") if text else "nothing"


def _error(whole: str, cause: str, advice: str) -> SpecError:
    return SpecError(f"Cannot read crashkernel={_shown(whole)[1:-1]}: {cause}. {advice}")
