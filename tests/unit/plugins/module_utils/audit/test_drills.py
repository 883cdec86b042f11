# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What drills and kdumpctl's own test show of a host, and what not: where the dump went, and by which drivers."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import BY_ID
from ansible_collections.linux.kdump.plugins.module_utils.audit.judge import Bench, judge
from ansible_collections.linux.kdump.plugins.module_utils.audit.policy import read_policy
from ansible_collections.linux.kdump.plugins.module_utils.audit.proofs import read_proof
from ansible_collections.linux.kdump.tests.unit.audit_hosts import (
    GONE,
    LINE,
    NOW,
    STAMP,
    UUID,
    Document,
    armed,
    changed,
    debian,
    document_of,
    drill,
)
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.audit.test_controls import (
    FENCES,
    case_of,
    judged,
)

_SSH = "ssh,limit=60,retries=1,kdump@192.0.2.7:22,db1"
_TRIED = "ssh:kdump@192.0.2.7:22,db1"
_FELL = {"target": "local:UUID=x,ext4,/var/crash", "failure": None}


@pytest.mark.parametrize(
    ("first", "attempts", "status", "words"),
    [
        (_SSH, [{"target": _TRIED, "failure": None}], "pass", "saved"),
        # on its second try, and with a driver that was missing for another target
        (_SSH, [{"target": _TRIED, "failure": "fail-network"}, {"target": _TRIED, "failure": "fail-module"}], "pass",
         "saved"),
        (_SSH, [{"target": _TRIED, "failure": "fail-login"}, _FELL], "fail",
         "saved to local:UUID=x,ext4,/var/crash, and not to the first dump target, which failed with fail-login."),
        (_SSH, [{"target": _TRIED, "failure": None}, _FELL], "fail", "failed with no reason"),
        (_SSH, [_FELL], "fail", "was not tried"),
        (_SSH, [], "unknown", "does not tell which dump target"),
        (_SSH, [7], "unknown", "does not tell which dump target"),
        ("nfs,4,192.0.2.7:2049,/" + "x" * 300 + ",/", [{"target": "nfs:4,192.0.2.7:2049,/" + "x" * 300 + ",/"}], "pass",
         "saved"),
    ],
)  # fmt: skip
def test_a_drill_that_fell_back_proves_no_server(first: str, attempts: list[t.Any], status: str, words: str) -> None:
    line = LINE.replace(f"UUID={UUID}", f"{first} kdump.target=local,UUID=x,ext4,/var/crash")
    evidence = armed(load__command_line=line)
    proof = drill(digests__command_line=line, dump__attempts=attempts)
    for name in ("db1", "lab"):
        for control in ("KD-401", "KD-204"):
            case = case_of(evidence, proofs=[changed(proof, {"host__name": name})])
            found = judged(control, case)
            assert (found.status, words in found.message) == (status, True), (control, name, found)
            assert set(case.used) <= set(BY_ID[control].evidence)


def test_a_drill_that_fell_back_to_another_disk_does_not_show_that_the_first_fits() -> None:
    line = LINE.replace(f"UUID={UUID}", "raw,PARTUUID=1 kdump.target=local,UUID=x,ext4,/var/crash")
    for attempts, status in (([{"target": "raw:PARTUUID=1", "failure": "fail-space"}, _FELL], "fail"),
                             ([{"target": "raw:PARTUUID=1"}], "pass")):  # fmt: skip
        proof = drill(digests__command_line=line, dump__attempts=attempts)
        for mine in (line, line.replace("PARTUUID=1", "PARTUUID=2")):
            proof["host"]["name"] = "db1" if mine == line else "lab"
            assert judged("KD-204", case_of(armed(load__command_line=mine), proofs=[proof])).status == status


def test_the_distributions_kdump_does_not_record_where_it_fell_back() -> None:
    proof = drill(digests={"kernel": None, "initramfs": None}, memory__reserved_bytes=128 << 20)
    for settings, status in (({}, "pass"), ({"failure_action": "reboot"}, "pass"),
                             ({"failure_action": "dump_to_rootfs"}, "unknown"),
                             ({"default": "dump_to_rootfs"}, "unknown")):  # fmt: skip
        evidence = debian(engine__settings={"ssh": "a@b", **settings}, files={"/x": {"bytes": 1, "modified": 9}})
        for control in ("KD-401", "KD-205"):
            assert judged(control, case_of(evidence, proofs=[proof])).status == status, (control, settings)


_MAC = "52:54:00:00:00:01"
_CARDS = [
    {"name": "eno1", "mac": _MAC, "path_modules": [{"driver": "tg3", "module": "tg3"}]},
    {"name": "eno2", "mac": "52:54:00:00:00:02", "path_modules": [{"driver": "e1000e", "module": None}]},
]


