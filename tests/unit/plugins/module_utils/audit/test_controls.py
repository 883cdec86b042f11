# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every control: a host that meets it, hosts that do not, and evidence that does not tell."""

from __future__ import annotations

import typing as t
from dataclasses import fields, replace

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import BY_ID, CATALOGUE
from ansible_collections.linux.kdump.plugins.module_utils.audit.judge import Bench, find, judge
from ansible_collections.linux.kdump.plugins.module_utils.audit.model import Case, Finding, Thresholds
from ansible_collections.linux.kdump.plugins.module_utils.audit.policy import read_policy
from ansible_collections.linux.kdump.plugins.module_utils.audit.proofs import Proofs, read_proof
from ansible_collections.linux.kdump.tests.unit.audit_hosts import (
    GIB,
    GONE,
    LINE,
    NOW,
    RELEASE,
    STAMP,
    Document,
    armed,
    changed,
    debian,
    document_of,
    drill,
    off,
)
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.audit.rows import ROWS

#: Two dumps, together of two GiB less one byte.
_GIBIBYTES = [{"id": "a", "files": {"vmcore": GIB, "record.json": 9}}, {"id": "b", "files": {"vmcore": GIB - 10}}]
FENCES = {"name": "kdump-utils", "settings": {"fence_kdump_nodes": "a b"}}
_ENCRYPTED = drill(dump__files=[{"name": "vmcore.age"}])
#: What SUSE's kdump can be told of the level, and what comes of it.
_SUSE: t.Final[tuple[tuple[dict[str, str | None], str], ...]] = (
    ({}, "pass"), ({"KDUMP_DUMPFORMAT": "lzo"}, "pass"), ({"KDUMP_DUMPFORMAT": "raw"}, "fail"),
    ({"KDUMP_DUMPFORMAT": "none"}, "fail"), ({"KDUMP_DUMPFORMAT": None}, "unknown"), ({"KDUMP_DUMPLEVEL": "0"}, "fail"),
    ({"KDUMP_DUMPLEVEL": "31", "MAKEDUMPFILE_OPTIONS": "--num-threads 2"}, "pass"),
    ({"MAKEDUMPFILE_OPTIONS": "--num-threads 2"}, "pass"), ({"MAKEDUMPFILE_OPTIONS": "-d 1"}, "fail"),
    ({"KDUMP_DUMPLEVEL": "1", "MAKEDUMPFILE_OPTIONS": "-d 31"}, "pass"), ({"KDUMP_DUMPLEVEL": None}, "unknown"),
    ({"MAKEDUMPFILE_OPTIONS": None}, "unknown"),
)  # fmt: skip
#: Read where they are there; without them the judges know enough.
_OPTIONAL = frozenset({
    "load", "load_error", "service.enabled", "service.active", "engine.name", "engine.settings", "distribution",
    "omitted.dumps", "omitted.dumps.files", "omitted.boot.entries", "omitted.unread", "omitted.folder.open",
    "estimate.expected_bytes", "estimate.makedumpfile.version", "folder.inodes_free",
    "folder.unlock_bytes", "boot.problem", "proof.memory", "proof.makedumpfile", "proof.started", "proof.host",
    "proof.verdict", "proof.back_seconds", "policy.posture", "collector", "watchdogs", "dumps",
    "hotplug.kernel_updates_memory", "hotplug.kernel_updates_cpus", "boot.kernels", "boot_sysctls",
})  # fmt: skip


def case_of(
    evidence: Document,
    *,
    proofs: t.Sequence[Document] = (),
    posture: str = "required",
    collected: frozenset[str] | None = None,
    declared: bool = True,
    **thresholds: t.Any,
) -> Case:
    known = Proofs(proof for proof in map(read_proof, proofs) if proof)
    proven = known.of("db1", evidence)
    return Case(
        evidence, posture, declared, replace(Thresholds(), **thresholds), now=NOW, proven=proven, collected=collected
    )


def judged(control: str, case: Case) -> Finding:
    return find(BY_ID[control], case)


def test_a_host_that_is_armed_and_proven_meets_everything() -> None:
    for spec in CATALOGUE:
        found = judged(spec.id, case_of(armed(), proofs=[drill()], nmi_panics=False))
        wanted = {"KD-002": "not_applicable", "KD-503": "not_applicable", "KD-602": "not_applicable"}
        assert found.status == wanted.get(spec.id, "pass"), (spec.id, found)


