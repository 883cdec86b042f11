# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kexec_crash sends to the host, and when."""

from __future__ import annotations

import os
import pathlib
import typing as t
from unittest.mock import MagicMock

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.linux.kdump.plugins.action.kexec_crash import ActionModule
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.kexec.options import OPTIONS


class Rig:
    """An action whose module answers from a list, and whose connection only notes."""

    def __init__(self, folder: pathlib.Path, *answers: dict[str, t.Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, t.Any]] = []
        self.sent: list[tuple[str, str]] = []
        self.install = {name: str(folder / name) for name in ("kernel", "initramfs")}
        for path in self.install.values():
            pathlib.Path(path).write_text(path)

    def run(self, **options: t.Any) -> t.Mapping[str, t.Any]:
        action = t.cast(t.Any, ActionModule.__new__(ActionModule))
        action._connection = MagicMock(_shell=MagicMock(tmpdir="/way", join_path=os.path.join))
        action._loader = MagicMock(path_dwim=str)
        action._host = "web1"
        action._transfer_file = lambda source, place: self.sent.append((source, place))
        action.module = self._module
        return t.cast("t.Mapping[str, t.Any]", action.perform({"state": "loaded", "install": None, **options}, {}))

    def _module(self, _name: str, arguments: dict[str, t.Any], _vars: object) -> dict[str, t.Any]:
        self.asked.append(arguments)
        return self.answers.pop(0)


def test_without_files_it_is_one_call(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path, {"changed": True})
    assert rig.run(append=None, command_line="quiet") == {"changed": True}
    assert rig.asked == [{"state": "loaded", "command_line": "quiet"}]


def test_what_the_action_sends_is_what_the_module_takes(tmp_path: pathlib.Path) -> None:
    targets = [{"kind": "ssh", "host": "192.0.2.7", "path": "web1"}, {"kind": "local", "path": "/var/crash"}]
    asked = {"targets": targets, "network": {"mac": "02:fc:00:00:00:01"}, "target": {"path": "/var/crash"}}
    checked = ArgumentSpecValidator(ActionModule.__new__(ActionModule).argument_spec()["argument_spec"]).validate(asked)
    assert checked.error_messages == []
    rig = Rig(tmp_path, {"changed": True})
    rig.run(**checked.validated_parameters)
    (sent,) = rig.asked
    assert sent["targets"][0] == {**targets[0], "prepare": False}
    assert sent["network"] == asked["network"]
    assert ArgumentSpecValidator(dict(OPTIONS)).validate(sent).error_messages == []


def test_what_is_there_is_not_sent(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path, {"changed": False})
    rig.run(install=rig.install)
    assert (len(rig.asked), rig.sent) == (1, [])


def test_what_differs_is_sent(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path, {"changed": False, "send": ["initramfs"]}, {"changed": True})
    assert rig.run(install=rig.install) == {"changed": True}
    assert rig.sent == [(rig.install["initramfs"], "/way/initramfs")]
    offer = rig.asked[1]["_offers"]["initramfs"]
    assert (offer["staged"], offer["bytes"]) == ("/way/initramfs", os.path.getsize(rig.install["initramfs"]))


def test_the_host_learns_who_signed_the_kernel(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path, {"changed": False})
    rig.run(install=rig.install)
    offers = rig.asked[0]["_offers"]
    assert offers["kernel"]["signatures"] == {"pe": False, "signatures": []}
    assert "signatures" not in offers["initramfs"]


def test_a_kernel_whose_signatures_are_damaged_is_not_sent(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path)
    pathlib.Path(rig.install["kernel"]).write_bytes(b"~Module signature appended~\n")
    with pytest.raises(KdumpError, match=r"Cannot read the signatures of .*kernel"):
        rig.run(install=rig.install)


def test_a_host_that_asks_again_and_again_has_nothing_installed(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path, *[{"changed": False, "send": [name]} for name in ("initramfs", "kernel")])
    with pytest.raises(KdumpError, match="change all the time"):
        rig.run(install=rig.install)


def test_a_host_that_asks_for_something_else_gets_nothing(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path, {"changed": False, "send": ["../../etc/shadow"]})
    rig.run(install=rig.install)
    assert rig.sent == []


def test_a_file_that_is_not_there(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path)
    os.unlink(rig.install["kernel"])
    with pytest.raises(KdumpError, match=r"Cannot install .*kernel: No such file or directory"):
        rig.run(install=rig.install)


def test_nothing_is_installed_to_be_unloaded(tmp_path: pathlib.Path) -> None:
    rig = Rig(tmp_path)
    with pytest.raises(KdumpError, match="with state=unloaded"):
        rig.run(install=rig.install, state="unloaded")


def test_paths_of_the_host_are_expanded_there() -> None:
    spec = ActionModule.__new__(ActionModule).argument_spec()["argument_spec"]
    on_the_host = [spec["kernel"], spec["initramfs"], spec["target"]["options"]["path"]]
    assert [option["type"] for option in on_the_host] == ["str"] * 3
    assert {option["type"] for option in spec["install"]["options"].values()} == {"path"}
