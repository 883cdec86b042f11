# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: what they are named by, how they are built, and that they are there whole or not at all."""

from __future__ import annotations

import dataclasses
import os
import shlex
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.command import CommandError
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import boots, image, image_task, recipe, watched
from ansible_collections.linux.kdump.plugins.module_utils.lab.bootdisk import PARTITION_OFFSET
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.clock import FakeClock

SPEC = image.ImageSpec(suite="bookworm", size=1 << 26, sources=("deb http://mirror.example/debian bookworm main",))

FULL = "No space left on device"


class Host:
    """A build host whose tools leave the files that the real ones would."""

    def __init__(self, cache: Path, *, root: bool = True, console: str = recipe.FINISHED) -> None:
        self.cache = cache
        self.console = console
        self.steps: list[str] = []
        self.runner = FakeRunner(
            {
                ("mmdebstrap",): (0, "", ""),
                ("sh", "-c"): self.make_tree,
                ("fakeroot", "sh", "-c"): self.make_tree,
                ("unshare",): (0, "", ""),
                (image.QEMU,): self.boot,
                ("qemu-img", "convert"): self.convert,
            }
        )
        self.builder = image.Builder(
            cache=str(cache), runner=self.runner, report=self.steps.append, root=root, which=lambda tool: tool
        )  # fmt: skip

    @property
    def work(self) -> Path:
        return next(path for path in (self.cache / "images").iterdir() if path.name.startswith(".") and path.is_dir())

    def make_tree(self, _argv: Sequence[str]) -> tuple[int, str, str]:
        parts = self.work / "tree/boot/grub/i386-pc"
        parts.mkdir(parents=True)
        (parts / "boot.img").write_bytes(bytes(510) + b"\x55\xaa")
        (parts / "core.img").write_bytes(b"core" * 1000)
        (self.work / "root.tar").touch()
        return 0, "", ""

    def boot(self, _argv: Sequence[str]) -> tuple[int, str, str]:
        (self.work / "finish.log").write_text(f"Linux version 6.1\n{self.console}\n")
        return 0, "", ""

    def convert(self, _argv: Sequence[str]) -> tuple[int, str, str]:
        assert (self.work / "disk.raw").read_bytes()[510:512] == b"\x55\xaa"
        (self.work / image.IMAGE_FILE).write_bytes(b"QFI")
        return 0, "", ""


def test_an_image_is_built_once(tmp_path: Path) -> None:
    host = Host(tmp_path)
    manifest, changed = image.ensure(SPEC, host.builder, force=False)
    assert changed
    assert manifest["digest"] == SPEC.digest
    folder = Path(host.builder.folder(SPEC))
    assert sorted(os.listdir(folder)) == ["finish.log", "image.qcow2", "manifest.json"]
    host.runner.answers.clear()
    assert image.ensure(SPEC, host.builder, force=False) == (manifest, False)
    assert host.steps == [
        "waiting for its turn", "installing packages", "making the disk", "finishing boot", "converting",
    ]  # fmt: skip


def test_it_can_be_built_anew(tmp_path: Path) -> None:
    host = Host(tmp_path)
    image.ensure(SPEC, host.builder, force=False)
    assert image.ensure(SPEC, host.builder, force=True)[1]


@pytest.mark.parametrize(("root", "mode", "shell"), [(True, "root", "sh"), (False, "unshare", "fakeroot")])
def test_who_builds_decides_how(tmp_path: Path, root: bool, mode: str, shell: str) -> None:
    host = Host(tmp_path, root=root)
    image.ensure(SPEC, host.builder, force=False)
    bootstrap = next(call for call in host.runner.calls if call[0] == "mmdebstrap")
    assert f"--mode={mode}" in bootstrap
    assert bootstrap[-1] == SPEC.sources[0]
    disk = next(call for call in host.runner.calls if "mke2fs" in call[-1])
    assert disk[0] == shell
    assert f"offset={PARTITION_OFFSET}" in disk[-1]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({("mmdebstrap",): (1, "", "W: x\nE: no such package: foo\nI: done\n")}, "E: no such package: foo"),
        (
            {("mmdebstrap",): (1, "", "E: Failed to fetch http://m/x  Could not resolve 'm'\nE: apt failed\n")},
            "no mirror answered.*Could not resolve",
        ),
        (
            {("sh", "-c"): (2, "", f"tar: a: {FULL}\ntar: Exiting with failure status\n")},
            f"disk is full: tar: a: {FULL}",
        ),
        (
            {("mmdebstrap",): (1, "", f"cannot copy: {FULL}\nE: Sub-process dpkg\n")},
            f"disk is full: cannot copy: {FULL}",
        ),
        ({(image.QEMU,): (124, "", "")}, "boot the new image.*did not end within"),
        ({(image.QEMU,): (1, "", "could not get KVM")}, "boot the new image"),
        (
            {("qemu-img", "convert"): (1, "", f"qemu-img: {FULL}")},
            f"disk is full: .*{FULL}. Make room",
        ),
    ],
)
def test_a_build_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, broken: dict[tuple[str, ...], t.Any], words: str
) -> None:
    host = Host(tmp_path)
    host.runner.answers.update(broken)
    with pytest.raises(KdumpError, match=words):
        image.ensure(SPEC, host.builder, force=False)
    assert [name for name in os.listdir(tmp_path / "images") if not name.endswith(".lock")] == []