@pytest.mark.parametrize("control", sorted({row[0] for row in ROWS}))
def test_what_hosts_fail_by(control: str) -> None:
    for name, base, changes, status, words in (row[1:] for row in ROWS if row[0] == control):
        evidence = changed(armed() if base == "armed" else debian() if base == "debian" else off(), changes)
        found = judged(control, case_of(evidence, posture="forbidden" if control == "KD-002" else "required"))
        assert (found.status, words in found.message) == (status, True), (name, found)


def test_every_control_is_seen_to_pass_and_to_fail() -> None:
    failing = {row[0] for row in ROWS if row[4] == "fail"} | SEEN_ELSEWHERE
    assert {spec.id for spec in CATALOGUE} - failing == set()


#: Their failures depend on more than the evidence, and are below.
SEEN_ELSEWHERE = {"KD-001", "KD-205", "KD-405", "KD-503", "KD-602", "KD-603", "KD-701", "KD-702", "KD-703"}


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.id)
def test_evidence_that_is_missing_is_never_a_pass(spec: t.Any) -> None:
    posture = "forbidden" if spec.id == "KD-002" else "required"
    base = off if spec.id == "KD-002" else armed
    options: t.Any = {"posture": posture, "encryption": True} if spec.id == "KD-602" else {"posture": posture}
    case = case_of(base(), proofs=[drill()], **options)
    judged(spec.id, case)
    assert set(case.used) <= {*spec.evidence, "policy.posture"}, spec.id
    for key in set(case.used) - _OPTIONAL:
        folder, dot, name = key.partition(".")
        gone = {f"{folder}__{name.replace('.', '!') if folder == 'sysctls' else name}" if dot else folder: GONE}
        found = judged(spec.id, case_of(base(**gone), proofs=[drill()], **options))
        assert found.status in ("unknown", "fail"), (spec.id, key, found)
    for evidence in ({}, {"privileged": False}):
        found = judged(spec.id, case_of(t.cast(Document, evidence), **options))
        assert found.status != "pass" or spec.id == "KD-001", (spec.id, found)


def test_evidence_that_is_anything_is_unknown() -> None:
    junk: t.Any
    for junk in (7, "x", [1], {"a": 1}, True, -1, None, 1.5, [None], [{}]):
        evidence = dict.fromkeys(armed(), junk)
        for spec in CATALOGUE:
            found = judged(spec.id, case_of(evidence, posture="forbidden" if spec.id == "KD-002" else "required"))
            assert found.status != "pass" or spec.id == "KD-001", (spec.id, junk, found)


def test_the_posture_decides_who_is_judged() -> None:
    assert judged("KD-002", case_of(armed())).status == "not_applicable"
    assert judged("KD-002", case_of(off(), posture="forbidden")).status == "pass"
    assert judged("KD-301", case_of(off(), posture="forbidden")).status == "not_applicable"
    assert judged("KD-301", case_of(off(), posture="optional")).status == "not_applicable"
    assert judged("KD-301", case_of(off(service__enabled=True), posture="optional")).status == "fail"
    assert judged("KD-601", case_of(off(folder__mode="0755"), posture="optional")).status == "fail"
    assert judged("KD-001", case_of(off(), declared=False)).status == "fail"


