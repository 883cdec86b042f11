# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the image: same inputs, same bytes, and a manifest that tells all of it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import typing as t
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import image as initramfs
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import newc
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import settings as save_settings
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves

SCHEMA = json.loads((Path(__file__).parents[6] / "docs/schemas/manifest.schema.json").read_text())
FEATURES = {"lzo": True, "snappy": False, "zstd": False}


@pytest.fixture
def options(tmp_path: Path) -> dict[str, t.Any]:
    """The module's options, with tools made for the test."""
    busybox = elves.write(tmp_path, "tools/busybox", payload=elves.busybox_payload(save_script.APPLETS))
    library = elves.write(tmp_path, "tools/lib/libtool.so.1", soname="libtool.so.1")
    makedumpfile = elves.write(
        tmp_path,
        "tools/makedumpfile",
        needed=["libtool.so.1"],
        runpath=os.path.dirname(library),
        payload=elves.makedumpfile_payload(FEATURES),
    )
    return {
        "path": str(tmp_path / "image"), "busybox": busybox, "makedumpfile": makedumpfile,
        "collector": ["makedumpfile", "-l", "-d", "31"], "final_action": "reboot", "limits": {},
        "modules": [], "module_tree": None, "compression": "gzip",
    }  # fmt: skip


def _build(options: dict[str, t.Any], runner: FakeRunner, *, check_mode: bool = False) -> dict[str, t.Any]:
    return initramfs.build(initramfs.request(options), runner, check_mode=check_mode)


def _members(path: str) -> dict[str, newc.Member]:
    return {member.path: member for member in newc.read(gzip.decompress(Path(path).read_bytes()))}


def test_the_image_holds_what_the_script_needs(options: dict[str, t.Any], runner: FakeRunner) -> None:
    result = _build(options, runner)
    members = _members(result["path"])
    assert members["init"].data.decode() == save_script.SCRIPT
    assert members["init"].mode & 0o777 == 0o755
    assert members["dev/console"].device == (5, 1)
    assert members["etc/kdump/collector"].data == b"-l\n-d\n31\n"
    assert members["bin/makedumpfile"].data == Path(options["makedumpfile"]).read_bytes()
    assert "lib/libtool.so.1" in members
    assert {f"bin/{applet}" for applet in save_script.APPLETS} <= members.keys()
    assert {"proc", "sys", "dev", "tmp", "target"} <= members.keys()


def test_tools_of_another_machine_come_from_its_own_tree(
    options: dict[str, t.Any], tmp_path: Path, runner: FakeRunner
) -> None:
    root = tmp_path / "tree"
    elves.write(root, "lib/ld-linux-aarch64.so.1", soname="ld-linux-aarch64.so.1", machine=elves.AARCH64)
    elves.write(root, "usr/lib/aarch64-linux-gnu/libdw.so.1", machine=elves.AARCH64)
    payload = elves.busybox_payload(save_script.APPLETS)
    elves.write(root, "bin/busybox", machine=elves.AARCH64, payload=payload)
    elves.write(
        root, "usr/bin/makedumpfile", machine=elves.AARCH64, needed=["libdw.so.1"],
        interpreter="/lib/ld-linux-aarch64.so.1", payload=elves.makedumpfile_payload(FEATURES),
    )  # fmt: skip
    extra = elves.write(root, "usr/bin/more", machine=elves.AARCH64, needed=["libdw.so.1"])
    changed = {
        "root": f"{root}/", "busybox": "/bin/busybox", "makedumpfile": "/usr/bin/makedumpfile",
        "extra_files": [{"src": extra, "dest": "/bin/more", "mode": None}],
    }  # fmt: skip
    result = _build({**options, **changed}, runner)
    members = _members(result["path"])
    assert result["manifest"]["architecture"] == "arm64"
    assert {"lib/ld-linux-aarch64.so.1", "lib/libdw.so.1", "bin/makedumpfile", "bin/more"} <= members.keys()
    sources = {member["path"]: member.get("source") for member in result["manifest"]["members"]}
    assert sources["lib/ld-linux-aarch64.so.1"] == f"{root}/lib/ld-linux-aarch64.so.1"


def test_the_folder_that_tells_of_a_whole_unpacking_is_the_last_member(
    options: dict[str, t.Any], runner: FakeRunner
) -> None:
    assert list(_members(_build(options, runner)["path"]))[-1] == save_script.LAST_PATH


