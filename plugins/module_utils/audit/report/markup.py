# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing XML: elements and escaped text, in order, with nothing kept but the text itself."""

from __future__ import annotations

import functools
import typing as t
from xml.sax.saxutils import escape

from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import line

DECLARATION: t.Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


@functools.lru_cache(maxsize=1 << 14)
def escaped(value: str) -> str:
    """Text for an element or a quoted attribute: one line, for XML can hold no other control character."""
    return escape(line(value), {'"': "&quot;"})


def element(tag: str, text: t.Optional[str] = None, /, children: t.Iterable[str] = (), **attributes: str) -> str:
    """One element. Attributes with a hyphen are written with an underscore, ``xml:lang`` with two."""
    inner = ("" if text is None else escaped(text)) + "".join(children)
    return f"<{tag}{_given(attributes)}>{inner}</{tag}>\n" if inner else f"<{tag}{_given(attributes)}/>\n"


def pieces(tag: str, children: t.Iterable[str], /, **attributes: str) -> t.Iterator[str]:
    """A whole document piece by piece, child after child: one of ten thousand hosts is never whole in memory."""
    yield f"{DECLARATION}<{tag}{_given(attributes)}>\n"
    yield from children
    yield f"</{tag}>\n"


def _given(attributes: t.Mapping[str, str]) -> str:
    return "".join(f' {_attribute(key)}="{escaped(value)}"' for key, value in attributes.items())


@functools.lru_cache(maxsize=1 << 8)
def _attribute(key: str) -> str:
    return key.rstrip("_").replace("__", ":").replace("_", "-")