def test_thresholds_decide() -> None:
    proven: dict[str, t.Any] = {"proofs": [drill()]}
    for control, evidence, options, status in (
        ("KD-104", armed(), {**proven, "memory_margin_percent": 300}, "fail"),
        ("KD-105", armed(), {"reserved_percent": 1}, "fail"),
        ("KD-402", armed(), {"dump_percent": 1000}, "fail"),
        ("KD-402", armed(estimate={"expected_bytes": 14 * GIB}), {}, "fail"),
        ("KD-402", armed(estimate={"expected_bytes": 14 * GIB}), {"free_percent": 100}, "pass"),
        ("KD-404", armed(dumps=[{"id": "a"}, {"id": "b"}]), {"dump_count": 1}, "fail"),
        ("KD-404", armed(dumps=_GIBIBYTES), {"dump_gib": 2}, "pass"),
        ("KD-404", armed(dumps=_GIBIBYTES), {"dump_gib": 1}, "fail"),
        ("KD-404", armed(dumps=_GIBIBYTES), {"dump_gib": 2, "dump_count": 1}, "fail"),
        # What was left out of the evidence may be of any size, and what is in it can be too much already.
        ("KD-404", armed(dumps=_GIBIBYTES, omitted={"dumps": 1}), {"dump_gib": 2}, "unknown"),
        ("KD-404", armed(dumps=_GIBIBYTES, omitted={"dumps": 1}), {"dump_gib": 1}, "fail"),
        ("KD-404", armed(dumps=[{"id": "a"}]), {"dump_gib": 1}, "unknown"),
        ("KD-404", armed(dumps=[{"id": "a", "files": {"vmcore": "large"}}]), {"dump_gib": 1}, "unknown"),
        ("KD-502", armed(), {"panic_on": ()}, "not_applicable"),
        ("KD-502", armed(), {"panic_on": ("hung_task_panic",)}, "fail"),
        ("KD-503", armed(), {"nmi_panics": True}, "fail"),
        ("KD-602", armed(), {**proven, "encryption": True}, "fail"),
        ("KD-602", armed(), {"encryption": True}, "unknown"),
        ("KD-602", armed(folder__encrypted=True), {"encryption": True}, "pass"),
        ("KD-602", armed(dumps=[{"id": "a", "vmcore": "vmcore"}]), {"encryption": True}, "fail"),
        ("KD-602", armed(), {"encryption": True, "proofs": [_ENCRYPTED]}, "pass"),
        ("KD-602", armed(omitted={"dumps": 1}), {"encryption": True, "proofs": [_ENCRYPTED]}, "unknown"),
        ("KD-603", armed(), {"proofs": [drill(dump__collector="makedumpfile -l -d 17")]}, "fail"),
        ("KD-603", armed(), {"proofs": [drill(dump__collector="dd")]}, "fail"),
        ("KD-603", armed(), {"dump_level": 0}, "not_applicable"),
        ("KD-603", armed(), {}, "unknown"),
        ("KD-603", armed(dumps=[{"id": "a", "record": {"collector": "makedumpfile -d 31"}}]), {}, "pass"),
        ("KD-603", debian(), {}, "pass"),
        ("KD-603", debian(engine__settings={"MAKEDUMP_ARGS": "-c -d 1"}), {}, "fail"),
        ("KD-603", debian(engine__settings={"MAKEDUMP_ARGS": "-c"}), {}, "fail"),
        ("KD-603", debian(engine__settings={"MAKEDUMP_ARGS": None}), {}, "unknown"),
        ("KD-603", debian(engine__settings={"core_collector": "makedumpfile -l -d 1 -d 31"}), {}, "pass"),
        *(("KD-603", debian(engine__name="suse", engine__settings=settings), {}, status) for settings, status in _SUSE),
        ("KD-703", armed(), {**proven, "back_seconds": 40}, "fail"),
        ("KD-703", armed(), {**proven, "fence_kdump": True}, "fail"),
        ("KD-703", debian(engine=FENCES), {"fence_kdump": True}, "unknown"),
        ("KD-703", debian(engine={**FENCES, "settings": {}}), {"fence_kdump": True}, "fail"),
        # what is set for a kdump that does not serve the host
        ("KD-703", armed(engine=FENCES), {**proven, "fence_kdump": True}, "fail"),
        ("KD-703", debian(engine=FENCES, service__enabled=True), {"fence_kdump": True}, "fail"),
        ("KD-703", debian(engine={**FENCES, "name": "kdump-tools"}), {"fence_kdump": True}, "fail"),
        ("KD-703", off(), {"fence_kdump": True}, "fail"),
    ):  # fmt: skip
        found = judged(control, case_of(evidence, **t.cast(t.Any, options)))
        assert found.status == status, (control, options, found)
    assert all(field.name in Thresholds.__annotations__ for field in fields(Thresholds))


@pytest.mark.parametrize("base", [armed, debian, off])
def test_a_list_that_was_cut_tells_only_what_is_wrong_in_it(base: t.Callable[..., Document]) -> None:
    controls = {"dumps": ["KD-002", "KD-404", "KD-405"], "boot.entries": ["KD-002", "KD-102"]}
    controls["folder.open"] = ["KD-601"]
    if base is debian:
        controls["boot.entries"].append("KD-203")
    for name, judges in controls.items():
        for control in judges:
            options: dict[str, t.Any] = {"posture": "forbidden" if control == "KD-002" else "required"}
            before = judged(control, case_of(base(), **options))
            found = judged(control, case_of(base(omitted={name: 3}), **options))
            assert found.status == ("unknown" if before.status == "pass" else "fail"), (name, control, found)
            assert found.status == "fail" or "3 were left out" in found.message, found


def test_files_of_dumps_that_were_left_out_may_be_of_any_size() -> None:
    for gib, status in ((0, "pass"), (1, "fail"), (2, "unknown")):
        found = judged("KD-404", case_of(armed(dumps=_GIBIBYTES, omitted={"dumps.files": 1}), dump_gib=gib))
        assert found.status == status, (gib, found)


