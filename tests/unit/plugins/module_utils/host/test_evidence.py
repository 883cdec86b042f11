# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence document."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import Entry
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
        "load_disabled": False, "lockdown": "none", "shortfall": None,
    }  # fmt: skip
    assert evidence["load"] == record
    assert evidence["load_current"] is True
    assert (evidence["uptime"], evidence["memory_total_bytes"]) == (12.34, 102400)
    assert evidence["service"] == {"enabled": True, "active": True}
    assert evidence["target"]["uuid"] == "0a3407de-014b-458b-b5c1-848e92a327a3"
    assert [dump["complete"] for dump in evidence["dumps"]] == [True]
    assert evidence["tools"] == {"kexec": "2.0.25", "makedumpfile": None}
    assert evidence["capture_kernel"] is False


def test_tells_which_kdumps_of_the_distribution_there_are(tmp_path: Path) -> None:
    host = build(tmp_path)
    nothing = gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document()
    write(tmp_path, "/usr/sbin/kdump-config", "")
    debians = gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document()["distribution"]
    assert nothing["distribution"] == []
    assert debians == [{"engine": "kdump-tools", "unit": "kdump-tools.service", "enabled": True, "active": True}]


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
    ("line", "reserved", "reason"),
    [
        ("crashkernel=64M", "67108864\n", None),
        ("crashkernel=64M", "0\n", "no-room"),
        ("crashkernel=2G-:64M", "0\n", "no-room"),
        ("crashkernel=64M", None, "unsupported"),
        ("quiet", "0\n", None),  # nothing was asked for
    ],
)
def test_says_why_less_is_reserved_than_the_line_asks_for(
    tmp_path: Path, line: str, reserved: str | None, reason: str | None
) -> None:
    files = {"/proc/cmdline": f"{line}\n", "/sys/kernel/kexec_crash_size": reserved, "/proc/iomem": IOMEM}
    answers = dict(SYSTEMD)
    if reason:
        answers[("dmesg",)] = (0, "[    0.0] cannot allocate crashkernel (size:0x4000000)\n", "")
    found = gather("/var/crash", host=build(tmp_path, files), runner=FakeRunner(answers)).document()
    assert (found["crash"]["shortfall"] or {}).get("id") == reason
    schema = json.loads((SCHEMAS / "evidence.schema.json").read_text())["properties"]["crash"]
    pytest.importorskip("jsonschema").validate(found["crash"], schema)


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


def everything(tmp_path: Path) -> dict[str, t.Any]:
    host = build(tmp_path, {"/proc/iomem": IOMEM})
    loader = FoundLoader((Entry("Debian", "x", "/vmlinuz", ("crashkernel=64M",), "/boot/grub/grub.cfg"),))
    return gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD), find=lambda: t.cast(t.Any, loader)).document()


@dataclass
class FoundLoader:
    """A boot loader that was found."""

    found: tuple[Entry, ...]
    name: str = "grub"

    def entries(self) -> tuple[Entry, ...]:
        return self.found


def test_every_key_is_documented_with_where_it_is_from(tmp_path: Path) -> None:
    pytest.importorskip("ansible")
    yaml = pytest.importorskip("yaml")
    kdump_info = importlib.import_module("ansible_collections.linux.kdump.plugins.modules.kdump_info")
    documented = yaml.safe_load(kdump_info.RETURN)["evidence"]["contains"]
    document = everything(tmp_path)
    assert set(document) == set(documented)
    sources = {}
    for name, item in documented.items():
        texts = [item["description"], *(part["description"] for part in item.get("contains", {}).values())]
        sources[name] = re.findall(r"C\((/|[a-z])|RV\(|O\(", str(texts))
    assert [name for name, found in sources.items() if not found and name not in ("schema", "omitted", "unread")] == []
    for name in ("crash", "security", "kernel_config", "boot", "service", "target", "trust"):
        assert set(document[name] or documented[name]["contains"]) == set(documented[name]["contains"])


def test_all_of_it_is_in_the_schema(tmp_path: Path) -> None:
    schema = json.loads((SCHEMAS / "evidence.schema.json").read_text())
    document = everything(tmp_path)
    assert set(document) == set(schema["properties"])
    assert document["boot"]["entries"][0]["crashkernel"] == "crashkernel=64M"
    jsonschema = pytest.importorskip("jsonschema")
    for name in ("boot", "kernel_config", "omitted", "security", "sysctls", "unread"):
        jsonschema.validate(document[name], schema["properties"][name])


def test_evidence_of_a_host_full_of_dumps_stays_small(tmp_path: Path) -> None:
    host = build(tmp_path)
    for number in range(120):
        record = json.dumps({"text": "x" * 3000, "nonce": f"{number:032}"})
        write(tmp_path, f"/var/crash/2026{number:04}T000000Z-00000000/kdump.json", record)
    document = gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document()
    assert len(json.dumps(document)) < 64 * 1000
    assert len(document["dumps"]) == 100
    assert document["dumps"][-1]["record"]["nonce"] == f"{119:032}"
    assert document["omitted"]["dumps.record"] > 50
    assert document["omitted"]["dumps"] == 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can tell what others may not read")
def test_what_only_root_may_read_is_said_to_be_unread_and_not_absent(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    hidden = "00000000-00000000 : System RAM\n00000000-00000000 : System RAM\n"
    host = build(tmp_path, {"/proc/iomem": hidden})
    loaded(host)
    write(tmp_path, "/sys/kernel/kexec_crash_loaded", "1\n")
    write(tmp_path, "/var/crash/20261122T214500Z-1b2c3d4e/vmcore", "x")
    for path, mode in ((paths.KERNEL, 0o600), ("/var/crash", 0o700)):
        os.chmod(host.path(path), mode)
    with as_nobody(tmp_path):
        document = gather("/var/crash", host=host, runner=FakeRunner(SYSTEMD)).document()
    assert document["privileged"] is False
    assert set(document["unread"]) == {"/proc/iomem", paths.KERNEL, "/var/crash"}
    assert (document["load_current"], document["dumps"], document["crash"]["expected_bytes"]) == (None, [], None)
    assert document["load"]["boot_id"]
    assert document["crash"]["loaded"] is True
    as_root = gather("/var/crash", host=Host(str(tmp_path)), runner=FakeRunner(SYSTEMD)).document()
    assert (as_root["load_current"], len(as_root["dumps"])) == (True, 1)
    assert "/var/crash" not in as_root["unread"]


@contextlib.contextmanager
def as_nobody(folder: Path) -> t.Iterator[None]:
    """Another user's rights for a while, and a way for them to the folder."""
    closed = [parent for parent in folder.parents if not parent.stat().st_mode & 0o001]
    modes = [parent.stat().st_mode for parent in closed]
    for parent in closed:
        parent.chmod(0o711)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for parent, mode in zip(closed, modes):
            parent.chmod(mode)
