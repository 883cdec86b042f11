# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of what was built: from what it was made, with what, and what came out; and whether that is still so."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping

from ..files import canonical_json, read_text, sha256_file, write_atomic
from .kernel.source import tree_digest

SCHEMA: t.Final = {"name": "linux.kdump/manifest", "version": 1}
FILE: t.Final = "manifest.json"
#: The largest manifest worth reading; ours are two pages.
_MAX_BYTES = 1 << 20

Manifest = dict[str, t.Any]


def describe_files(folder: str, names: t.Iterable[str]) -> dict[str, dict[str, t.Any]]:
    """Size and digest of each file, and of each folder (the module tree) as a whole."""
    return {name: _described(os.path.join(folder, name)) for name in names}


def _described(path: str) -> dict[str, t.Any]:
    if not os.path.isdir(path):
        return {"bytes": os.path.getsize(path), "sha256": sha256_file(path)}
    files = (os.path.join(folder, name) for folder, _folders, names in os.walk(path) for name in names)
    return {"bytes": sum(os.lstat(file).st_size for file in files), "sha256": tree_digest(path)}


def kernel_manifest(facts: Mapping[str, t.Any]) -> Manifest:
    """The document for ``facts`` about a kernel."""
    return manifest_of("kernel", facts)


def manifest_of(kind: str, facts: Mapping[str, t.Any]) -> Manifest:
    """The document for ``facts`` about what is of that kind."""
    return {"schema": dict(SCHEMA), "kind": kind, **facts}


def write(folder: str, manifest: Manifest) -> None:
    """Put the manifest beside the files it describes."""
    write_atomic(os.path.join(folder, FILE), canonical_json(manifest))


def read_intact(folder: str, digest: str, kind: str = "kernel") -> Manifest | None:
    """The manifest in ``folder`` if it is of these inputs and every file is as it says; None otherwise."""
    path = os.path.join(folder, FILE)
    if not os.path.isfile(path) or os.path.getsize(path) > _MAX_BYTES:
        return None
    try:
        manifest = json.loads(read_text(path) or "")
        files: Mapping[str, t.Any] = manifest["files"]
        same = manifest["schema"] == SCHEMA and manifest["kind"] == kind and manifest["digest"] == digest
        intact = same and bool(files) and describe_files(folder, files) == files
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return None
    return t.cast(Manifest, manifest) if intact else None
