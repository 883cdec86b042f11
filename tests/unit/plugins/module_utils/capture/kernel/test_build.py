# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One build from request to cache, with a small stand-in for make and the kernel's tree."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import subprocess
import tarfile
import typing as t
from collections.abc import Mapping, Sequence

import pytest
from jsonschema import validate

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, edits, toolchain
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import build as kernel_build
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig.fragment import ConfigError
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.request import Request, merged
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.source import SourceError
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.steps import CompileError
from ansible_collections.linux.kdump.plugins.module_utils.command import Completed, finish
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.progress import LEASE, Progress

from .images import header

#: Answers the two calls of make as kbuild would; files beside the tree's Makefile change what it does.
MAKE = """\
#!/bin/sh
set -e
shift; root=$1; shift
for word; do case $word in *=*) eval "${word%%=*}='${word#*=}'" ;; esac; done
case "$*" in
*allnoconfig*)
  cat "$KCONFIG_ALLCONFIG" >"$O/.config"
  if [ -e "$root/drop" ]; then sed -i -f "$root/drop" "$O/.config"; fi ;;
*olddefconfig*) ;;
*modules_install*)
  tree=$INSTALL_MOD_PATH/lib/modules/$(cat "$O/include/config/kernel.release")
  mkdir -p "$tree/kernel"
  echo "module $INSTALL_MOD_STRIP" >"$tree/kernel/xfs.ko"
  echo "kernel/xfs.ko:" >"$tree/modules.dep"
  ln -s "$O" "$tree/build"; ln -s "$root" "$tree/source" ;;
*bzImage*vmlinux*)
  echo "  CC      init/main.o"
  if [ -e "$root/fail" ]; then cat "$root/fail"; exit 2; fi
  if [ -e "$root/hang" ]; then sleep 60; fi
  mkdir -p "$O/arch/x86/boot" "$O/include/config"
  echo image "$KBUILD_BUILD_TIMESTAMP" "$FOREIGN" >"$O/arch/x86/boot/bzImage"
  if [ -e "$root/bzImage" ]; then cp "$root/bzImage" "$O/arch/x86/boot/bzImage"; fi
  echo symbols "$*" >"$O/vmlinux"
  if [ ! -e "$root/no-map" ]; then echo map >"$O/System.map"; fi
  sed -n 's/^CONFIG_LOCALVERSION="\\(.*\\)"$/6.1.7\\1/p' "$O/.config" >"$O/include/config/kernel.release" ;;
esac
"""


SCHEMA = json.loads((pathlib.Path(__file__).parents[6] / "docs/schemas/manifest.schema.json").read_text())

TOOLS = toolchain.Toolchain("", {"gcc": "gcc 12", "ld": "ld 2.40"})

#: Every symbol of the stand-in tree.
KCONFIG = """\
config {name}
\tbool "{name}"
\tdepends on COFFEE
"""


