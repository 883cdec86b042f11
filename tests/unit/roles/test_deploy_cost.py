# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role deploy costs where nothing has to be done, and what one host's failure does to the others."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.unit.roles.stubs import TOP, Stubs

pytestmark = pytest.mark.skipif(
    not Path(sys.executable).with_name("ansible-playbook").exists(), reason="ansible is not installed here"
)

M = 1 << 20
INVENTORY = """
all:
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    ansible_connection: local
    ansible_become: false
  hosts:
    one: {}
    two: {kdump_crashkernel: "{{ seconds_value | default('64M') }}"}
    three: {}
"""
BUILT = [
    {
        "name": "Nothing has to be built",
        "ansible.builtin.set_fact": {
            "kdump_capture_kernel": {"image": "/kernel"}, "kdump_capture_initramfs": {"path": "/image"},
        },
    }
]  # fmt: skip
ARMED = {
    "armed": True, "load_disabled": False, "kexec": "/usr/sbin/kexec", "makedumpfile": None, "image_bytes": 9 * M,
    "reserved_bytes": 64 * M, "release": "6.1.0-44-amd64", "targets": [], "target_kinds": [],
    "target": {"source": "/dev/vda1", "fstype": "ext4", "uuid": "x"},
}  # fmt: skip
RESERVED = {
    "spec": "crashkernel=64M", "bootloader": "grub", "entries": [], "reboot_required": False, "shortfall": None,
    "rebooted_in_vain": False, "reserved_bytes": 64 * M, "expected_bytes": 64 * M,
}  # fmt: skip
COUNTED = {"fits": True, "expected_bytes": M, "free_bytes": 9 * M, "state": "ok", "detail": None, "collector": "x"}


class Fleet(Stubs):
    """Hosts on which nothing has to be done, and the modules that were executed on them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        self.ours("roles/deploy", "playbooks/deploy.yml", "playbooks/evidence.yml", "plugins/filter")
        self.ours("plugins/module_utils")
        self.role("capture_kernel", BUILT)
        self.module("kexec_crash", **ARMED)
        self.module("crashkernel", **RESERVED)
        self.module("kdump_service", engine="kdump-tools", reserved_bytes=64 * M)
        self.module("panic_policy", converged=True)
        self.module("kdump_info", evidence={"estimate": COUNTED})
        self.counted = folder / "executed"
        monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", str(TOP / "tests/benchmarks/deploy/callback_plugins"))
        monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "count_modules")
        monkeypatch.setenv("MODULE_LOG", str(self.counted))

    def executed(self, **variables: t.Any) -> dict[str, list[str]]:
        """By host: every module that was executed there, those of ansible itself too."""
        self.counted.unlink(missing_ok=True)
        self.play("deploy", inventory=INVENTORY, **variables)
        found: dict[str, list[str]] = {}
        for line in self.counted.read_text().splitlines():
            host, module = line.split()
            found.setdefault(host, []).append(module.rpartition(".")[2])
        return found


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    return Fleet(tmp_path, monkeypatch)


def test_where_nothing_has_to_be_done_two_modules_are_executed_and_never_more_than_four(fleet: Fleet) -> None:
    plain = ["kexec_crash", "crashkernel"]
    assert fleet.executed() == dict.fromkeys(("one", "two", "three"), plain)
    everything = {"kdump_panic_policy": {"panic_on_oops": 1}, "kdump_space_check": "fail"}
    most = ["panic_policy", *plain, "kdump_info"]
    assert len(most) == 4
    assert fleet.executed(**everything) == dict.fromkeys(("one", "two", "three"), most)


def test_with_the_distributions_engine_three_modules_are_executed_and_never_more_than_four(fleet: Fleet) -> None:
    engine = {"kdump_engine": "distribution", "kdump_crashkernel": "vendor"}
    plain = ["kdump_service", "crashkernel", "kdump_service"]
    assert fleet.executed(**engine) == dict.fromkeys(("one", "two", "three"), plain)
    most = ["panic_policy", *plain]
    assert len(most) == 4
    policy = {"kdump_panic_policy": {"panic_on_oops": 1}}
    assert fleet.executed(**engine, **policy) == dict.fromkeys(("one", "two", "three"), most)


@pytest.mark.parametrize(("engine", "services"), [("collection", []), ("distribution", ["kdump_service"])])
def test_a_host_that_is_disarmed_already_costs_no_more_than_it_did(
    fleet: Fleet, engine: str, services: list[str]
) -> None:
    # Extra variables, so that what is removed is this test's and not the machine's.
    places = {
        name: str(fleet.folder / "none" / name)
        for name in ("__kdump_service_note", "__kdump_library", "__kdump_state_folder", "__kdump_boot_backup")
    }
    before = ["panic_policy", "stat", *services, "kexec_crash", "crashkernel", "file", "file", "file"]
    found = fleet.executed(kdump_state="absent", kdump_engine=engine, **places)
    assert found == dict.fromkeys(("one", "two", "three"), before)


@pytest.mark.parametrize(("reboot", "reached"), [(False, ["one", "three"]), (True, ["one"])])
def test_a_host_that_fails_stops_no_other_unless_hosts_are_rebooted(
    fleet: Fleet, reboot: bool, reached: list[str]
) -> None:
    said = fleet.play("deploy", inventory=INVENTORY, fails=True, kdump_reboot=reboot, seconds_value="fit")
    assert "kdump_crashkernel=fit is on two: the images are not built yet" in " ".join(said.split())
    reserved = [line.split()[0] for line in fleet.counted.read_text().splitlines() if line.endswith("crashkernel")]
    assert sorted(reserved) == reached
