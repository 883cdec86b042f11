# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on the controller from drills and collections: proofs, and the dumps of each host."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from .proofs import Proof, read_proof

_PROOF: t.Final = "proof.json"
#: Written last, so a dump that has one of them is here whole.
_DONE: t.Final = ("verdict.json", _PROOF)
_MAX_BYTES: t.Final = 4 << 20


@dataclass(frozen=True)
class Artifacts:
    """What was found; ``skipped`` are files that are called a proof and are none."""

    proofs: tuple[Proof, ...] = ()
    #: The names of dumps by host; None where there is no folder to look into.
    collected: t.Optional[dict[str, frozenset[str]]] = None
    skipped: tuple[str, ...] = ()


def read_artifacts(folder: str) -> Artifacts:
    """The folder that the roles crash_test and collect write to: <host>/<dump>/."""
    if not os.path.isdir(folder):
        return Artifacts()
    proofs, skipped = [], []
    collected: dict[str, set[str]] = {}
    for host, dump, place in _places(folder):
        if any(os.path.exists(os.path.join(place, name)) for name in _DONE):
            collected.setdefault(host, set()).add(dump)
        path = os.path.join(place, _PROOF)
        if os.path.exists(path):
            proof = _read(path)
            if proof:
                proofs.append(proof)
            else:
                skipped.append(path)
    return Artifacts(tuple(proofs), {host: frozenset(names) for host, names in collected.items()}, tuple(skipped))


def _places(folder: str) -> Iterator[tuple[str, str, str]]:
    for host in sorted(os.listdir(folder)):
        if os.path.isdir(os.path.join(folder, host)):
            for dump in sorted(os.listdir(os.path.join(folder, host))):
                place = os.path.join(folder, host, dump)
                if os.path.isdir(place):
                    yield host, dump, place


def _read(path: str) -> Proof | None:
    try:
        if os.path.getsize(path) > _MAX_BYTES:
            return None
        with open(path, encoding="utf-8") as stream:
            return read_proof(json.load(stream))
    except (OSError, ValueError, RecursionError):
        return None