def test_a_build_that_fails_shows_the_end_of_what_was_printed(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.runner.answers[("mmdebstrap",)] = (1, "", "".join(f"line {number}\n" for number in range(5000)))
    with pytest.raises(KdumpError, match="line 4999") as caught:
        image.ensure(SPEC, host.builder, force=False)
    result = caught.value.as_result()
    assert result["log"] == [f"line {number}" for number in range(4980, 5000)]
    assert not {"stdout", "stderr"} & set(result)


@pytest.mark.parametrize(
    ("console", "words"),
    [
        (f"{recipe.FAILED}: update-grub: no device", "update-grub: no device"),
        ("Kernel panic - not syncing: VFS", "never said so"),
    ],
)
def test_an_image_that_does_not_finish_is_none(tmp_path: Path, console: str, words: str) -> None:
    host = Host(tmp_path, console=console)
    with pytest.raises(KdumpError, match=words) as caught:
        image.ensure(SPEC, host.builder, force=False)
    assert console in t.cast("list[str]", caught.value.facts["console"])[-1]


def test_a_cache_folder_may_have_any_name(tmp_path: Path) -> None:
    host = Host(tmp_path / "my 'cache'")
    image.ensure(SPEC, host.builder, force=False)
    bootstrap = next(call for call in host.runner.calls if call[0] == "mmdebstrap")
    hooks = [shlex.split(part.partition("=")[2]) for part in bootstrap if "hook=tar-in" in part]
    assert [os.path.basename(hook[1]) for hook in hooks] == ["early.tar", "late.tar"]
    assert all(len(hook) == 3 and hook[1].startswith(str(tmp_path / "my 'cache'")) for hook in hooks)


def test_leftovers_of_a_killed_build_go(tmp_path: Path) -> None:
    host = Host(tmp_path)
    stale = Path(f"{host.builder.images}/.{SPEC.digest[:16]}.killed")
    stale.mkdir(parents=True)
    image.ensure(SPEC, host.builder, force=False)
    assert not stale.exists()


def test_missing_tools_are_named_together(tmp_path: Path) -> None:
    builder = image.Builder(
        cache=str(tmp_path), runner=FakeRunner(), report=print, root=False,
        which=lambda tool: None if tool in ("mmdebstrap", "fakeroot") else tool,
    )  # fmt: skip
    with pytest.raises(KdumpError, match=r"not installed: mmdebstrap, fakeroot\. Run the role"):
        image.ensure(SPEC, builder, force=False)


def test_a_machine_without_user_namespaces_is_told(tmp_path: Path) -> None:
    host = Host(tmp_path, root=False)
    host.runner.answers[("unshare",)] = (1, "", "unshare failed: Operation not permitted")
    with pytest.raises(KdumpError, match="no user namespaces"):
        image.ensure(SPEC, host.builder, force=False)


def test_a_cache_that_cannot_be_made_or_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KdumpError, match="Choose another cache_dir"):
        image.make_room(Host(tmp_path / "file").builder)
    monkeypatch.setattr(image, "ROOM_NEEDED", 1 << 62)
    with pytest.raises(KdumpError, match="MiB free and a build takes"):
        image.make_room(Host(tmp_path).builder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1}'])