@pytest.mark.parametrize(
    ("control", "path", "status"),
    [
        ("KD-601", "/var/crash", "unknown"), ("KD-601", "/var", "unknown"), ("KD-601", "/", "unknown"),
        ("KD-601", "/var/crashes", "pass"), ("KD-601", "/var/crash/x", "pass"),
        ("KD-002", "/var/crash", "unknown"), ("KD-404", "/var/crash/x", "unknown"), ("KD-405", "/var", "unknown"),
        ("KD-405", "/proc/iomem", "pass"),
    ],
)  # fmt: skip
def test_a_folder_that_could_not_be_looked_at_is_not_empty(control: str, path: str, status: str) -> None:
    options: dict[str, t.Any] = {"posture": "forbidden" if control == "KD-002" else "required"}
    evidence = off(folder__exists=False, folder__mode=None, unread={path: "Permission denied"})
    found = judged(control, case_of(evidence, **options))
    assert found.status == status, found
    assert status == "pass" or f"{path} could not be read (Permission denied)" in found.message, found
    cut = off(folder__exists=False, folder__mode=None, omitted={"unread": 2})
    assert judged(control, case_of(cut, **options)).status == "unknown"


def test_old_dumps_have_to_be_collected() -> None:
    dumps = [{"id": "20251201T000000Z-aabbccdd"}, {"id": "202512020000"}, {"id": "127.0.0.1-2026-02-27-10:11:12"}]
    names = frozenset({"20251201T000000Z-aabbccdd", "202512020000"})
    found = judged("KD-405", case_of(armed(dumps=dumps)))
    assert (found.status, "there is no folder of dumps on the controller." in found.message) == ("unknown", True), found
    assert judged("KD-405", case_of(armed(dumps=dumps), collected=names)).status == "pass"
    assert judged("KD-405", case_of(armed(dumps=dumps), collected=frozenset())).status == "fail"
    assert judged("KD-405", case_of(armed(dumps=dumps[2:]))).status == "pass"
    assert judged("KD-405", case_of(armed(dumps=[{"id": "lost"}]), collected=frozenset())).status == "fail"


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"release": "6.1.0-41-amd64"}, "the running kernel"),
        ({"load__kernel": {"sha256": "c" * 64}}, "the capture kernel"),
        ({"load__initramfs": {"sha256": "c" * 64}}, "the initramfs"),
        ({"load__command_line": LINE + " quiet"}, "the capture kernel's command line"),
        ({"crash__reserved_bytes": 32 << 20}, "the reservation"),
        ({"machine": "aarch64"}, "the machine"),
    ],
)
def test_a_proof_goes_stale_when_anything_changes(evidence: dict[str, t.Any], words: str) -> None:
    found = judged("KD-701", case_of(armed(**evidence), proofs=[drill()]))
    assert (found.status, words in found.message) == ("fail", True), found
    for control in ("KD-702", "KD-703", "KD-205"):
        assert judged(control, case_of(armed(**evidence), proofs=[drill()])).status == "unknown"


def test_a_proof_goes_stale_with_time_and_by_a_later_failure() -> None:
    old = drill(when__started="2025-11-01T00:00:00Z")
    assert "120 days ago" in judged("KD-701", case_of(armed(), proofs=[old])).message
    later = drill(ok=False, outcome="save_failed", headline="The target is full.", when__started="2026-02-25T00:00:00Z")
    found = judged("KD-701", case_of(armed(), proofs=[drill(), later]))
    assert (found.status, "The target is full." in found.message) == ("fail", True)
    assert (
        judged("KD-701", case_of(armed(), proofs=[later, drill(when__started="2026-02-26T00:00:00Z")])).status == "pass"
    )
    oom = drill(ok=False, outcome="capture_out_of_memory", headline="Out of memory.")
    assert "ran out of memory" in judged("KD-104", case_of(armed(), proofs=[oom])).message
    found = judged("KD-701", case_of(armed()))
    assert (found.status, "ever" in found.message) == ("fail", True)


def test_a_twin_proves_its_like() -> None:
    line = LINE.replace("0a3407de", "11111111").replace("ttyS0", "tty0")
    twin = drill(host__name="lab", digests__command_line=line)
    assert judged("KD-701", case_of(armed(), proofs=[twin])).status == "pass"
    # its drivers are not those of this host, as far as anybody knows
    assert judged("KD-205", case_of(armed(), proofs=[twin])).status == "unknown"
    known = Proofs(
        [proof for proof in [read_proof(twin)] if proof], paths={"db1": frozenset("a"), "lab": frozenset("a")}
    )
    assert known.of("db1", armed()).same_path
    smaller = drill(host__name="lab", digests__command_line=line, memory__reserved_bytes=32 << 20)
    assert judged("KD-701", case_of(armed(), proofs=[smaller])).status == "pass"
    for other in (
        drill(host__name="lab", digests__command_line=line + " quiet"),
        drill(host__name="lab", kernels__crashed="5.10"),
        drill(host__name="lab", memory__reserved_bytes=128 << 20),
        drill(host__name="lab", digests__kernel="c" * 64),
        drill(host__name="lab", ok=False),
    ):
        assert judged("KD-701", case_of(armed(), proofs=[other])).status == "fail"


