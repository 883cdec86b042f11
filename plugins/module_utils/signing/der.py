# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small reader of DER, for the certificates and signatures that kernels carry: no library beyond Python's own."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..errors import KdumpError

INTEGER: t.Final = 0x02
BIT_STRING: t.Final = 0x03
OCTET_STRING: t.Final = 0x04
OBJECT_ID: t.Final = 0x06
SEQUENCE: t.Final = 0x30
SET: t.Final = 0x31

#: An element longer than this is in no signature of a kernel.
_MOST_LENGTH_BYTES: t.Final = 4


class DerError(KdumpError):
    """Bytes that are no DER, or not the structure they were taken for."""


class Element(t.NamedTuple):
    """One element: its tag, its content, and all of it with the header."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> tuple[Element, ...]:
        """What the content consists of."""
        return tuple(elements(self.content))

    def expect(self, tag: int, what: str) -> Element:
        """The same element, if it has this tag."""
        if self.tag != tag:
            raise DerError(f"Cannot read {what}: there is tag {self.tag:#04x} where {tag:#04x} belongs")
        return self


def context(number: int) -> int:
    """The tag of a constructed element that the structure numbers."""
    return 0xA0 | number


def elements(data: bytes) -> Iterator[Element]:
    """The elements that follow each other in ``data``."""
    at = 0
    while at < len(data):
        element = parse(data, at)
        at += len(element.whole)
        yield element


def parse(data: bytes, at: int = 0) -> Element:
    """The element at this place in ``data``; what comes after it is left alone."""
    if len(data) - at < 2:
        raise DerError("Cannot read a DER element: it ends within its header")
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise DerError("Cannot read a DER element: its tag is of several bytes, which no signature needs")
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= _MOST_LENGTH_BYTES:
            raise DerError(f"Cannot read a DER element: its length takes {count} bytes")
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + length > len(data):
        raise DerError(f"Cannot read a DER element: it says it has {length} bytes, and fewer are there")
    return Element(tag, data[start : start + length], data[at : start + length])


def sequence(element: Element, what: str, *, least: int) -> tuple[Element, ...]:
    """The children of a sequence that must have some."""
    found = element.expect(SEQUENCE, what).children()
    if len(found) < least:
        raise DerError(f"Cannot read {what}: it has {len(found)} parts, at least {least} belong there")
    return found


def object_id(element: Element, what: str) -> str:
    """An object identifier in dotted form."""
    content = element.expect(OBJECT_ID, what).content
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    if not numbers or content[-1] & 0x80:
        raise DerError(f"Cannot read {what}: its object identifier is cut off")
    root = min(numbers[0] // 40, 2)
    return ".".join(map(str, (root, numbers[0] - 40 * root, *numbers[1:])))
