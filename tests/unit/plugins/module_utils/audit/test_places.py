# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where dumps are saved, and controls that look there: evidence of another place tells nothing."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import BY_ID
from ansible_collections.linux.kdump.plugins.module_utils.audit.judge import find
from ansible_collections.linux.kdump.plugins.module_utils.audit.model import Case, Finding, Thresholds
from ansible_collections.linux.kdump.plugins.module_utils.audit.proofs import Proofs, read_proof
from ansible_collections.linux.kdump.tests.unit.audit_hosts import (
    LINE,
    NOW,
    UUID,
    Document,
    armed,
    debian,
    drill,
    off,
)

#: Who looks at the place itself, and who looks at what lies there after the next boot.
THERE = ("KD-401", "KD-402", "KD-403")
LYING = ("KD-404", "KD-405", "KD-601", "KD-602")
#: What is wrong with /var/crash says nothing of another folder.
BAD: dict[str, t.Any] = {
    "folder__read_only": True, "folder__mode": "0755", "target__free_bytes": 0, "folder__encrypted": True,
    "dumps": [{"id": f"2025010{day}0000", "vmcore": "vmcore", "files": {}} for day in range(9)] * 2,
}  # fmt: skip


def judged(
    control: str, evidence: Document, *, proofs: t.Sequence[Document] = (), posture: str = "required"
) -> Finding:
    known = Proofs(proof for proof in map(read_proof, proofs) if proof).of("db1", evidence)
    limits = Thresholds(encryption=True)
    return find(BY_ID[control], Case(evidence, posture, True, limits, NOW, known, frozenset()))


def configured(settings: dict[str, t.Any], **changes: t.Any) -> Document:
    return debian(engine__settings=settings, **changes)


def told(words: str, **changes: t.Any) -> Document:
    line = LINE.replace(f"kdump.target=UUID={UUID}", words)
    return armed(load__command_line=line, **changes)


ELSEWHERE: dict[str, tuple[t.Callable[..., Document], t.Any, str]] = {
    "path": (configured, {"path": "/data"}, "saves to /data, and the evidence is of /var/crash. Set kdump_dump_path"),
    "coredir": (configured, {"KDUMP_COREDIR": "/data"}, "saves to /data,"),
    "savedir": (configured, {"KDUMP_SAVEDIR": "/data"}, "saves to /data,"),
    "file": (configured, {"KDUMP_SAVEDIR": "FILE:///data"}, "saves to /data,"),
    "another device": (configured, {"xfs": "UUID=ffff"}, "saves to /var/crash on UUID=ffff, and the evidence is of"),
    "another name": (configured, {"xfs": "/dev/mapper/vg-crash"}, "where that is mounted"),
    "a label": (configured, {"xfs": "LABEL=crash"}, "Name the device by its UUID"),
    "an id": (configured, {"xfs": "/dev/disk/by-id/x"}, "Name the device by its UUID"),
    "another folder": (configured, {"ext4": f"UUID={UUID}", "path": "/"}, "saves to / on UUID="),
    "a variable": (configured, {"KDUMP_COREDIR": None}, "KDUMP_COREDIR is set by what only a shell can tell"),
    "ours on another device": (told, "kdump.target=UUID=ffff kdump.path=/var/crash", "on UUID=ffff"),
    "ours in another folder": (told, f"kdump.target=UUID={UUID} kdump.path=/data", "saves to /data on UUID="),
    "one of ours": (told, f"kdump.target=local,limit=5,UUID={UUID},ext4,/data", "saves to /data on UUID="),
    "a label of ours": (told, "kdump.target=local,LABEL=crash,auto,/var/crash", "Name the device by its UUID"),
}
USUAL: dict[str, tuple[t.Callable[..., Document], t.Any]] = {
    "nothing": (configured, {}),
    "path": (configured, {"path": "/var/crash/"}),
    "coredir": (configured, {"KDUMP_COREDIR": "/var/crash"}),
    "savedir": (configured, {"KDUMP_SAVEDIR": "/var/crash"}),
    "file": (configured, {"KDUMP_SAVEDIR": "file:///var/crash"}),
    "uuid": (configured, {"ext4": f"UUID={UUID.upper()}"}),
    "link": (configured, {"ext4": f"/dev/disk/by-uuid/{UUID}"}),
    "ours": (told, f"kdump.target=UUID={UUID} kdump.path=/var/crash"),
    "one of ours": (told, f"kdump.target=local,retries=2,UUID={UUID},ext4,/var/crash"),
}


@pytest.mark.parametrize("control", [*THERE, *LYING])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_evidence_of_another_place_tells_nothing(control: str, name: str) -> None:
    make, words, message = ELSEWHERE[name]
    for changes in ({}, BAD):
        found = judged(control, make(words, **changes))
        assert (found.status, message in found.message) == ("unknown", True), found


@pytest.mark.parametrize("control", [*THERE, *LYING])
@pytest.mark.parametrize("name", USUAL)
def test_evidence_of_the_usual_place_tells(control: str, name: str) -> None:
    make, words = USUAL[name]
    assert judged(control, make(words)).status == ("unknown" if control == "KD-602" else "pass"), name
    bad = {**BAD, "folder__encrypted": control == "KD-403"}
    assert judged(control, make(words, **bad)).status == "fail", name


