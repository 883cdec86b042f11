# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills of a whole fleet: whose counts for whom, and what looking for it costs."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit import proofs
from ansible_collections.linux.kdump.tests.unit.audit_hosts import LINE, UUID, armed, drill


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


@pytest.mark.parametrize(
    ("later", "counts"),
    [
        ([], "lab"),
        ([("lab", False, {})], None),
        ([("lab", False, {"memory__reserved_bytes": 32 << 20})], None),
        ([("lab", False, {"digests__command_line": "another"})], None),
        ([("lab", False, {}), ("lab", True, {})], "lab"),
        ([("lab", True, {}), ("lab", False, {})], None),
        # the last one was good, of another kind
        ([("lab", False, {}), ("lab", True, {"machine": "aarch64"})], None),
        # with other images, and of another twin
        ([("lab", False, {"digests__initramfs": "c" * 64})], "lab"),
        ([("lab2", False, {})], "lab"),
        ([("lab", False, {}), ("lab2", True, {})], "lab2"),
        ([("lab2", True, {}), ("lab", False, {})], "lab2"),
    ],
)
def test_the_newest_drill_of_a_twin_with_the_same_images_decides(
    later: list[tuple[str, bool, dict[str, t.Any]]], counts: t.Optional[str]
) -> None:
    known = [proof_of("lab", when__started="2026-02-20T10:00:00Z")]
    for day, (host, good, changes) in enumerate(later, start=1):
        machine = changes.pop("machine", "x86_64")
        proof = proof_of(host, ok=good, when__started=f"2026-02-2{day}T10:00:00Z", **changes)
        known.append(replace(proof, machine=machine))
    found = proofs.Proofs(reversed(known)).of("me", armed()).current
    assert (found.host if found else None) == counts


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


@pytest.mark.parametrize(
    ("mine", "twins", "counts"),
    [
        ("UUID=0a", "UUID=0b", True),
        ("local,UUID=0a,ext4,/", "local,LABEL=x,xfs,/srv", True),
        ("raw,PARTUUID=0a", "raw,PARTUUID=0b", True),
        ("nfs,4,192.0.2.7:2049,/srv,/", "nfs,4,192.0.2.7:2049,/srv,/", True),
        ("nfs,4,192.0.2.7:2049,/srv,/", "nfs,4,192.0.2.8:2049,/srv,/", False),
        ("ssh,kdump@192.0.2.7:22,a", "ssh,kdump@192.0.2.7:22,b", False),
        ("ssh,kdump@192.0.2.7:22,a", "UUID=0b", False),
        ("UUID=0a", "local,UUID=0a,ext4,/", False),
        ("raw,PARTUUID=0a", "local,UUID=0a,ext4,/", False),
        ("UUID=0a kdump.target=ssh,a@b:22,c", "UUID=0b", False),
        ("UUID=0a kdump.target=raw,PARTUUID=1", "raw,PARTUUID=1 kdump.target=UUID=0b", False),
    ],
)
def test_a_twin_dumps_to_the_same_server_or_to_a_disk_named_in_the_same_way(
    mine: str, twins: str, counts: bool
) -> None:
    line = LINE.replace(f"UUID={UUID}", "{}")
    twin = proof_of("b", digests__command_line=line.format(twins))
    found = proofs.Proofs([twin]).of("me", armed(load__command_line=line.format(mine)))
    assert (found.current is not None) is counts
    # nobody's own disk stands in for another one
    own = proofs.read_proof(drill(host__name="me", digests__command_line=line.format(twins)))
    assert own and (proofs.Proofs([own]).of("me", armed(load__command_line=line.format(mine))).current is None) is (
        mine != twins
    )
