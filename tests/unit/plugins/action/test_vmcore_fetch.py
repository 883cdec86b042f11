# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of vmcore_fetch, with a connection that can fail, cut files short and damage them."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
import typing as t
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.linux.kdump.plugins.action.vmcore_fetch import ActionModule
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.transfer import receive, source
from ansible_collections.linux.kdump.plugins.module_utils.transfer.receive import Incoming
from ansible_collections.linux.kdump.plugins.modules.vmcore_fetch import work

CHUNK = 4096
CONTENT = os.urandom(CHUNK * 4)


class Connection:
    """Fetches by copying; ``faults`` says what happens to which fetch, counted from 0."""

    def __init__(self, way: pathlib.Path) -> None:
        self._shell = MagicMock(tmpdir=str(way), join_path=os.path.join)
        self.faults: dict[int, str] = {}
        self.fetches = 0
        self.modes: set[int] = set()

    def fetch_file(self, source: str, dest: str) -> None:
        fault = self.faults.pop(self.fetches, None)
        self.fetches += 1
        if fault == "cut":
            raise AnsibleConnectionFailure("the connection broke")
        shutil.copyfile(source, dest)
        self.modes.add(os.stat(dest).st_mode & 0o777)
        if fault == "short":
            os.truncate(dest, 10)
        if fault == "long":
            with open(dest, "ab") as stream:
                stream.write(b"more")


