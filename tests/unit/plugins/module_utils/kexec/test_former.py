# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is armed stays armed where a new image cannot be loaded."""

from __future__ import annotations

import errno
import hashlib
import os
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.kexec.images import Offer
from ansible_collections.linux.kdump.plugins.module_utils.kexec.request import Request, run
from ansible_collections.linux.kdump.plugins.module_utils.kexec.state import read_crash
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

from .hosts import build, loaded, write

REFUSED = "Cannot load the crash image: the kernel refuses its signature."


class Machine:
    """A host whose kernel refuses some images, and gives up the one that it holds before it says so."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host = build(root)
        self.active = False
        #: Texts of images that are refused, and by whom: by the loader at once, by kexec before it asks the kernel, or
        #: by the kernel.
        self.refused: dict[str, str] = {}
        self.words = REFUSED
        self.runner = FakeRunner({
            ("systemctl", "show"): lambda argv: (0, f"UnitFileState=enabled\nActiveState={self.state}\n", ""),
            ("systemctl", "daemon-reload"): (0, "", ""),
            ("systemctl", "reload-or-restart", paths.UNIT_NAME): self.load,
            ("systemctl", "restart", paths.UNIT_NAME): self.load,
        })  # fmt: skip

    @property
    def state(self) -> str:
        return "active" if self.active else "inactive"

    def load(self, argv: Sequence[str]) -> tuple[int, str, str]:
        text = (self.root / paths.KERNEL.lstrip("/")).read_text()
        if text in self.refused:
            write(self.root, paths.LOAD_ERROR, self.words)
            self.refuse(self.refused[text])
            return 1, "", "Job for linux-kdump.service failed."
        line = next(line for line in (self.root / paths.LOADER.lstrip("/")).read_text().splitlines()
                    if line.startswith("command_line="))  # fmt: skip
        loaded(self.host, command_line=line.partition("=")[2].strip("'"))
        self.active = True
        return 0, "", ""

    def refuse(self, who: str) -> None:
        if who != "loader":
            self.host.forget(paths.LOAD_RECORD)
        if who == "kernel":
            write(self.root, "/sys/kernel/kexec_crash_loaded", "0\n")

    def deploy(self, text: str, **options: t.Any) -> dict[str, t.Any]:
        (self.root / "sent").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        offer = Offer("kernel", paths.KERNEL, digest, len(text), "/sent")
        self.runner.calls.clear()
        return run(Request("loaded", offers=(offer,), **options), host=self.host, runner=self.runner, check_mode=False)

    def files(self) -> dict[str, str]:
        found = {str(file): file.read_text() for file in self.root.rglob("*") if file.is_file() and file.name != "sent"}
        return {name: text for name, text in found.items() if not name.endswith(paths.LOAD_ERROR)}

    @property
    def verbs(self) -> list[str]:
        return [call[1] for call in self.runner.calls if call[1] != "show"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.deploy("first")
    return machine


def test_a_new_image_is_loaded_over_the_one_before(machine: Machine) -> None:
    names = set(machine.files())
    assert machine.deploy("second")["load_current"]
    assert machine.verbs == ["reload-or-restart"]
    assert set(machine.files()) == names


def test_what_the_kernel_refuses_leaves_the_host_with_the_image_before(machine: Machine) -> None:
    before = machine.files()
    machine.refused["second"] = "kernel"
    with pytest.raises(KdumpError) as caught:
        machine.deploy("second", append="panic=3")
    assert caught.value.message == f"{REFUSED} The former image is loaded, now and at every boot."
    assert machine.files() == before

    assert machine.verbs == ["reload-or-restart", "daemon-reload", "restart"]
    assert machine.deploy("first")["changed"] is False


def test_what_a_tool_says_without_a_full_stop_is_a_sentence_of_its_own(machine: Machine) -> None:
    machine.refused["second"], machine.words = "kexec", "kexec says: Cannot determine the file type of /x\n"
    with pytest.raises(KdumpError, match=r"the file type of /x\. The former image is loaded"):
        machine.deploy("second")


@pytest.mark.parametrize(
    ("who", "verbs"),
    [
        ("loader", ["reload-or-restart"]),
        ("kexec", ["reload-or-restart", "daemon-reload", "reload-or-restart"]),
    ],
)
def test_what_the_kernel_is_not_even_asked_for_leaves_no_gap(machine: Machine, who: str, verbs: list[str]) -> None:
    before = machine.files()
    machine.refused["second"] = who
    with pytest.raises(KdumpError, match="The former image is loaded, now and at every boot"):
        machine.deploy("second")
    assert (machine.files(), machine.verbs) == (before, verbs)


def test_says_when_neither_can_be_loaded(machine: Machine) -> None:
    machine.refused = {"first": "kernel", "second": "kernel"}
    with pytest.raises(KdumpError) as caught:
        machine.deploy("second")
    assert caught.value.message == (
        f"{REFUSED} The former image could not be loaded again either, and nothing is loaded now: {REFUSED}"
    )
    assert read_crash(machine.host).loaded is False


def test_the_first_image_of_a_host_has_none_before_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.refused["first"] = "kernel"
    with pytest.raises(KdumpError, match="Nothing is loaded now"):
        machine.deploy("first")
    assert machine.verbs == ["daemon-reload", "reload-or-restart"]


def test_an_image_of_somebody_else_is_named_as_that(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    write(tmp_path, "/sys/kernel/kexec_crash_loaded", "1\n")
    machine.refused["first"] = "loader"
    with pytest.raises(KdumpError, match="An image is loaded, but not the one on disk"):
        machine.deploy("first")


def test_what_an_interrupted_run_had_kept_is_not_lost(machine: Machine) -> None:
    before = machine.files()
    os.link(machine.host.path(paths.KERNEL), machine.host.path(paths.KERNEL + ".former"))
    write(machine.root, paths.KERNEL + ".new", "second")
    os.replace(machine.host.path(paths.KERNEL + ".new"), machine.host.path(paths.KERNEL))
    machine.refuse("kernel")
    machine.refused["second"] = "kernel"
    with pytest.raises(KdumpError, match="The former image is loaded, now and at every boot"):
        machine.deploy("second")
    assert machine.files() == before


def test_a_file_system_without_links_gets_copies(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_names: str) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    before = machine.files()
    machine.refused["second"] = "kernel"
    with pytest.raises(KdumpError, match="The former image is loaded"):
        machine.deploy("second")
    assert machine.files() == before


def test_a_full_disk_on_the_way_is_no_reason_to_stay_unarmed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine.files()

    def full(*_words: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", paths.LOADER)

    monkeypatch.setattr("ansible_collections.linux.kdump.plugins.module_utils.kexec.loading.write_atomic", full)
    words = f"Cannot load the crash image: {paths.LOADER}: No space left on device. The former image is loaded"
    with pytest.raises(KdumpError, match=words):
        machine.deploy("second", append="panic=3")
    assert machine.files() == before
