# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file for each host and run, and what they come to together.

Any number of workers may write them, in any order and any number of times; one that is killed leaves whole files or
none. Whoever has the files has the result.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import typing as t
from collections.abc import Iterable, Iterator

from ..errors import KdumpError
from ..files import write_atomic
from ..proof.text import printable
from .collector import paused
from .documents import HOST_SCHEMA, STATES, HostDocument
from .moments import parse_moment

#: What every host that audits itself is called by its inventory.
_NOBODY: t.Final = "localhost"
_SUFFIX: t.Final = ".json"
_UNSAFE: t.Final = re.compile(r"[^A-Za-z0-9._-]")
#: Characters of a machine's name that are told.
_NODE: t.Final = 100
#: Evidence is 64 KB at most; what is larger is no document of ours.
MAX_BYTES: t.Final = 1 << 20


class DocumentError(KdumpError):
    """A file among the hosts' documents that is none."""


def file_name(host: str, run: str) -> str:
    """A plain name for any host: one that has to be changed for it gets a part of its digest."""
    return f"{_safe(host)}.{_safe(run)}{_SUFFIX}"


def _safe(name: str) -> str:
    plain = _UNSAFE.sub("_", name).lstrip(".")[:100]
    if plain == name:
        return plain
    return f"{plain}~{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def write_document(folder: str, document: HostDocument) -> str:
    """Put a host's document into the folder, whole or not at all; returns its path."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, file_name(document["host"], document["run"]))
    write_atomic(path, json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n", mode=0o600)
    return path


@paused()
def read_documents(folder: str) -> list[HostDocument]:
    """The newest document of each host in the folder and the folders below it."""
    return newest(_told_apart((read_document(path) for path in _paths(folder)), folder))


def newest(documents: Iterable[HostDocument]) -> list[HostDocument]:
    """One document for each host: the latest, and of two from the same second that of the later run."""
    found: dict[str, HostDocument] = {}
    for document in documents:
        former = found.get(document["host"])
        if former is None or _order(document) > _order(former):
            found[document["host"]] = document
    return [found[name] for name in sorted(found)]


def _told_apart(documents: Iterable[HostDocument], folder: str) -> Iterator[HostDocument]:
    """The documents; an error where two machines have one name that says nothing, and one would hide the other.

    Under any other name they are of one host, which may have been renamed or installed anew.
    """
    known: str | None = None
    for document in documents:
        node = (document["evidence"] or {}).get("nodename") if document["host"] == _NOBODY else None
        if known is not None and isinstance(node, str) and node != known:
            raise DocumentError(
                f"Cannot judge what is in {folder}: documents of {printable(known, limit=_NODE)} and of "
                f"{printable(node, limit=_NODE)} are both named {_NOBODY}. Move those of one of them away, and collect "
                "the evidence of each machine under a name of its own, with kdump_audit_name."
            )
        known = node if known is None and isinstance(node, str) else known
        yield document


def _order(document: HostDocument) -> tuple[str, str, str]:
    # Two that are alike in both are told apart by what they hold, so that the order of reading does not matter.
    return (document["collected_at"] or "", document["run"], json.dumps(document, sort_keys=True))


def _paths(folder: str) -> list[str]:
    if not os.path.isdir(folder):
        raise DocumentError(f"Cannot judge what is in {folder}: there is no such folder. Collect the evidence first.")
    # What a killed worker left half written begins with a dot.
    return sorted(
        os.path.join(parent, name)
        for parent, _folders, names in os.walk(folder)
        for name in names
        if name.endswith(_SUFFIX) and not name.startswith(".")
    )


def read_document(path: str) -> HostDocument:
    """One document; an error that names the file where it is none."""
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise DocumentError(f"Cannot judge {path}: it is larger than evidence can be. Move it away.")
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
    except (OSError, ValueError, RecursionError) as error:
        raise DocumentError(f"Cannot judge {path}: it cannot be read as JSON ({error}). Move it away.") from error
    flaw = _flaw(document)
    if flaw:
        raise DocumentError(f"Cannot judge {path}: {flaw}. Move it away, or collect the evidence again.")
    return t.cast(HostDocument, document)


def _flaw(document: t.Any) -> str | None:
    if not isinstance(document, dict) or document.get("schema") != HOST_SCHEMA:
        return f"it is no document of {HOST_SCHEMA['name']}, version {HOST_SCHEMA['version']}"
    texts = (document.get("host"), document.get("run"))
    if not all(isinstance(text, str) and text for text in texts):
        return "it names no host or no run"
    groups, evidence, moment = document.get("groups"), document.get("evidence"), document.get("collected_at")
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        return "its groups are no list of names"
    if document.get("state") not in STATES or not isinstance(evidence, (dict, type(None))):
        return "its state or its evidence is none"
    if (document["state"] == "judged") != (evidence is not None):
        return "it says that there is evidence where there is none, or the other way round"
    if moment is not None and parse_moment(moment if isinstance(moment, str) else None) is None:
        return "it does not say when it was collected"
    return None
