# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence in no more than 64 KB, so that a fleet's fits into memory and logs: what matters least goes first."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Iterator
from functools import partial

LIMIT: t.Final = 64 * 1000
#: For what is said about the cuts.
_ROOM: t.Final = 512

Document = dict[str, t.Any]
#: Takes one thing out of the document and returns by how many bytes it is smaller now, at least.
Cut = Callable[[], int]


def bounded(document: Document, *, limit: int = LIMIT) -> Document:
    """The document with an ``omitted`` that counts by name what was taken out, beside what had been left out before."""
    omitted: dict[str, int] = dict(document.get("omitted") or {})
    document = {**document, "omitted": omitted}
    excess = size_of(document) - limit
    if excess > 0:
        excess += _ROOM
    for name, cut in _cuts(document):
        if excess <= 0:
            break
        excess -= cut()
        omitted[name] = omitted.get(name, 0) + 1
    return document


def size_of(document: t.Any) -> int:
    """Bytes of a document as JSON with everything escaped that is not ASCII: there is no longer way to write it."""
    return len(json.dumps(document))


def _cuts(document: Document) -> Iterator[tuple[str, Cut]]:
    """What may go, in the order in which it goes: the records and files of old dumps, then lists from their ends."""
    dumps = document["dumps"]
    for dump in dumps:
        if dump["record"] is not None:
            yield "dumps.record", partial(_emptied, dump, "record", None)
    for dump in dumps:
        yield "dumps.files", partial(_emptied, dump, "files", {})
    trust, boot, target = (document.get(name) or {} for name in ("trust", "boot", "target"))
    lists: dict[str, list[t.Any] | None] = {
        "trust.keys": trust.get("keys"), "interfaces": document.get("interfaces"), "boot.entries": boot.get("entries"),
        "target.path_modules": target.get("path_modules"),
    }  # fmt: skip
    for name, items in lists.items():
        if items:
            yield from ((name, partial(_shortened, items, -1)) for _item in list(items))
    yield from (("dumps", partial(_shortened, dumps, 0)) for _dump in list(dumps))


def _emptied(dump: Document, name: str, value: t.Any) -> int:
    former, dump[name] = dump[name], value
    return size_of(former) - size_of(value)


def _shortened(items: list[t.Any], index: int) -> int:
    return size_of(items.pop(index))