def test_a_host_that_is_audited_alone_is_judged_as_in_its_fleet() -> None:
    policy = read_policy({"posture": "required"}, {"db1": ()}, today=NOW.date())
    for drivers, status in (
        ({"lab": ["ext4", "virtio_blk"]}, "pass"), ({"lab": ["ext4", "nvme"]}, "unknown"), ({"lab": []}, "unknown"),
        # a later drill over other drivers takes nothing away from an earlier one
        ({"lab": ["ext4", "virtio_blk"], "new": ["ext4", "nvme"]}, "pass"),
        # its own drill, on the disk that it had then; a twin's shows what that one does not
        ({"db1": ["ext4", "virtio_blk"]}, "pass"), ({"db1": []}, "pass"), ({"db1": ["ext4", "nvme"]}, "unknown"),
        ({"lab": ["ext4", "virtio_blk"], "db1": ["ext4", "nvme"]}, "pass"),
        ({"lab": ["ext4", "sd_mod"], "db1": ["ext4", "nvme"]}, "unknown"),
    ):  # fmt: skip
        twins = [
            read_proof(drill(host__name=name, host__drivers=names, when__started=f"2026-02-2{day}T10:00:00Z"))
            for day, (name, names) in enumerate(drivers.items())
        ]
        bench = Bench(NOW, "0.1.0", [proof for proof in twins if proof])
        results = judge([document_of("db1", armed())], policy, bench)["hosts"][0]["results"]
        found = {result["control"]: result["status"] for result in results}
        assert (found["KD-205"], found["KD-701"]) == (status, "pass"), drivers


def test_the_distributions_kdump_is_proven_until_its_files_change() -> None:
    proof = drill(digests={"kernel": None, "initramfs": None}, memory__reserved_bytes=128 << 20)
    older = {"files": {"/etc/fstab": {"bytes": 1, "modified": STAMP - 90 * 86400}}}
    assert judged("KD-701", case_of(debian(**older), proofs=[proof])).status == "pass"
    found = judged("KD-701", case_of(debian(), proofs=[proof]))
    assert (found.status, "/etc/fstab" in found.message) == ("fail", True), found
    assert judged("KD-701", case_of(off(), proofs=[proof])).status == "fail"
    for reserved in (64 << 20, 256 << 20):
        found = judged("KD-701", case_of(debian(**older, crash__reserved_bytes=reserved), proofs=[proof]))
        assert (found.status, "changed: the reservation" in found.message) == ("fail", True), found


def test_the_dump_of_a_drill_is_judged() -> None:
    for changes, status in (
        ({"verdict": None}, "unknown"), ({"verdict__verdict": "incomplete"}, "fail"), ({"nonce__found": False}, "fail"),
        ({"verdict__release": "5.10"}, "fail"), ({"panic__reason": None}, "fail"),
    ):  # fmt: skip
        assert judged("KD-702", case_of(armed(), proofs=[drill(**t.cast(t.Any, changes))])).status == status, changes
    assert judged("KD-702", case_of(armed())).status == "unknown"


def test_a_watchdog_cuts_a_dump_off() -> None:
    watchdogs = [{"name": "watchdog0", "identity": "iTCO_wdt", "state": "active", "timeout": 5}]
    assert judged("KD-703", case_of(armed(watchdogs=watchdogs), proofs=[drill()])).status == "fail"
    assert (
        judged("KD-703", case_of(armed(watchdogs=watchdogs), proofs=[drill(timeline__panic_to_saved=4)])).status
        == "pass"
    )
    assert judged("KD-703", case_of(armed())).status == "unknown"


def test_what_is_no_proof_is_none() -> None:
    document: t.Any
    for document in (None, [], {}, drill(schema__name="x"), drill(when__started="soon"), drill(host__name=None)):
        assert read_proof(document) is None
    assert (
        judged(
            "KD-203", case_of(debian(boot__entries=[{"managed": True, "kernel": f"/boot/vmlinuz-{RELEASE}"}]))
        ).status
        == "pass"
    )