def test_a_file_system_has_folders_of_its_own() -> None:
    mounted: dict[str, t.Any] = {"target__fs_path": "/crash", "target__source": "/dev/mapper/my--vg-var"}
    for device in (f"UUID={UUID}", "/dev/mapper/my--vg-var", "/dev/my-vg/var"):
        assert judged("KD-402", configured({"ext4": device, "path": "/crash"}, **mounted)).status == "pass", device
        assert judged("KD-402", configured({"ext4": device}, **mounted)).status == "unknown", device
    subvolume = {**mounted, "target__fstype": "btrfs", "target__fs_path": "/root/var/crash"}
    assert judged("KD-402", configured({"btrfs": f"UUID={UUID}"}, **subvolume)).status == "pass"
    untold = configured({"ext4": f"UUID={UUID}"}, target__fs_path=None)
    assert judged("KD-402", untold).status == "unknown"


def test_a_device_without_a_file_system_is_shown_by_a_drill() -> None:
    for make, words, again in (
        (configured, {"raw": "/dev/disk/by-partuuid/x"}, {"digests": {}}),
        (told, "kdump.target=raw,limit=9,PARTUUID=abc", {"dump__attempts": [{"target": "raw:PARTUUID=abc"}]}),
    ):
        made: t.Any = make
        evidence = made(words)
        for control in THERE:
            found = judged(control, evidence)
            assert (found.status, "itself, and the evidence is of" in found.message) == ("unknown", True), found
        for control in LYING[:-1]:
            # the next boot makes files of it
            assert judged(control, evidence).status == "pass", control
        line = evidence["load"]["command_line"] if evidence["load"] else None
        old = {name: {"bytes": 1, "modified": 0} for name in evidence["files"]}
        reserved = evidence["crash"]["reserved_bytes"]
        proof = drill(digests__command_line=line, memory__reserved_bytes=reserved, **again)
        if evidence["load"] is None:
            evidence["files"] = old
        assert judged("KD-401", evidence, proofs=[proof]).status == "pass"
        assert judged("KD-403", evidence, proofs=[proof]).status == "pass"
        assert judged("KD-402", evidence, proofs=[proof]).status == "unknown"
    assert judged("KD-403", configured({"raw": "/dev/sda5"})).status == "fail"
    later = configured({"raw": "/dev/disk/by-partuuid/x", "path": "/data"})
    assert judged("KD-601", later).status == "unknown"


def test_a_server_has_no_folder_of_the_host() -> None:
    for settings in ({"ssh": "a@b", "path": "/data"}, {"KDUMP_SAVEDIR": "sftp://a/b"}, {"FTP": "a:/b"}):
        assert judged("KD-401", configured(t.cast(t.Any, settings))).status == "unknown"
        assert judged("KD-404", configured(t.cast(t.Any, settings))).status == "pass"


def test_a_server_that_only_a_shell_can_tell_is_unknown() -> None:
    for name in ("SSH", "NFS", "KDUMP_SAVEDIR"):
        for control in (*THERE, *LYING):
            found = judged(control, configured({name: None}))
            assert (found.status, f"{name} is set by what only a shell can tell" in found.message) == ("unknown", True)


def test_an_encrypted_disk_is_for_dumps_that_go_to_it() -> None:
    disk: dict[str, t.Any] = {"folder__encrypted": True}
    assert judged("KD-602", configured({}, **disk)).status == "pass"
    for elsewhere in (
        configured({"NFS": "a:/b"}, **disk), configured({"KDUMP_SAVEDIR": "ssh://a/b"}, **disk),
        told("kdump.target=ssh,a@b:22,c", **disk), told("kdump.target=raw,PARTUUID=abc", **disk),
    ):  # fmt: skip
        assert judged("KD-602", elsewhere).status == "unknown"
    lying = [{"id": "a", "vmcore": "vmcore"}]
    assert judged("KD-602", configured({"NFS": "a:/b"}, dumps=lying)).status == "fail"


def test_what_is_mounted_over_the_place_is_a_failure() -> None:
    memory: dict[str, t.Any] = {"target__fstype": "tmpfs", "target__uuid": None, "target__fs_path": "/"}
    found = judged("KD-403", told(f"kdump.target=UUID={UUID} kdump.path=/var/crash", **memory))
    assert (found.status, "tmpfs" in found.message) == ("fail", True), found
    assert judged("KD-403", told(f"kdump.target=UUID={UUID} kdump.path=/data", **memory)).status == "unknown"
    assert judged("KD-402", told(f"kdump.target=UUID={UUID} kdump.path=/var/crash", **memory)).status == "unknown"


def test_where_kdump_is_forbidden_dumps_of_the_distributions_may_lie_elsewhere() -> None:
    engine = debian()["engine"]
    for settings, status in (({}, "pass"), ({"KDUMP_COREDIR": "/data"}, "unknown"), ({"SSH": "a@b"}, "pass")):
        host = off(engine={**engine, "settings": settings})
        assert judged("KD-002", host, posture="forbidden").status == status, settings
    host = off(engine={**engine, "settings": {"path": "/data"}}, dumps=[{"id": "x"}])
    assert judged("KD-002", host, posture="forbidden").status == "fail"