def test_the_manifest_is_true_and_valid(options: dict[str, t.Any], runner: FakeRunner) -> None:
    result = _build(options, runner)
    manifest = json.loads(Path(f"{result['path']}.json").read_text())
    jsonschema.validate(manifest, SCHEMA)
    assert manifest == result["manifest"]
    data = Path(result["path"]).read_bytes()
    assert (manifest["sha256"], manifest["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert manifest["unpacked_bytes"] == len(gzip.decompress(data))
    for path, member in _members(result["path"]).items():
        (line,) = [line for line in manifest["members"] if line["path"] == path]
        assert line["kind"] == member.kind
        assert line.get("sha256") == (hashlib.sha256(member.data).hexdigest() if member.kind == "file" else None)


def test_four_beats(options: dict[str, t.Any], runner: FakeRunner) -> None:
    foreseen = _build(options, runner, check_mode=True)
    assert foreseen["changed"] and not os.path.exists(options["path"])
    done = _build(options, runner)
    assert done["changed"] and done["sha256"] == foreseen["sha256"] and done["diff"] == foreseen["diff"]
    for check_mode in (False, True):
        again = _build(options, runner, check_mode=check_mode)
        assert not again["changed"]
        assert again["diff"]["before"] == again["diff"]["after"]


@pytest.mark.parametrize(
    "change",
    [
        {"final_action": "halt"},
        {"limits": {"core": 5}},
        {"collector": ["makedumpfile", "-d", "31"]},
        {"compression": "none"},
    ],
)
def test_another_choice_is_another_image(
    options: dict[str, t.Any], runner: FakeRunner, change: dict[str, t.Any]
) -> None:
    first = _build(options, runner)
    second = _build({**options, **change}, runner)
    assert second["changed"] and second["sha256"] != first["sha256"]
    assert second["diff"]["before"] == first["diff"]["after"] != second["diff"]["after"]


@pytest.mark.parametrize("damage", ["image", "image.json"])
def test_damage_on_disk_is_repaired(options: dict[str, t.Any], runner: FakeRunner, damage: str) -> None:
    first = _build(options, runner)
    (Path(options["path"]).parent / damage).write_text("{}")
    assert _build(options, runner)["changed"]
    assert hashlib.sha256(Path(options["path"]).read_bytes()).hexdigest() == first["sha256"]
    assert not _build(options, runner)["changed"]


def test_time_owner_and_place_of_the_build_leave_no_trace(options: dict[str, t.Any], runner: FakeRunner) -> None:
    first = _build(options, runner)
    os.utime(options["makedumpfile"], (1, 1))
    Path(options["busybox"]).chmod(0o700)
    second = _build({**options, "path": f"{options['path']}-elsewhere"}, runner)
    assert second["sha256"] == first["sha256"]


def test_modules_are_listed_in_the_order_of_loading(
    options: dict[str, t.Any], runner: FakeRunner, tmp_path: Path
) -> None:
    tree = tmp_path / "modules/6.1.0"
    tree.mkdir(parents=True)
    (tree / "modules.dep").write_text("b.ko: a.ko\na.ko:\n")
    (tree / "a.ko").write_bytes(b"A")
    (tree / "b.ko").write_bytes(b"B")
    result = _build({**options, "modules": ["b"], "module_tree": str(tree)}, runner)
    members = _members(result["path"])
    assert members["etc/kdump/modules"].data == b"needed a\nneeded b\n"
    assert members["lib/modules/b.ko"].data == b"B"
    assert (result["manifest"]["modules"], result["manifest"]["module_release"]) == (["a", "b"], "6.1.0")
    jsonschema.validate(result["manifest"], SCHEMA)


def test_threads_bring_the_library_that_cancels_them(options: dict[str, t.Any], runner: FakeRunner) -> None:
    folder = Path(options["makedumpfile"]).parent
    elves.write(folder, "lib/libgcc_s.so.1", soname="libgcc_s.so.1")
    collector = [*options["collector"], "--num-threads=2"]
    assert "lib/libgcc_s.so.1" in _members(_build({**options, "collector": collector}, runner)["path"])


def test_zstd_runs_with_one_thread(
    options: dict[str, t.Any], runner: FakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def zstd(argv: t.Sequence[str]) -> tuple[int, str, str]:
        Path(argv[argv.index("-o") + 1]).write_bytes(b"packed")
        return 0, "", ""

    monkeypatch.setattr("shutil.which", lambda name, path: f"/usr/bin/{name}")
    runner.answers[("zstd", "--quiet", "--no-progress", "--single-thread", "-19")] = zstd
    result = _build({**options, "compression": "zstd"}, runner)
    assert Path(result["path"]).read_bytes() == b"packed"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modules": ["ext4"]}, "modules is given without module_tree"),
        ({"collector": ["makedumpfile", "-z"]}, "built without it"),
        ({"busybox": "/nonexistent"}, "as busybox: No such file"),
        ({"path": "/nonexistent/image"}, "Cannot write the initramfs /nonexistent/image: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_error(
    options: dict[str, t.Any], runner: FakeRunner, change: dict[str, t.Any], message: str
) -> None:
    with pytest.raises(KdumpError, match=message) as caught:
        _build({**options, **change}, runner)
    assert "\n" not in caught.value.message


def test_without_zstd_the_error_says_so(
    options: dict[str, t.Any], runner: FakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path: None)
    with pytest.raises(KdumpError, match="zstd is not installed"):
        _build({**options, "compression": "zstd"}, runner)


def test_tools_of_two_architectures_are_refused(options: dict[str, t.Any], runner: FakeRunner, tmp_path: Path) -> None:
    payload = elves.busybox_payload(save_script.APPLETS)
    foreign = elves.write(tmp_path, "foreign", machine=elves.AARCH64, payload=payload)
    with pytest.raises(KdumpError, match=r"is for arm64 and .* for x86_64"):
        _build({**options, "busybox": foreign}, runner)


def test_a_full_disk_leaves_nothing_behind(
    options: dict[str, t.Any], runner: FakeRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KdumpError, match="No space left on device"):
        _build(options, runner)
    assert sorted(os.listdir(Path(options["path"]).parent)) == ["tools"]


def test_the_default_request_is_the_modules_default() -> None:
    assert initramfs.Request(path="/x").settings == save_settings.settings(
        collector=save_settings.DEFAULT_COLLECTOR, final_action="reboot", limits={}
    )


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_a_folder_in_the_way_is_one_error(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"image{suffix}").mkdir()
    with pytest.raises(KdumpError, match=rf"Cannot read .*image{suffix}: Is a directory\. Remove it"):
        initramfs.current(str(tmp_path / "image"))
