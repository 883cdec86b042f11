# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills of a whole fleet: whose counts for whom, and what looking for it costs."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit import proofs
from ansible_collections.linux.kdump.tests.unit.audit_hosts import UUID, armed, drill


def proof_of(host: str, **changes: t.Any) -> proofs.Proof:
    document = drill(host={"name": host, "machine": "x86_64"}, **changes)
    # Each host has a disk of its own, which a twin may name differently.
    document["digests"]["command_line"] = document["digests"]["command_line"].replace(UUID, f"disk-of-{host}")
    found = proofs.read_proof(document)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("drills", "twin"),
    [
        ([("a", 1), ("b", 2)], "b"),
        ([("b", 2), ("a", 1)], "b"),
        ([("a", 1), ("me", 2)], "a"),
        ([("a", 1), ("me", 2), ("me", 3)], "a"),
        ([("me", 1)], None),
        ([], None),
    ],
)
def test_the_newest_drill_of_another_host_is_the_twins(drills: list[tuple[str, int]], twin: str | None) -> None:
    known = [proof_of(host, when__started=f"2026-02-2{day}T10:00:00Z") for host, day in drills]
    # Its own drills were on another disk, so they do not count.
    found = proofs.Proofs(known).of("me", armed()).current
    assert (found.host if found else None) == twin


def test_a_greater_reservation_proves_nothing_for_a_smaller_one() -> None:
    large = proof_of("b", memory__reserved_bytes=128 << 20, when__started="2026-02-25T10:00:00Z")
    found = proofs.Proofs([proof_of("a"), large]).of("me", armed()).current
    assert found is not None and found.host == "a"


def test_a_fleet_that_has_proven_itself_is_not_searched_for_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(proof: proofs.Proof, evidence: t.Mapping[str, t.Any], *, own: bool) -> tuple[str, ...]:
        asked.append(proof)
        return genuine(proof, evidence, own=own)

    genuine = proofs.differences
    monkeypatch.setattr(proofs, "differences", counted)
    known = proofs.Proofs([proof_of(f"h{number}") for number in range(100)])
    for number in range(100):
        known.of(f"h{number}", armed(load__command_line="another", crash__reserved_bytes=1))
    assert len(asked) <= 300