class Rig:
    """An action whose module runs here."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.source, self.dest = folder / "crash", folder / "artifacts" / "id"
        for made in (self.source, folder / "way"):
            made.mkdir()
        (self.source / "vmcore").write_bytes(CONTENT)
        (self.source / "dmesg.txt").write_text("Kernel panic\n")
        self.connection = Connection(folder / "way")
        self.steps: list[str] = []

    def run(self, *, check_mode: bool = False, **options: t.Any) -> t.Mapping[str, t.Any]:
        action = ActionModule.__new__(ActionModule)
        action._task = MagicMock(check_mode=check_mode)
        action._connection = t.cast(t.Any, self.connection)
        action._loader = MagicMock(path_dwim=self.dest.parent.joinpath)
        action._host = "web1"
        t.cast(t.Any, action).module = self._module
        defaults = {"incomplete": False, "remove": False, "chunk_bytes": CHUNK}
        return action.perform({"path": str(self.source), "dest": str(self.dest), **defaults, **options}, {})

    def _module(self, _name: str, arguments: dict[str, t.Any], _vars: object, **_kwargs: object) -> dict[str, t.Any]:
        request = arguments["_request"]
        self.steps.append(request["step"])
        return work(
            {**arguments, "_request": {"files": [], "pieces": [], "into": None, "limit": 0, **request}},
            check_mode=False,
        )


@pytest.fixture
def rig(tmp_path: pathlib.Path) -> Rig:
    return Rig(tmp_path)


def test_small_files_and_chunks_share_round_trips(rig: Rig) -> None:
    result = rig.run()
    assert (result["bytes"], result["resumed_bytes"], result["changed"]) == (len(CONTENT) + 13, 0, True)
    assert rig.steps == ["list", *["stage"] * 5]
    assert sorted(os.listdir(rig.dest)) == ["dmesg.txt", "vmcore"]
    assert (rig.dest / "vmcore").read_bytes() == CONTENT
    assert rig.run(chunk_bytes=1 << 20)["changed"] is False
    assert rig.steps[-1] == "list"


@pytest.mark.parametrize("fault", ["short", "long"])
def test_damage_on_the_way_is_asked_for_again(rig: Rig, fault: str) -> None:
    rig.connection.faults = {2: fault}
    rig.run()
    assert (rig.dest / "vmcore").read_bytes() == CONTENT
    assert rig.steps.count("stage") == 6


def test_lasting_damage_is_an_error(rig: Rig) -> None:
    rig.connection.faults = dict.fromkeys(range(10), "short")
    with pytest.raises(KdumpError, match="arrived damaged"):
        rig.run()
    assert rig.steps.count("stage") == 3


def test_a_broken_connection_costs_what_was_under_way(rig: Rig) -> None:
    rig.connection.faults = {3: "cut"}
    with pytest.raises(AnsibleConnectionFailure):
        rig.run()
    assert not (rig.dest / "vmcore").exists()
    result = rig.run()
    assert result["resumed_bytes"] == 2 * CHUNK + 13
    assert result["bytes"] == 2 * CHUNK
    assert sorted(os.listdir(rig.dest)) == ["dmesg.txt", "vmcore"]
    assert (rig.dest / "vmcore").read_bytes() == CONTENT


def test_a_relative_folder_is_beside_the_playbook_the_next_time_too(rig: Rig) -> None:
    rig.run(dest="id")
    assert (rig.dest / "vmcore").read_bytes() == CONTENT
    assert rig.run(dest="id")["changed"] is False


def test_check_mode_touches_nothing(rig: Rig) -> None:
    result = rig.run(check_mode=True, remove=True)
    assert (result["changed"], result["bytes"], rig.steps) == (True, 0, ["list"])
    assert [file["changed"] for file in result["files"]] == [True, True]
    assert not rig.dest.exists()


def test_removal_comes_after_all_is_verified(rig: Rig) -> None:
    rig.connection.faults = {3: "cut"}
    with pytest.raises(AnsibleConnectionFailure):
        rig.run(remove=True)
    assert (rig.source / "vmcore").exists()
    assert rig.run(remove=True)["removed"] is True
    assert not rig.source.exists()
    assert rig.steps[-1] == "remove"


def test_a_dump_that_was_replaced_is_not_removed(rig: Rig) -> None:
    rig.run()
    (rig.source / "dmesg.txt").write_text("Another panic\n")
    with pytest.raises(KdumpError, match="is another file"):
        rig.run(remove=True)
    assert (rig.source / "vmcore").exists()


def test_a_disk_that_fills_up_is_one_clear_error_and_loses_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Incoming, "accept", full)
        with pytest.raises(KdumpError, match=r"Cannot bring .*: No space left on device\. .*run the task again"):
            rig.run()
    assert ".chunk" not in os.listdir(rig.dest)
    rig.run()
    assert (rig.dest / "vmcore").read_bytes() == CONTENT


def test_what_is_on_its_way_is_for_nobody_else_even_in_an_open_folder(rig: Rig) -> None:
    rig.dest.mkdir(mode=0o755, parents=True)
    (rig.dest / ".chunk").write_text("left by a run that was killed")
    (rig.dest / ".chunk").chmod(0o644)
    rig.run()
    assert rig.connection.modes == {0o600}
    assert {path.stat().st_mode & 0o777 for path in rig.dest.iterdir()} == {0o600}


def test_chunks_have_a_least_size(rig: Rig) -> None:
    with pytest.raises(KdumpError, match="chunk_bytes is at least 4096"):
        rig.run(chunk_bytes=0)


@pytest.mark.parametrize("way", [source.IN_PLACE, source.COPIES])
def test_a_dump_that_fits_into_one_batch_takes_one_call(rig: Rig, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(source, "_way", lambda *_arguments: way)
    (rig.source / "empty").touch()
    rig.run(chunk_bytes=1 << 20)
    assert rig.steps == ["list"]
    assert sorted(os.listdir(rig.dest)) == ["dmesg.txt", "empty", "vmcore"]
    assert (rig.dest / "vmcore").read_bytes() == CONTENT


def test_a_whole_file_that_arrives_damaged_is_asked_for_again(rig: Rig) -> None:
    rig.connection.faults = {1: "short"}
    rig.run(chunk_bytes=1 << 20)
    assert rig.steps == ["list", "stage"]
    assert (rig.dest / "vmcore").read_bytes() == CONTENT


def test_a_single_file_in_place(rig: Rig) -> None:
    rig.run(path=str(rig.source / "vmcore"), chunk_bytes=1 << 20)
    assert (rig.steps, (rig.dest / "vmcore").read_bytes()) == (["list"], CONTENT)


def test_no_room_for_copies_means_piece_by_piece(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    way = rig.source.parent / "way"
    monkeypatch.setattr(os, "geteuid", lambda: way.stat().st_uid + 1)
    assert source._way(os.open(rig.source, os.O_RDONLY), ["vmcore"], str(way), 1 << 20) == source.COPIES
    room = MagicMock(f_bavail=1, f_frsize=CHUNK)
    monkeypatch.setattr(os, "statvfs", lambda _path: room)
    assert source._way(os.open(rig.source, os.O_RDONLY), ["vmcore"], str(way), 1 << 20) is None


def test_two_runs_do_not_put_one_dump_together(rig: Rig) -> None:
    rig.dest.mkdir(parents=True)
    with receive.claimed(str(rig.dest)), pytest.raises(KdumpError, match="another run is bringing one there"):
        rig.run()
    assert rig.run()["changed"] is True