@pytest.mark.parametrize(
    ("name", "told", "attempt", "status", "words"),
    [
        # its own drill, whatever disks it has, and with the interface that it had then
        ("db1", {"drivers": ["nvme"]}, _TRIED, "pass", "reached the server"),
        ("db1", {"network_drivers": ["tg3"]}, _TRIED, "pass", "reached the server"),
        ("db1", {"network_drivers": ["e1000e"]}, _TRIED, "unknown", "does not show that the drivers"),
        # local disk drivers of a twin prove nothing
        ("lab", {"drivers": ["ext4", "virtio_blk"]}, _TRIED, "unknown", "does not show that the drivers"),
        ("lab", {"network_drivers": ["tg3"]}, _TRIED, "pass", "The drill of lab"),
        ("lab", {"network_drivers": ["virtio_net"]}, _TRIED, "unknown", "does not show that the drivers"),
        # the local disk took the dump
        ("db1", {}, "local:UUID=x", "unknown", "was not tried"),
        ("lab", {"network_drivers": ["tg3"]}, "local:UUID=x", "unknown", "was not tried"),
    ],
)
def test_dumps_that_leave_the_host_need_the_drivers_of_its_interface(
    name: str, told: dict[str, t.Any], attempt: str, status: str, words: str
) -> None:
    line = LINE.replace(f"UUID={UUID}", f"{_SSH} kdump.net={_MAC.upper()},dhcp")
    evidence = armed(load__command_line=line, interfaces=_CARDS)
    proof = read_proof(
        drill(host={"name": name, "machine": "x86_64", **told}, digests__command_line=line,
              dump__attempts=[{"target": attempt}])
    )  # fmt: skip
    policy = read_policy({"posture": "required"}, {"db1": ()}, today=NOW.date())
    bench = Bench(NOW, "0.1.0", [proof] if proof else [])
    results = judge([document_of("db1", evidence)], policy, bench)["hosts"][0]["results"]
    found = {result["control"]: result for result in results}["KD-205"]
    assert (found["status"], words in found["message"]) == (status, True), found


def by_kdumpctl(status: str = "success", age: float = 1, **changes: t.Any) -> Document:
    """A host of Red Hat's family that kdumpctl test has crashed, so many days ago; its files are older."""
    test = {"status": status, "at": STAMP - int(age * 86400)}
    files = {path: {"bytes": 1, "modified": STAMP - 200 * 86400} for path in ("/boot/vmlinuz", "/etc/fstab")}
    return debian(**{"engine__name": "kdump-utils", "kdumpctl_test": test, "files": files, **changes})


def test_kdumpctls_own_test_counts() -> None:
    for status, age, wanted in (
        ("success", 1, "pass"),
        ("success", 100, "fail"),
        ("fail", 1, "fail"),
        ("pending", 1, "fail"),
        # of the future
        ("success", -1, "unknown"),
        ("fail", -1, "unknown"),
    ):
        found = judged("KD-701", case_of(by_kdumpctl(status, age)))
        assert found.status == wanted, (status, age, found)


def test_kdumpctls_own_test_goes_stale_when_a_file_changes_or_a_drill_fails() -> None:
    for age, status in ((1, "pass"), (0.9, "fail"), (2, "pass")):
        written = {"/etc/fstab": {"bytes": 1, "modified": STAMP - int(age * 86400)}}
        found = judged("KD-701", case_of(by_kdumpctl(files=written)))
        assert (found.status, "changed: /etc/fstab." in found.message) == (status, status == "fail"), found
    for files in ({}, GONE):
        assert judged("KD-701", case_of(by_kdumpctl(files=files))).status == "unknown"
    broken = drill(ok=False, headline="Nothing was saved.", when__started="2026-02-28T18:00:00Z")
    found = judged("KD-701", case_of(by_kdumpctl(age=1), proofs=[broken]))
    assert (found.status, "Nothing was saved." in found.message) == ("fail", True), found
    assert judged("KD-701", case_of(by_kdumpctl(age=0.5), proofs=[broken])).status == "pass"


def test_kdumpctl_reads_the_dump_of_its_own_test_itself() -> None:
    for evidence, status in (
        (by_kdumpctl(), "not_applicable"), (by_kdumpctl(age=100), "unknown"), (by_kdumpctl("fail"), "unknown"),
        (by_kdumpctl(age=-1), "unknown"), (by_kdumpctl(files={}), "unknown"), (debian(), "unknown"),
        (by_kdumpctl(service__enabled=True), "unknown"),
    ):  # fmt: skip
        case = case_of(evidence)
        assert judged("KD-702", case).status == status, evidence["kdumpctl_test"]
        assert set(case.used) <= set(BY_ID["KD-702"].evidence)
    # where a drill counts, its dump is judged
    proof = drill(digests={"kernel": None, "initramfs": None}, memory__reserved_bytes=128 << 20)
    assert judged("KD-702", case_of(by_kdumpctl(), proofs=[proof])).status == "pass"


def test_fence_kdump_is_sent_by_the_kdump_of_red_hats_family_alone() -> None:
    for evidence, words in (
        (armed(engine=FENCES), "this collection's save environment does not send it."),
        (debian(), "only the kdump of Red Hat's family sends it, which does not serve this host."),
        (debian(engine={**FENCES, "settings": {}}), "is not told any fence_kdump_nodes."),
    ):
        case = case_of(evidence, proofs=[drill()], fence_kdump=True)
        assert judged("KD-703", case).message.endswith(words)
        assert set(case.used) <= set(BY_ID["KD-703"].evidence)
    host = by_kdumpctl(engine__settings={"fence_kdump_nodes": "a b"})
    proof = drill(digests={"kernel": None, "initramfs": None}, memory__reserved_bytes=128 << 20)
    assert judged("KD-703", case_of(host, proofs=[proof], fence_kdump=True)).status == "pass"