class GroupRunner:
    """Runs commands for real, each in a process group of its own, as timeout(1) does it for modules."""

    def run(
        self,
        argv: Sequence[str],
        *,
        what: str,
        timeout: int,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        data: str | None = None,
        check: bool = True,
    ) -> Completed:
        done = subprocess.run(
            ["timeout", str(timeout), *argv], cwd=cwd, env={**os.environ, **(env or {})}, input=data or "",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return finish(
            Completed(tuple(argv), done.returncode, done.stdout, done.stderr), what=what, timeout=timeout, check=check
        )


@pytest.fixture
def tree(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A source tree, with a make on the PATH that pretends to build it."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "make").write_text(MAKE)
    (tools / "make").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("FOREIGN", "must not reach the build")
    monkeypatch.setattr(toolchain, "inspect", lambda *_args: TOOLS)
    root = tmp_path / "linux-6.1.7"
    root.mkdir()
    (root / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\n")
    wanted = merged(make_request(tmp_path, root))
    (root / "Kconfig").write_text("".join(KCONFIG.format(name=name) for name in wanted))
    return root


def make_request(tmp_path: pathlib.Path, tree: pathlib.Path, **changes: object) -> Request:
    values: dict[str, object] = {
        "architecture": architectures.find("x86_64"), "source": str(tree), "fragments": ("tiny",),
        "local_version": "-kdump", "cache": str(tmp_path / "cache"), "jobs": 2, "timeout": 60, **changes,
    }  # fmt: skip
    return Request(**values)  # type: ignore[arg-type]


def build(request: Request, progress: Progress | None = None) -> dict[str, object]:
    wanted = kernel_build.desired(request, GroupRunner())
    document = kernel_build.current(wanted)
    step = kernel_build.plan(wanted, document)
    if step.build:
        document = kernel_build.apply(request, wanted, GroupRunner(), progress or Progress(None))
    return kernel_build.result(request, wanted, document, step)


def leftovers(tmp_path: pathlib.Path) -> list[str]:
    folder = tmp_path / "cache/kernels"
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock") if folder.exists() else []


def test_a_kernel_is_built_once(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    first = build(make_request(tmp_path, tree))
    folder = pathlib.Path(str(first["path"]))
    assert first["changed"] is True
    assert first["release"] == "6.1.7-kdump"
    assert sorted(path.name for path in folder.iterdir()) == [
        "System.map",
        "bzImage",
        "config",
        "manifest.json",
        "vmlinux",
    ]
    assert json.loads((folder / "manifest.json").read_text()) == first["manifest"]
    assert (folder / "bzImage").read_text() == "image Thu Jan  1 00:00:00 UTC 1970 \n"
    assert leftovers(tmp_path) == [folder.name]
    again = build(make_request(tmp_path, tree))
    assert again["changed"] is False
    assert {**again, "changed": True, "reason": first["reason"]} == first


@pytest.fixture
def modular(tmp_path: pathlib.Path) -> str:
    fragment = tmp_path / "modular.config"
    fragment.write_text("CONFIG_MODULES=y\n")
    return str(fragment)


def test_modules_come_with_their_kernel(tmp_path: pathlib.Path, tree: pathlib.Path, modular: str) -> None:
    assert build(make_request(tmp_path, tree))["modules"] is None
    result = build(make_request(tmp_path, tree, fragments=("tiny", modular)))
    folder = pathlib.Path(str(result["path"]))
    modules = folder / "modules/lib/modules/6.1.7-kdump"
    assert result["modules"] == str(modules)
    assert sorted(path.name for path in modules.iterdir()) == ["kernel", "modules.dep"]
    assert (modules / "kernel/xfs.ko").read_text() == "module 1\n"
    assert (folder / "vmlinux").read_text().endswith("vmlinux modules\n")
    assert result["manifest"]["files"]["modules"]["bytes"] == 9 + 15  # type: ignore[index]
    assert build(make_request(tmp_path, tree, fragments=("tiny", modular)))["changed"] is False
    (modules / "kernel/xfs.ko").write_text("module 2\n")
    assert build(make_request(tmp_path, tree, fragments=("tiny", modular)))["changed"] is True


def test_modules_that_nobody_could_find_are_not_built(
    tmp_path: pathlib.Path, tree: pathlib.Path, modular: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name, path: None)
    with pytest.raises(CompileError, match=r"there is no depmod\. Install it \(apt-get install kmod\)"):
        build(make_request(tmp_path, tree, fragments=("tiny", modular)))


def test_a_tarball_is_unpacked_and_stays_as_it_was(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    tarball = tmp_path / "linux.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(tree, tree.name)
    before = tarball.read_bytes()
    result = build(make_request(tmp_path, tarball))
    assert result["release"] == "6.1.7-kdump"
    assert tarball.read_bytes() == before
    assert leftovers(tmp_path) == [pathlib.Path(str(result["path"])).name]


def test_only_an_unpacked_source_is_edited(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    edited = tree / edits.SMALL_SECTIONS.path
    edited.parent.mkdir(parents=True)
    edited.write_text("# define SECTION_SIZE_BITS 27\n")
    tarball = tmp_path / "linux.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(tree, tree.name)
    document = t.cast("dict[str, t.Any]", build(make_request(tmp_path, tarball))["manifest"])
    assert document["edits"] == ["small_sections"]
    validate(document, SCHEMA)
    whole = t.cast("dict[str, t.Any]", build(make_request(tmp_path, tree))["manifest"])
    assert "edits" not in whole
    assert edited.read_text() == "# define SECTION_SIZE_BITS 27\n"


def test_the_image_for_i386_is_as_long_as_the_memory_it_starts_in(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    (tree / "bzImage").write_bytes(header(memory=0x20000) + bytes(1000))
    i386 = architectures.find("i386")
    result = build(make_request(tmp_path, tree, architecture=i386, fragments=("ext4",)))
    image = pathlib.Path(str(result["image"]))
    assert image.stat().st_size == 32 * 512 + 0x20000
    assert result["manifest"]["files"]["bzImage"]["bytes"] == image.stat().st_size  # type: ignore[index]
    assert build(make_request(tmp_path, tree))["manifest"]["files"]["bzImage"]["bytes"] == 1024 + 1000  # type: ignore[index]


@pytest.mark.parametrize("damage", ["bzImage", "manifest.json", "vmlinux"])
def test_a_damaged_kernel_in_the_cache_is_built_again(tmp_path: pathlib.Path, tree: pathlib.Path, damage: str) -> None:
    first = build(make_request(tmp_path, tree))
    (pathlib.Path(str(first["path"])) / damage).write_text("{}")
    again = build(make_request(tmp_path, tree))
    assert again["changed"] is True
    assert build(make_request(tmp_path, tree))["changed"] is False
    assert len(leftovers(tmp_path)) == 1


def test_every_input_makes_a_kernel_of_its_own(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    mine = tmp_path / "mine.config"
    mine.write_text("CONFIG_XFS_FS=y\n")
    requests = [
        make_request(tmp_path, tree),
        make_request(tmp_path, tree, fragments=("virtio", "ext4")),
        make_request(tmp_path, tree, fragments=("tiny", str(mine))),
        make_request(tmp_path, tree, local_version="-mine-kdump"),
    ]
    digests = {kernel_build.desired(request, GroupRunner()).digest for request in requests}
    (tree / "new.c").write_text("int x;\n")
    digests.add(kernel_build.desired(requests[0], GroupRunner()).digest)
    assert len(digests) == 5
    assert kernel_build.desired(make_request(tmp_path, tree, jobs=7), GroupRunner()).digest in digests


def test_a_lost_symbol_is_named_with_what_it_lacks(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    (tree / "drop").write_text("/^CONFIG_EXT4_FS=/d\n")
    with pytest.raises(
        ConfigError, match=r"CONFIG_EXT4_FS=y \(ext4:1\) became n: it depends on COFFEE, which is not met"
    ):
        build(make_request(tmp_path, tree))
    assert [name for name in leftovers(tmp_path) if not name.endswith(".failed.log")] == []


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("a.c:1:1: error: no such thing\nmake[1]: *** [Makefile:1: a.o] Error 1\n", "a.c:1:1: error: no such thing"),
        ("strange\n", "it ended with status 2: strange"),
        ("cc1: fatal error: write: No space left on device\n", "is full. Make room"),
    ],
)
def test_a_failed_build_is_one_error_with_its_log(
    tmp_path: pathlib.Path, tree: pathlib.Path, output: str, message: str
) -> None:
    (tree / "fail").write_text(output)
    with pytest.raises(CompileError) as caught:
        build(make_request(tmp_path, tree))
    assert message in caught.value.message
    assert caught.value.facts["log"][-1] == output.splitlines()[-1]  # type: ignore[index]
    [log] = leftovers(tmp_path)
    assert log.endswith(".failed.log")
    assert pathlib.Path(str(caught.value.facts["log_path"])).read_text() == "  CC      init/main.o\n" + output
    (tree / "fail").unlink()
    assert build(make_request(tmp_path, tree))["changed"] is True


def test_a_missing_result_is_an_error(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    (tree / "no-map").touch()
    with pytest.raises(CompileError, match=r"the build made no System\.map"):
        build(make_request(tmp_path, tree))


def test_a_build_has_a_time_limit(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    (tree / "hang").touch()
    with pytest.raises(CompileError, match=r"Cannot build the kernel: the time .* Raise the option timeout") as caught:
        build(make_request(tmp_path, tree, timeout=2))
    assert caught.value.facts["log"] == ["  CC      init/main.o"]


def test_a_log_that_cannot_be_kept_hides_no_error(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    (tree / "fail").write_text("cc1: fatal error: write: No space left on device\n")
    request = make_request(tmp_path, tree)
    pathlib.Path(f"{kernel_build.desired(request, GroupRunner()).folder}.failed.log").mkdir(parents=True)
    with pytest.raises(CompileError, match=r"is full\. Make room") as caught:
        build(request)
    assert "log_path" not in caught.value.facts


def test_a_build_that_waits_in_vain_for_another_says_what_to_do(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    kernels = tmp_path / "cache/kernels"
    kernels.mkdir(parents=True)
    with open(kernels / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(kernel_build.BuildError, match=r"has not ended\. Wait for it, or name"):
            build(make_request(tmp_path, tree, timeout=0))


def test_a_build_that_nobody_waits_for_stops(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    (tree / "hang").touch()
    folder = tmp_path / "progress"
    folder.mkdir()
    assert not (folder / LEASE).exists()
    with pytest.raises(KdumpError, match="nobody waits"):
        build(make_request(tmp_path, tree), Progress(str(folder)))
    assert [name for name in leftovers(tmp_path) if not name.endswith(".failed.log")] == []


def system_request(tmp_path: pathlib.Path, tree: pathlib.Path, **changes: object) -> Request:
    config = tmp_path / "config-distribution"
    config.write_text("CONFIG_MODULES=y\n" + "".join(f"CONFIG_DRIVER_{number}=m\n" for number in range(100)))
    return make_request(
        tmp_path,
        tree,
        **{"kind": "system", "config": str(config), "fragments": (), "local_version": "-prod", **changes},
    )


def test_a_production_kernel_starts_from_a_whole_configuration(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    result = build(system_request(tmp_path, tree))
    folder = pathlib.Path(str(result["path"]))
    assert result["release"] == "6.1.7-prod"
    document = t.cast("dict[str, t.Any]", result["manifest"])
    assert document["role"] == "system"
    assert document["config"]["name"] == "config-distribution"
    lines = (folder / "config").read_text().splitlines()
    assert "CONFIG_DRIVER_99=m" in lines
    assert lines.index('CONFIG_SYSTEM_TRUSTED_KEYS=""') < lines.index("CONFIG_KEXEC=y")
    validate(document, SCHEMA)
    assert build(system_request(tmp_path, tree))["changed"] is False


def test_a_production_kernel_is_packed_with_its_modules(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    first = build(system_request(tmp_path, tree))
    archive = pathlib.Path(str(first["archive"]))
    before = archive.read_bytes()
    with tarfile.open(archive) as packed:
        assert packed.getnames() == [
            "boot/vmlinuz-6.1.7-prod", "boot/config-6.1.7-prod", "boot/System.map-6.1.7-prod",
            "lib/modules/6.1.7-prod/modules.dep", "lib/modules/6.1.7-prod/kernel/xfs.ko",
        ]  # fmt: skip
        assert {(member.mode, member.uid, member.mtime) for member in packed} == {(0o644, 0, 0)}
    archive.unlink()
    build(system_request(tmp_path, tree))
    assert archive.read_bytes() == before
    assert build(make_request(tmp_path, tree))["archive"] is None


def test_a_production_kernel_of_fragments_alone(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    minimal = system_request(tmp_path, tree, config="minimal", debug_info="none", fragments=("tiny",))
    kconfig = tree / "Kconfig"
    kconfig.write_text("".join(KCONFIG.format(name=name) for name in merged(minimal)))
    result = build(minimal)
    assert t.cast("dict[str, t.Any]", result["manifest"])["config"] is None
    other = kernel_build.desired(system_request(tmp_path, tree), GroupRunner())
    assert other.digest != result["digest"]


def test_a_kernel_at_a_place_of_its_own_is_loaded_as_vmlinux(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    with (tree / "Kconfig").open("a") as stream:
        stream.write(KCONFIG.format(name="PHYSICAL_START"))
    result = build(make_request(tmp_path, tree, physical_start=16 << 20))
    document = t.cast("dict[str, t.Any]", result["manifest"])
    assert (document["image"], document["physical_start"]) == ("vmlinux", 16 << 20)
    assert result["image"] == result["vmlinux"]
    validate(document, SCHEMA)


def test_a_release_that_tells_a_lie_is_no_kernel(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    lie = tmp_path / "bin/make"
    lie.write_text(MAKE.replace("6.1.7\\1", "6.1.7-kdump"))
    with pytest.raises(kernel_build.BuildError, match=r"its release 6\.1\.7-kdump ends in -kdump"):
        build(system_request(tmp_path, tree))


def test_what_a_killed_build_left_is_cleared(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    stale = tmp_path / "cache/kernels/.build-old/source"
    stale.mkdir(parents=True)
    build(make_request(tmp_path, tree))
    assert not stale.exists()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"fragments": ("tinny",)}, ConfigError, "there is none of that name (tiny, server, virtio"),
        ({"fragments": ("/nowhere/x.config",)}, ConfigError, "there is no such file"),
        ({"local_version": "-mine"}, ConfigError, "does not end in -kdump"),
        ({"local_version": 'a"\nCONFIG_X=y\n#-kdump'}, ConfigError, "Cannot"),
        ({"local_version": "-$(reboot)-kdump"}, ConfigError, "takes letters, digits and"),
        ({"local_version": "-" + "x" * 60 + "-kdump"}, ConfigError, "48 of them at most"),
        ({"source": "/nowhere/linux.tar"}, SourceError, "there is no such file or folder"),
    ],
)
def test_bad_requests(
    tmp_path: pathlib.Path, tree: pathlib.Path, changes: dict[str, object], error: type[KdumpError], message: str
) -> None:
    with pytest.raises(error) as caught:
        build(make_request(tmp_path, tree, **changes))
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert leftovers(tmp_path) == []


def test_a_fragment_cannot_take_away_what_makes_it_a_capture_kernel(tmp_path: pathlib.Path, tree: pathlib.Path) -> None:
    mine = tmp_path / "mine.config"
    mine.write_text("# CONFIG_PROC_VMCORE is not set\n")
    with pytest.raises(ConfigError, match=r"mine\.config:1: without CONFIG_PROC_VMCORE=y it is no capture kernel"):
        build(make_request(tmp_path, tree, fragments=(str(mine),)))


def test_a_full_disk_is_found_before_the_build(
    tmp_path: pathlib.Path, tree: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 5 << 20})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    with pytest.raises(kernel_build.BuildError, match="takes 238 MiB for a while, and 5 MiB are free"):
        build(make_request(tmp_path, tree))


def test_a_profile_is_less_where_an_architecture_has_no_such_devices(
    tmp_path: pathlib.Path, tree: pathlib.Path
) -> None:
    s390 = architectures.find("s390x")
    wanted = kernel_build.desired(make_request(tmp_path, tree, architecture=s390), GroupRunner())
    assert wanted.fragments == ("base", "s390x", "local_version", "virtio", "ext4")
    assert "VIRTIO_PCI" not in wanted.settings
    with pytest.raises(ConfigError, match="'nvme' for s390x: that architecture has no such devices"):
        kernel_build.desired(make_request(tmp_path, tree, architecture=s390, fragments=("nvme",)), GroupRunner())


def test_an_unknown_architecture() -> None:
    with pytest.raises(
        architectures.ArchitectureError, match=r"'vax'.*known here \(arm64, i386, ppc64le, s390x, x86_64\)"
    ):
        architectures.find("vax")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"KDUMP_CACHE": "/a"}, "/a"),
        ({"KDUMP_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/linux-kdump"),
        ({}, os.path.expanduser("~/.cache/linux-kdump")),
    ],
)
def test_where_the_cache_is(environment: dict[str, str], folder: str) -> None:
    assert kernel_build.default_cache(environment) == folder
