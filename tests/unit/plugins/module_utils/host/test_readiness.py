# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the evidence that only audits ask for."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import distribution_kdump, readiness
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec.hosts import write


def host_of(root: Path, files: dict[str, str]) -> Host:
    for path, text in files.items():
        write(root, path, text, mode=0o755)
    return Host(str(root))


def test_a_host_without_anything_has_nothing_to_tell(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert distribution_kdump.read_engine(host) is None
    assert distribution_kdump.masked_units(host) == []
    assert distribution_kdump.read_test(host) is None
    assert readiness.read_boot_sysctls(host) == {}
    assert readiness.read_watchdogs(host) == []
    assert readiness.read_files(host, release="6.1", engine=None) == {}
    assert readiness.read_hotplug(host) == {
        "cpus_possible": None, "cpus_present": None, "memory_devices": 0, "kernel_updates_cpus": None,
        "kernel_updates_memory": None, "rules": [],
    }  # fmt: skip
    folder = readiness.read_folder("/var/crash", host)
    assert (folder["exists"], folder["mode"], folder["uid"], folder["encrypted"]) == (False, None, None, None)
    assert folder["open"] == []
    assert readiness.read_system(host)["name"] is None


def test_debian(tmp_path: Path) -> None:
    host = host_of(tmp_path, {
        "/usr/sbin/kdump-config": "",
        "/etc/default/kdump-tools": 'USE_KDUMP=1\nMAKEDUMP_ARGS="-c -d 31"\nFTP_PASSWORD=secret\nKDUMP_TYPO=1\n',
        "/lib/modules/6.1.0-40-amd64/modules.dep": "",
        "/lib/modules/6.1.0-41-amd64/modules.dep": "",
        "/var/lib/kdump/initrd.img-6.1.0-41-amd64": "",
    })  # fmt: skip
    engine = distribution_kdump.read_engine(host)
    assert engine
    assert engine["name"] == "kdump-tools"
    assert engine["unit"] == "kdump-tools.service"
    assert engine["settings"] == {"USE_KDUMP": "1", "MAKEDUMP_ARGS": "-c -d 31"}
    assert ["KDUMP_TYPO" in problem for problem in engine["problems"]] == [True]
    assert "secret" not in str(engine)
    assert [kernel["initramfs"] for kernel in engine["kernels"]] == [None, "/var/lib/kdump/initrd.img-6.1.0-41-amd64"]
    files = readiness.read_files(host, release="6.1.0-41-amd64", engine=engine)
    assert {"/etc/default/kdump-tools", "/var/lib/kdump/initrd.img-6.1.0-41-amd64"} <= set(files)


def test_red_hat_and_suse(tmp_path: Path) -> None:
    host = host_of(tmp_path, {
        "/usr/bin/kdumpctl": "", "/etc/kdump.conf": "path /var/crash\nno_such_word x\n",
        "/var/lib/kdump/vmcore-creation.status": "success 1764000000 1764000123\n",
    })  # fmt: skip
    engine = distribution_kdump.read_engine(host)
    assert engine
    assert engine["name"] == "kdump-utils"
    assert engine["settings"] == {"path": "/var/crash"}
    assert engine["problems"]
    test = distribution_kdump.read_test(host)
    assert test
    assert (test["status"], type(test["at"])) == ("success", int)
    write(tmp_path, "/var/lib/kdump/vmcore-creation.status", "\x00nonsense")
    assert distribution_kdump.read_test(host) is None
    other = host_of(tmp_path / "suse", {
        "/usr/lib/kdump/load.sh": "", "/etc/sysconfig/kdump": 'KDUMP_SAVEDIR="ftp://me:hidden@server/dumps"\n',
    })  # fmt: skip
    told = distribution_kdump.read_engine(other)
    assert told
    assert told["settings"] == {"KDUMP_SAVEDIR": "ftp://me:***@server/dumps"}


def test_a_configuration_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    host = host_of(tmp_path, {"/usr/bin/kdumpctl": "", "/etc/sysconfig/kdump": "x" * (2 << 20)})
    engine = distribution_kdump.read_engine(host)
    assert engine
    assert "/etc/sysconfig/kdump" in engine["problems"][0]


def test_masks(tmp_path: Path) -> None:
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    (folder / "kdump.service").symlink_to("/dev/null")
    assert distribution_kdump.masked_units(Host(str(tmp_path))) == ["kdump.service"]


def test_the_next_boot(tmp_path: Path) -> None:
    host = host_of(tmp_path, {
        "/etc/sysctl.d/50-hard.conf": "kernel.kexec_load_disabled = 1\nnet.ipv4.ip_forward=1\n",
        "/usr/lib/sysctl.d/10-x.conf": "kernel.panic=10\n",
    })  # fmt: skip
    assert readiness.read_boot_sysctls(host) == {
        "kernel.kexec_load_disabled": {"value": "1", "path": "/etc/sysctl.d/50-hard.conf"},
        "kernel.panic": {"value": "10", "path": "/usr/lib/sysctl.d/10-x.conf"},
    }


def test_who_may_read_dumps(tmp_path: Path) -> None:
    write(tmp_path, "/var/crash/one/vmcore", "x", mode=0o640)
    write(tmp_path, "/var/crash/one/dmesg.txt", "x", mode=0o600)
    (tmp_path / "var/crash").chmod(0o711)
    folder = readiness.read_folder("/var/crash", Host(str(tmp_path)))
    assert (folder["exists"], folder["mode"], folder["uid"]) == (True, "0711", os.geteuid())
    assert folder["open"] == ["one/vmcore"]
    assert folder["read_only"] is False


def test_an_encrypted_file_system(tmp_path: Path) -> None:
    write(tmp_path, "/proc/self/mountinfo", "22 1 254:1 / / rw - ext4 /dev/mapper/crypt rw\n")
    write(tmp_path, "/sys/devices/virtual/block/dm-0/dm/uuid", "CRYPT-LUKS1-0123-crypt\n")
    (tmp_path / "sys/dev/block").mkdir(parents=True)
    (tmp_path / "sys/dev/block/254:1").symlink_to("../../devices/virtual/block/dm-0")
    folder = readiness.read_folder("/var/crash", Host(str(tmp_path)))
    assert (folder["encrypted"], folder["unlock_bytes"]) == (True, 0)


def test_hotplug_and_watchdogs(tmp_path: Path) -> None:
    host = host_of(tmp_path, {
        "/sys/devices/system/cpu/possible": "0-3,8\n", "/sys/devices/system/cpu/present": "0\n",
        "/sys/devices/system/cpu/crash_hotplug": "1\n", "/sys/bus/acpi/devices/PNP0C80:00/status": "1\n",
        "/usr/lib/udev/rules.d/98-kexec.rules": "", "/usr/lib/udev/rules.d/60-block.rules": "",
        "/sys/class/watchdog/watchdog0/identity": "iTCO_wdt\n", "/sys/class/watchdog/watchdog0/state": "active\n",
        "/sys/class/watchdog/watchdog0/timeout": "30\n",
    })  # fmt: skip
    hotplug = readiness.read_hotplug(host)
    assert (hotplug["cpus_possible"], hotplug["cpus_present"], hotplug["memory_devices"]) == (5, 1, 1)
    assert (hotplug["kernel_updates_cpus"], hotplug["kernel_updates_memory"]) == (1, None)
    assert hotplug["rules"] == ["98-kexec.rules"]
    assert readiness.read_watchdogs(host) == [
        {"name": "watchdog0", "identity": "iTCO_wdt", "state": "active", "timeout": 30}
    ]


@pytest.mark.parametrize("text", ["x", "0-", "-1", "0-x", "1,,2"])
def test_a_list_of_cpus_that_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, "/sys/devices/system/cpu/possible", text)
    assert t.cast("int | None", readiness.read_hotplug(Host(str(tmp_path)))["cpus_possible"]) is None


def test_what_is_cut_is_counted(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    for number in range(10):
        write(tmp_path, f"/sys/class/watchdog/watchdog{number}/identity", "iTCO_wdt\n")
    for number in range(20):
        write(tmp_path, f"/var/crash/one/{number:02}", "x", mode=0o644)
        write(tmp_path, f"/usr/lib/udev/rules.d/{number}-kexec.rules", "")
    assert len(readiness.read_watchdogs(host)) == 8
    assert len(readiness.read_folder("/var/crash", host)["open"]) == 16
    assert len(readiness.read_hotplug(host)["rules"]) == 16
    assert host.omitted == {"watchdogs": 2, "folder.open": 4, "hotplug.rules": 4}


def test_a_folder_that_cannot_be_looked_at_is_not_one_that_is_not_there(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert readiness.read_folder("/var/crash", host)["exists"] is False
    assert host.unread == {}
    (tmp_path / "var").mkdir()
    (tmp_path / "var/crash").symlink_to("crash")
    assert readiness.read_folder("/var/crash", host)["exists"] is False
    assert set(host.unread) == {"/var/crash"}
