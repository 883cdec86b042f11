# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of another architecture, unpacked into a folder and kept."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import packages
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.clock import FakeClock

TARGETS = """\
http://mirror.example/debian/|bookworm|main|amd64
http://mirror.example/debian/|bookworm-updates|main|amd64
http://mirror.example/debian-security/|bookworm-security|main|amd64
"""
RELEASE = "6.1.0-56-s390x"
DEPENDS = {
    "linux-image-s390x": "linux-image-s390x\n  Depends: linux-image-6.1.0-56-s390x\n",
    f"linux-image-{RELEASE}": f"linux-image-{RELEASE}\n  Depends: kmod\n  Depends: linux-base\n",
    "kexec-tools": "kexec-tools\n  Depends: libc6\n  Depends: debconf\n  Depends: <debconf-2.0>\n    cdebconf\n",
    "libc6": "libc6\n  Depends: libgcc-s1\n",
    "libgcc-s1": "libgcc-s1\n  Depends: libc6\n",
}


class Mirror:
    """apt and dpkg, and what they would bring."""

    def __init__(self) -> None:
        self.update: tuple[int, str, str] = (0, "", "")
        self.downloaded: list[str] = []
        self.runner = FakeRunner(
            {
                ("dpkg", "--print-architecture"): (0, "amd64\n", ""), ("apt-get", "indextargets"): (0, TARGETS, ""),
                ("apt-get", "update"): lambda _argv: self.update, ("apt-cache", "depends"): self.depends,
                ("apt-get", "download"): self.download, ("dpkg-deb", "--extract"): self.extract,
                ("dpkg-deb", "--show"): lambda argv: (0, f"{Path(argv[-1]).stem} 1.2-3", ""),
                ("depmod",): (0, "", ""),
            }
        )  # fmt: skip
        self.store = Path()

    def depends(self, argv: Sequence[str]) -> tuple[int, str, str]:
        return 0, "".join(DEPENDS.get(name, "") for name in argv[3:]), ""

    def download(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.downloaded = list(argv[2:])
        (folder,) = self.store.glob("packages/.*/apt/downloads")
        for name in self.downloaded:
            (folder / f"{name}.deb").touch()
        return 0, "", ""

    def extract(self, argv: Sequence[str]) -> tuple[int, str, str]:
        root, name = Path(argv[-1]), Path(argv[-2]).stem
        if name.startswith("linux-image"):
            (root / "boot").mkdir()
            (root / f"boot/vmlinuz-{RELEASE}").touch()
            (root / "lib/modules" / RELEASE).mkdir(parents=True)
        if name == "libc6":
            (root / "lib64").mkdir()
            (root / "lib64/ld64.so.1").symlink_to("/lib/s390x-linux-gnu/ld64.so.1")
            (root / "lib64/near").symlink_to("ld64.so.1")
        return 0, "", ""


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


WANTED = packages.Wanted("s390x", ("busybox-static", "kexec-tools"), "linux-image-s390x")


def store(mirror: Mirror, path: Path) -> packages.Store:
    mirror.store = path
    return packages.Store(str(path), mirror.runner, FakeClock())


def test_a_tree_holds_kernel_programs_and_their_libraries(mirror: Mirror, tmp_path: Path) -> None:
    found = store(mirror, tmp_path).ensure(WANTED, force=False, check=False)
    assert mirror.downloaded == [f"linux-image-{RELEASE}", "busybox-static", "kexec-tools", "libc6", "libgcc-s1"]
    root = tmp_path / "packages" / WANTED.digest[:16] / "root"
    assert found["changed"]
    assert found["path"] == str(root)
    assert found["kernel"] == str(root / f"boot/vmlinuz-{RELEASE}")
    assert (found["release"], found["modules"]) == (RELEASE, str(root / "lib/modules" / RELEASE))
    assert found["packages"]["kexec-tools"] == "1.2-3"
    assert not (root.parent / "apt").exists()


@pytest.mark.parametrize("kernel", ["linux-image-s390x", f"linux-image-{RELEASE}", "linux-image-of-my-own"])
def test_a_kernel_may_be_named_itself(mirror: Mirror, tmp_path: Path, kernel: str) -> None:
    store(mirror, tmp_path).ensure(packages.Wanted("s390x", (), kernel), force=False, check=False)
    assert mirror.downloaded == [f"linux-image-{RELEASE}" if kernel in DEPENDS else kernel]


@pytest.mark.parametrize("kernel", ["kexec-tools", "busybox-static"])
def test_what_is_no_kernel_is_none(mirror: Mirror, tmp_path: Path, kernel: str) -> None:
    with pytest.raises(KdumpError, match=f"Cannot take a kernel from the package {kernel}: it is none and depends on"):
        store(mirror, tmp_path).ensure(packages.Wanted("s390x", (), kernel), force=False, check=False)
    assert mirror.downloaded == []


def test_only_the_suite_itself_is_asked(mirror: Mirror) -> None:
    (line,) = packages.own_sources(mirror.runner, suite="bookworm")
    assert line == f"deb [signed-by={packages.KEYRING}] http://mirror.example/debian/ bookworm main"


def test_links_stay_inside(mirror: Mirror, tmp_path: Path) -> None:
    root = Path(store(mirror, tmp_path).ensure(WANTED, force=False, check=False)["path"])
    assert os.readlink(root / "lib64/ld64.so.1") == "../lib/s390x-linux-gnu/ld64.so.1"
    assert os.readlink(root / "lib64/near") == "ld64.so.1"


def test_a_merged_usr_gets_its_links(tmp_path: Path) -> None:
    for folder in ("usr/lib", "usr/bin", "lib64"):
        (tmp_path / folder).mkdir(parents=True)
    packages.merge_usr(str(tmp_path))
    packages.merge_usr(str(tmp_path))
    assert os.readlink(tmp_path / "lib") == "usr/lib"
    assert os.readlink(tmp_path / "bin") == "usr/bin"
    assert not os.path.islink(tmp_path / "lib64")
    assert not os.path.lexists(tmp_path / "sbin")


def test_the_second_time_it_is_there(mirror: Mirror, tmp_path: Path) -> None:
    first = store(mirror, tmp_path).ensure(WANTED, force=False, check=False)
    before = len(mirror.runner.calls)
    again = store(mirror, tmp_path).ensure(WANTED, force=False, check=False)
    assert again == {**first, "changed": False}
    assert len(mirror.runner.calls) == before
    assert store(mirror, tmp_path).ensure(WANTED, force=True, check=False) == first


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": {"name": "other"}}'])
def test_a_damaged_manifest_is_no_tree(mirror: Mirror, tmp_path: Path, text: str) -> None:
    trees = store(mirror, tmp_path)
    manifest = Path(trees.folder(WANTED)) / "manifest.json"
    trees.ensure(WANTED, force=False, check=False)
    json.loads(manifest.read_text())
    manifest.write_text(text)
    assert trees.ensure(WANTED, force=False, check=False)["changed"]


def test_check_mode_asks_nobody(mirror: Mirror, tmp_path: Path) -> None:
    found = store(mirror, tmp_path).ensure(WANTED, force=False, check=True)
    assert found["changed"]
    assert found["kernel"] is None
    assert mirror.runner.calls == []
    assert list(tmp_path.iterdir()) == []


def test_tools_alone(mirror: Mirror, tmp_path: Path) -> None:
    found = store(mirror, tmp_path).ensure(packages.Wanted("s390x", ("kexec-tools",)), force=False, check=False)
    assert (found["kernel"], found["release"], found["modules"]) == (None, None, None)
    assert not any(call[0] == "depmod" for call in mirror.runner.calls)


def test_what_is_wanted_names_the_tree() -> None:
    digests = {
        wanted.digest
        for wanted in (
            WANTED, packages.Wanted("i386", WANTED.packages, WANTED.kernel),
            packages.Wanted("s390x", WANTED.packages), packages.Wanted("s390x", ("kexec-tools",), WANTED.kernel),
            packages.Wanted("s390x", WANTED.packages, WANTED.kernel, suite="trixie"),
        )
    }  # fmt: skip
    assert len(digests) == 5


def test_no_half_tree_stays_behind(mirror: Mirror, tmp_path: Path) -> None:
    mirror.update = (100, "", "E: The repository does not have a Release file.")
    with pytest.raises(KdumpError, match=r"Cannot get packages: .*Release file"):
        store(mirror, tmp_path).ensure(WANTED, force=False, check=False)
    assert [path.name for path in (tmp_path / "packages").iterdir()] == [f"{WANTED.digest[:16]}.lock"]


def test_the_modules_options(mirror: Mirror, tmp_path: Path) -> None:
    mirror.store = tmp_path
    options = {
        "cache_dir": str(tmp_path), "architecture": "s390x", "packages": list(WANTED.packages), "kernel": WANTED.kernel,
        "suite": "bookworm", "sources": [], "force": False,
    }  # fmt: skip
    found = packages.produce(options, runner=mirror.runner, progress=Progress(None), check=False)
    assert found["path"] == f"{store(mirror, tmp_path).folder(WANTED)}/root"
    assert found["kernel_package"] == WANTED.kernel


@pytest.mark.parametrize(("architecture", "package"), [("i386", "linux-image-686-pae"), ("s390x", None)])
def test_the_stock_kernel_where_it_can_be_crashed(
    mirror: Mirror, tmp_path: Path, architecture: str, package: t.Optional[str]
) -> None:
    options = {
        "cache_dir": str(tmp_path), "architecture": architecture, "packages": ["kexec-tools"], "kernel": "stock",
        "suite": "bookworm", "sources": [], "force": False,
    }  # fmt: skip
    found = packages.produce(options, runner=mirror.runner, progress=Progress(None), check=True)
    assert found["kernel_package"] == package


def test_a_cache_that_cannot_be_written(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "packages").write_text("a file")
    with pytest.raises(KdumpError, match=r"Cannot unpack packages of s390x: .*choose another cache_dir"):
        store(mirror, tmp_path).ensure(WANTED, force=False, check=False)
