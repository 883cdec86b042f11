# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.host.evidence import expected_bytes, gather, tool_version
from ansible_collections.linux.kdump.plugins.module_utils.host.service import (
    Service,
    read_service,
    read_systemd_state,
)
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.fakes import Answer, FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.host.sysfs import recorded
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec.hosts import build, loaded, write

IOMEM = "00001000-0009fbff : System RAM\n00100000-3ffdefff : System RAM\n  02000000-02c0ffff : Kernel code\n"
SYSTEMD: dict[tuple[str, ...], Answer] = {
    ("systemctl", "show"): (0, "ActiveState=active\nUnitFileState=enabled\n", ""),
    ("systemctl", "is-system-running"): (0, "running\n", ""),
    ("/usr/sbin/kexec", "--version"): (0, "kexec-tools 2.0.25\n", ""),
}


def test_gathers_everything(tmp_path: Path) -> None:
    host = build(
        tmp_path, {"/proc/iomem": IOMEM, "/proc/uptime": "12.34 20.00\n", "/proc/meminfo": "MemTotal:  100 kB\n"}
    )
    record = loaded(host)
    write(tmp_path, "/var/crash/20261122T214500Z-1b2c3d4e/vmcore", "x")
    evidence = gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document()
    assert evidence["crash"] == {
        "loaded": True, "reserved_bytes": 67108864, "expected_bytes": 67108864,
        "load_disabled": False, "lockdown": "none",
    }  # fmt: skip
    assert evidence["load"] == record
    assert evidence["load_current"] is True
    assert (evidence["uptime"], evidence["memory_total_bytes"]) == (12.34, 102400)
    assert evidence["service"] == {"enabled": True, "active": True}
    assert evidence["target"]["uuid"] == "0a3407de-014b-458b-b5c1-848e92a327a3"
    assert [dump["complete"] for dump in evidence["dumps"]] == [True]
    assert evidence["tools"] == {"kexec": "2.0.25", "makedumpfile": None}
    assert evidence["capture_kernel"] is False


def test_tells_the_drivers_that_a_capture_kernel_needs(tmp_path: Path) -> None:
    evidence = gather(
        "/var/crash", host=recorded("megaraid", tmp_path), runner=FakeRunner({("systemctl",): (1, "", "")})
    )
    assert [step["module"] for step in evidence.target["path_modules"]] == ["ext4", "sd_mod", "megaraid_sas", None]
    assert [interface["mac"] for interface in evidence.interfaces] == ["d0:94:66:00:00:01"]


def test_a_host_that_says_nothing_has_evidence_too(tmp_path: Path) -> None:
    nothing = FakeRunner({("systemctl",): (127, "", "not found")})
    evidence = gather("/var/crash", host=Host(str(tmp_path)), runner=nothing).document()
    assert evidence["boot_id"] is evidence["load"] is evidence["systemd_state"] is evidence["load_error"] is None
    assert evidence["load_current"] is False


def test_tells_why_the_loader_failed(tmp_path: Path) -> None:
    host = build(tmp_path, {paths.LOAD_ERROR: "Cannot load the crash image: no.\n"})
    evidence = gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD))
    assert evidence.load_error == "Cannot load the crash image: no."


def test_a_capture_kernel_is_known_by_its_vmcore(tmp_path: Path) -> None:
    host = build(tmp_path, {"/proc/vmcore": "x"})
    assert gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).capture_kernel


@pytest.mark.parametrize(
    ("line", "iomem", "size"),
    [
        ("ro", IOMEM, 0),
        ("crashkernel=64M", IOMEM, 64 << 20),
        ("crashkernel=64M crashkernel=32M", IOMEM, 32 << 20),
        ("crashkernel=2G-:64M", IOMEM, 0),
        ("crashkernel=64M@64G", IOMEM, 0),
        ("crashkernel=64M", "", None),
        ("crashkernel=sixty", IOMEM, None),
    ],
)
def test_knows_what_the_running_line_ought_to_reserve(tmp_path: Path, line: str, iomem: str, size: int | None) -> None:
    host = build(tmp_path, {"/proc/cmdline": line + "\n", "/proc/iomem": iomem})
    assert expected_bytes(host, release="6.1.0-40-amd64") == size


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ((0, "kexec-tools 2.0.25\n", ""), "2.0.25"),
        ((0, "makedumpfile: version 1.7.2 (released on 29 Nov 2022)\nlzo\tenabled\n", ""), "1.7.2"),
        ((0, "kexec-tools 2.0.32 released 20 July 2026", ""), "2.0.32"),
        ((1, "", "version 1.6"), "1.6"),
        ((0, "", ""), ""),
        ((124, "", ""), ""),
    ],
)
def test_reads_versions(tmp_path: Path, answer: tuple[int, str, str], version: str) -> None:
    host = build(tmp_path)
    assert tool_version("kexec", host=host, runner=FakeRunner({("/usr/sbin/kexec",): answer})) == version


@pytest.mark.parametrize(
    ("answer", "service"),
    [
        ((0, "ActiveState=active\nUnitFileState=enabled\n", ""), Service(enabled=True, active=True)),
        ((0, "ActiveState=failed\nUnitFileState=enabled\n", ""), Service(enabled=True, active=False)),
        ((0, "ActiveState=inactive\nUnitFileState=\n", ""), Service(enabled=False, active=False)),
        ((1, "", "System has not been booted with systemd"), Service(enabled=False, active=False)),
    ],
)
def test_reads_the_unit(answer: tuple[int, str, str], service: Service) -> None:
    assert read_service(FakeRunner({("systemctl",): answer})) == service


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((0, "running\n", ""), "running"),
        ((1, "degraded\n", ""), "degraded"),
        ((127, "", "x"), None),
        ((124, "", ""), None),
    ],
)
def test_reads_systemds_state(answer: tuple[int, str, str], word: str | None) -> None:
    assert read_systemd_state(FakeRunner({("systemctl",): answer})) == word


@pytest.mark.parametrize(
    ("answer", "service"),
    [
        ((0, "ActiveState=active\nUnitFileState=enabled\n", ""), Service(enabled=True, active=True)),
        ((0, "ActiveState=failed\nUnitFileState=enabled\n", ""), Service(enabled=True, active=False)),
        ((0, "ActiveState=inactive\nUnitFileState=\n", ""), Service(enabled=False, active=False)),
        ((127, "", "x"), Service(enabled=False, active=False)),
        # The rest of the evidence is wanted most where systemd hangs.
        ((124, "", ""), Service(enabled=False, active=False)),
    ],
)
def test_reads_the_loaders_unit(answer: tuple[int, str, str], service: Service) -> None:
    assert read_service(FakeRunner({("systemctl",): answer})) == service


SCHEMAS = Path(__file__).parents[5] / "docs/schemas"


def test_real_documents_meet_their_schemas(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    schemas = {name: json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in ("evidence", "load")}
    resources = [(schema["$id"], referencing.Resource.from_contents(schema)) for schema in schemas.values()]
    validator = jsonschema.Draft202012Validator(
        schemas["evidence"], registry=referencing.Registry().with_resources(resources)
    )
    host = build(tmp_path, {"/proc/iomem": IOMEM})
    for _round in range(2):
        validator.validate(gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document())
        loaded(host)
    write(tmp_path, "/var/crash/x/kdump.json", "{}")
    recorded("nvme", tmp_path)
    validator.validate(gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document())
    wrong = {**gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document(), "load": {"boot_id": "x"}}
    assert not validator.is_valid(wrong)