def test_a_damaged_manifest_is_no_image(tmp_path: Path, text: str) -> None:
    (tmp_path / image.IMAGE_FILE).touch()
    (tmp_path / image.MANIFEST_FILE).write_text(text)
    assert image.cached(str(tmp_path)) is None


def test_the_digest_knows_what_matters() -> None:
    plain = image.ImageSpec(suite="bookworm", size=1 << 32)
    others = [
        image.ImageSpec(suite="trixie", size=1 << 32),
        image.ImageSpec(suite="bookworm", size=1 << 33),
        image.ImageSpec(suite="bookworm", size=1 << 32, packages=("xfsprogs",)),
    ]
    assert len({spec.digest for spec in (plain, *others)}) == 4
    assert image.ImageSpec(suite="bookworm", size=1 << 32, packages=("sudo",)).digest == plain.digest


def test_the_way_it_boots_is_part_of_the_image_and_leaves_the_first_way_as_it_was() -> None:
    plain = image.ImageSpec(suite="bookworm", size=1 << 32)
    others = {name: dataclasses.replace(plain, boot=name) for name in boots.BOOTS}
    assert not {"boot", "features"} & set(plain.inputs)
    assert len({plain.digest, *(spec.digest for spec in others.values())}) == 4
    for name, spec in others.items():
        assert set(boots.BOOTS[name].packages) < set(spec.inputs["packages"])
        assert "grub-pc-bin" not in spec.inputs["packages"]
        assert ("/etc/default/grub.d/10-linux-kdump-lab.cfg" in spec.files) == (name == "efi-grub")
        assert spec.inputs["script"] == spec.script(uuid="-", esp="-")


def test_each_boot_loader_is_installed_by_its_own_tools_in_the_one_boot(tmp_path: Path) -> None:
    for name, tool in {
        "efi-grub": "grub-install", "efi-systemd-boot": "bootctl install", "bios-extlinux": "extlinux --install"
    }.items():  # fmt: skip
        host, spec = Host(tmp_path), dataclasses.replace(SPEC, size=1 << 28, boot=name)
        image.ensure(spec, host.builder, force=False)
        boot = next(call for call in host.runner.calls if call[0] == image.QEMU)
        assert f"root=UUID={spec.uuid} " in boot[boot.index("-append") + 1]
        assert f"\nrun {tool} " in spec.files[recipe.FINISH][0]
        efi = name.startswith("efi-")
        assert ("mkfs.fat" in spec.files[recipe.FINISH][0]) == efi
        script = next(call for call in host.runner.calls if "mke2fs" in call[-1])[-1]
        assert ("^64bit" in script) == (name == "bios-extlinux")
        assert f"offset={(1 + boots.ESP_MEBIBYTES if efi else 1) << 20} " in script


def test_an_error_without_mmdebstraps_words_stays_as_it_is() -> None:
    error = CommandError("Cannot install: it printed nothing", stderr="")
    assert image.explained(error) is error


def test_check_mode_builds_nothing(tmp_path: Path, runner: FakeRunner) -> None:
    options = {
        "cache_dir": str(tmp_path),
        "suite": "bookworm",
        "size": "4G",
        "packages": [],
        "sources": [],
        "boot": "bios-grub",
        "force": False,
    }
    result = image_task.produce(options, runner=runner, progress=Progress(None), root=True, check=True)
    assert result["changed"]
    assert result["path"].endswith("image.qcow2")
    assert os.listdir(tmp_path) == []


def test_a_watched_command_leaves_its_words_in_the_log_and_in_the_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    runner = watched.WatchedRunner(LocalRunner(), log=str(log), progress=Progress(None), news=lambda: "")
    assert runner.run(["echo", "first"], what="say", timeout=10).out == "first\n"
    with pytest.raises(CommandError, match="Cannot say: sh ended with status 3: last"):
        runner.run(["sh", "-c", "echo last >&2; exit 3"], what="say", timeout=10)
    assert log.read_text() == "first\nlast\n"


def test_the_stop_watch_tells_the_step_and_remembers_how_long_it_took() -> None:
    clock = FakeClock()
    watch = image_task.StopWatch(clock, Progress(None))
    assert watch.news() == ""
    watch.step("one")
    clock.now = 65
    assert watch.news() == "lab image: one, 1:05"
    watch.step("two")
    watch.step(None)
    assert watch.seconds == {"one": 65, "two": 0}
