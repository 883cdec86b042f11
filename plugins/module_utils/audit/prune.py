# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which documents of a host are older than anybody wants to keep. Whatever is not one of ours stays."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence

from .merge import DocumentError, file_name, read_document

#: What is needed of a document: its place among those of its host, whether it has evidence, and its path.
_Place = tuple[str, str, bool, str]


def surplus(folder: str, hosts: Iterable[str], *, keep: int) -> list[str]:
    """The documents in the folder itself that are beyond the newest of each of these hosts.

    The newest one that has evidence stays too: a host that has been away for long still has its last word.
    """
    found: dict[str, list[_Place]] = {name: [] for name in hosts}
    for host, place in _documents(folder):
        if host in found:
            found[host].append(place)
    return sorted(path for places in found.values() for path in _beyond(sorted(places, reverse=True), keep))


def remove(paths: Iterable[str]) -> None:
    """Remove them; somebody else may have done so."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _beyond(places: Sequence[_Place], keep: int) -> list[str]:
    """From the newest to the oldest."""
    told = next((path for _moment, _run, evidence, path in places if evidence), None)
    return [path for _moment, _run, _evidence, path in places[keep:] if path != told]


def _documents(folder: str) -> Iterator[tuple[str, _Place]]:
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.startswith(".") or not name.endswith(".json") or os.path.islink(path) or not os.path.isfile(path):
            continue
        try:
            document = read_document(path)
        except DocumentError:
            continue
        # A name that we would not have given is somebody else's copy.
        if name == file_name(document["host"], document["run"]):
            place = (document["collected_at"] or "", document["run"], document["evidence"] is not None, path)
            yield document["host"], place
