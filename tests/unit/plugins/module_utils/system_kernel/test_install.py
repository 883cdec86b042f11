# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A production kernel comes and goes, with the distribution's hooks."""

from __future__ import annotations

import io
import pathlib
import shutil
import tarfile
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.command import CommandError
from ansible_collections.linux.kdump.plugins.module_utils.host.paths import KERNEL_REBOOT_NOTE
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.system_kernel import install
from ansible_collections.linux.kdump.plugins.module_utils.system_kernel.package import PackageError
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.host.sysfs import recorded

RELEASE = "6.1.7-prod"
MODULE = f"lib/modules/{RELEASE}/kernel/xfs.ko"


def archive(folder: pathlib.Path, module: bytes = b"module", builtin: tuple[str, ...] = ()) -> str:
    path = folder / "install.tar.gz"
    boot = [f"boot/vmlinuz-{RELEASE}", f"boot/config-{RELEASE}", f"boot/System.map-{RELEASE}"]
    lists = {f"lib/modules/{RELEASE}/modules.builtin": "".join(f"kernel/{name}.ko\n" for name in builtin).encode()}
    with tarfile.open(path, "w:gz") as tar:
        for name, content in {
            **{name: name.encode() for name in boot},
            MODULE: module,
            **(lists if builtin else {}),
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return str(path)


class World:
    """A host with Debian's hooks."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.host = Host(str(root))
        for folder in ("usr/bin", "etc/kernel/postinst.d", "etc/kernel/postrm.d"):
            (root / folder).mkdir(parents=True)
        tool = root / "usr/bin/run-parts"
        tool.touch(0o755)
        self.runner = FakeRunner({("/usr/bin/run-parts",): (0, "", "")})

    def run(
        self, *, check: bool = False, running: str = "6.1.0-40-amd64", **options: t.Any
    ) -> dict[str, t.Any]:  # fmt: skip
        values: dict[str, t.Any] = {"state": "present", "src": None, "release": None, "sha256": None, **options}
        wanted = install.desired(install.Request(**values))
        found = install.current(wanted, host=self.host, running=running)
        step = install.plan(wanted, found)
        if step.change and not check:
            install.apply(wanted, host=self.host, runner=self.runner)
        return install.result(wanted, step, found)

    def files(self) -> list[str]:
        found = (path for name in ("boot", "lib") for path in (self.root / name).rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in found)


@pytest.fixture
def world(tmp_path: pathlib.Path) -> World:
    return World(tmp_path / "root")


INSTALLED = sorted([
    f"boot/vmlinuz-{RELEASE}", f"boot/config-{RELEASE}", f"boot/System.map-{RELEASE}", MODULE,
    f"lib/modules/{RELEASE}/{install.NOTE}",
])  # fmt: skip


def test_a_kernel_is_installed_once(world: World, tmp_path: pathlib.Path) -> None:
    src = archive(tmp_path)
    check = world.run(src=src, check=True)
    assert world.files() == []
    first = world.run(src=src)
    assert {**first, "diff": None} == {**check, "diff": None}
    assert (first["changed"], first["reboot_required"], first["image"]) == (True, True, f"/boot/vmlinuz-{RELEASE}")
    assert world.files() == INSTALLED
    assert world.runner.calls == [(
        "/usr/bin/run-parts", "--report", "--exit-on-error", f"--arg={RELEASE}", f"--arg=/boot/vmlinuz-{RELEASE}",
        "/etc/kernel/postinst.d",
    )]  # fmt: skip
    again = world.run(src=src)
    assert (again["changed"], again["diff"]["before"]) == (False, again["diff"]["after"])
    assert len(world.runner.calls) == 1
    assert world.run(src=src, running=RELEASE)["reboot_required"] is False


def test_only_a_kernel_that_is_new_may_be_rebooted_for_again(world: World, tmp_path: pathlib.Path) -> None:
    note = world.root / KERNEL_REBOOT_NOTE.lstrip("/")
    note.parent.mkdir(parents=True)
    note.write_text("boot\nkernel of another time\n")
    world.run(src=archive(tmp_path))
    assert not note.exists()
    note.write_text(f"boot\nkernel {RELEASE}\n")
    world.run(src=archive(tmp_path))
    assert note.exists()


def test_what_is_there_needs_no_archive(world: World, tmp_path: pathlib.Path) -> None:
    src = archive(tmp_path)
    world.run(src=src)
    sha256 = str(install.desired(install.Request("present", src, None, None)).sha256)
    assert world.run(release=RELEASE, sha256=sha256)["changed"] is False
    other = world.run(release=RELEASE, sha256="0" * 64, check=True)
    assert other["changed"] is True
    with pytest.raises(install.InstallError, match="its archive is not here"):
        world.run(release=RELEASE, sha256="0" * 64)


@pytest.mark.parametrize("victim", [f"boot/vmlinuz-{RELEASE}", f"lib/modules/{RELEASE}/{install.NOTE}"])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_damaged_kernel_is_mended(world: World, tmp_path: pathlib.Path, victim: str, how: str) -> None:
    src = archive(tmp_path)
    world.run(src=src)
    (world.root / victim).unlink()
    if how == "changed":
        (world.root / victim).write_text("[]")
    mended = world.run(src=src)
    assert (mended["changed"], mended["reason"]) == (True, "the host has another or a damaged kernel of this release")
    assert world.files() == INSTALLED


def test_another_kernel_of_the_same_release_takes_its_place(world: World, tmp_path: pathlib.Path) -> None:
    world.run(src=archive(tmp_path))
    (world.root / f"lib/modules/{RELEASE}/stale.ko").touch()
    assert world.run(src=archive(tmp_path, b"newer"))["changed"] is True
    assert world.files() == INSTALLED
    assert (world.root / MODULE).read_bytes() == b"newer"


def test_a_failed_hook_is_run_again(world: World, tmp_path: pathlib.Path) -> None:
    src = archive(tmp_path)
    world.runner.answers[("/usr/bin/run-parts",)] = (1, "", "update-initramfs: failed\n")
    with pytest.raises(CommandError, match=f"Cannot enter the kernel {RELEASE} into the boot menu: .*failed"):
        world.run(src=src)
    world.runner.answers[("/usr/bin/run-parts",)] = (0, "", "")
    assert world.run(src=src)["changed"] is True
    assert world.run(src=src)["changed"] is False


def test_a_kernel_is_removed_once(world: World, tmp_path: pathlib.Path) -> None:
    world.run(src=archive(tmp_path))
    removed = world.run(state="absent", release=RELEASE)
    assert (removed["changed"], removed["image"], removed["diff"]["after"]) == (True, None, "")
    assert world.files() == []
    assert world.runner.calls[-1][-1] == "/etc/kernel/postrm.d"
    assert world.run(state="absent", release=RELEASE)["changed"] is False


def test_a_removal_that_the_hooks_failed_is_taken_up_again(world: World, tmp_path: pathlib.Path) -> None:
    world.run(src=archive(tmp_path))
    world.runner.answers[("/usr/bin/run-parts",)] = (1, "", "update-grub: no space left on device\n")
    for _attempt in range(2):
        with pytest.raises(CommandError, match=f"Cannot remove the kernel {RELEASE} from the boot menu: .*no space"):
            world.run(state="absent", release=RELEASE)
    assert world.files() == [f"lib/modules/{RELEASE}/{install.NOTE}"]
    world.runner.answers[("/usr/bin/run-parts",)] = (0, "", "")
    check = world.run(state="absent", release=RELEASE, check=True)
    assert (check["changed"], check["reason"]) == (True, "a removal of it did not come to its end")
    assert world.run(state="absent", release=RELEASE)["changed"] is True
    assert world.runner.calls[-1][-1] == "/etc/kernel/postrm.d"
    assert list((world.root / "lib/modules").iterdir()) == []
    assert world.run(state="absent", release=RELEASE)["changed"] is False


def test_what_a_failed_removal_left_is_installed_again(world: World, tmp_path: pathlib.Path) -> None:
    src = archive(tmp_path)
    world.run(src=src)
    world.runner.answers[("/usr/bin/run-parts",)] = (1, "", "failed\n")
    with pytest.raises(CommandError):
        world.run(state="absent", release=RELEASE)
    world.runner.answers[("/usr/bin/run-parts",)] = (0, "", "")
    assert world.run(src=src)["changed"] is True
    assert world.files() == INSTALLED


def test_a_file_that_somebody_else_put_there_is_not_removed(world: World, tmp_path: pathlib.Path) -> None:
    world.run(src=archive(tmp_path))
    (world.root / f"boot/vmlinuz-{RELEASE}").write_text("a package's")
    with pytest.raises(install.InstallError, match="was not installed by this module"):
        world.run(state="absent", release=RELEASE)
    assert world.files() == INSTALLED


def test_a_distributions_own_kernel_is_not_removed(world: World) -> None:
    (world.root / "boot").mkdir()
    (world.root / f"boot/vmlinuz-{RELEASE}").touch()
    with pytest.raises(install.InstallError, match="was not installed by this module"):
        world.run(state="absent", release=RELEASE)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_the_running_kernel_is_left_alone(world: World, tmp_path: pathlib.Path, state: str) -> None:
    world.run(src=archive(tmp_path))
    options: dict[str, t.Any] = {"src": archive(tmp_path, b"newer")} if state == "present" else {"release": RELEASE}
    with pytest.raises(install.InstallError, match="the host runs on it"):
        world.run(state=state, running=RELEASE, **options)


def test_other_distributions_have_kernel_install(world: World, tmp_path: pathlib.Path) -> None:
    shutil.rmtree(world.root / "etc/kernel")
    (world.root / "usr/bin/kernel-install").touch(0o755)
    world.runner.answers = {("/usr/bin/kernel-install",): (0, "", "")}
    world.run(src=archive(tmp_path))
    world.run(state="absent", release=RELEASE)
    assert world.runner.calls == [
        ("/usr/bin/kernel-install", "add", RELEASE, f"/boot/vmlinuz-{RELEASE}"),
        ("/usr/bin/kernel-install", "remove", RELEASE),
    ]


def test_without_hooks_nothing_is_touched(world: World, tmp_path: pathlib.Path) -> None:
    shutil.rmtree(world.root / "etc/kernel")
    with pytest.raises(
        install.InstallError, match=r"neither /etc/kernel/postinst\.d with run-parts nor kernel-install"
    ):
        world.run(src=archive(tmp_path))
    assert world.files() == []


def test_a_full_boot_is_found_before_anything_is_written(
    world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 50 << 20}))
    with pytest.raises(install.InstallError, match=r"/boot.* 50 MiB free.*, and it takes 96 MiB\. Make room there"):
        world.run(src=archive(tmp_path))
    assert world.files() == []


def test_what_shares_a_file_system_shares_its_room(
    world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 98 << 20}))
    with pytest.raises(
        install.InstallError, match=r"/boot and /lib/modules have 98 MiB free together, and it takes 99 MiB\. Make room"
    ):
        world.run(src=archive(tmp_path, bytes(3 << 20)))
    assert world.files() == []


def test_a_boot_of_its_own_has_room_of_its_own(
    world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 98 << 20}))
    monkeypatch.setattr(install, "_file_system", str)
    assert world.run(src=archive(tmp_path, bytes(3 << 20)))["changed"] is True


#: What a kernel of fragments alone has of what hosts need.
MINIMAL: t.Final = ("ext4", "virtio_blk", "virtio_net", "virtio_pci", "nvme", "ahci", "sd_mod")


def test_a_virtio_guest_takes_a_minimal_kernel(world: World, tmp_path: pathlib.Path) -> None:
    recorded("virtio", world.root)
    assert world.run(src=archive(tmp_path, builtin=MINIMAL))["changed"] is True


@pytest.mark.parametrize(
    ("machine", "lacks"),
    [
        ("layers", ["dm_mod", "dm_crypt", "md_mod", "raid1"]),
        ("megaraid", ["megaraid_sas", "tg3"]),
        ("nvme", ["mlx5_core"]),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_kernel_that_the_host_would_not_boot_is_refused(
    world: World, tmp_path: pathlib.Path, machine: str, lacks: list[str], check: bool
) -> None:
    recorded(machine, world.root)
    src = archive(tmp_path, builtin=MINIMAL)
    with pytest.raises(install.InstallError, match=rf"has no driver {lacks[0]} \(") as caught:
        world.run(src=src, check=check)
    assert caught.value.facts["lacks"] == lacks
    assert world.files() == []
    assert world.run(src=src, may_lack=lacks)["changed"] is True


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, install.InstallError, "nothing says which"),
        ({"release": RELEASE}, install.InstallError, "nothing says which"),
        ({"state": "absent"}, install.InstallError, "nothing says which"),
        ({"state": "absent", "release": "6.1.7-kdump"}, PackageError, "it is a capture kernel"),
        ({"state": "absent", "release": "../../etc"}, PackageError, "no kernel's release"),
        ({"release": "", "sha256": "0"}, install.InstallError, "nothing says which"),
        ({"src": "/nowhere"}, PackageError, "there is no such file"),
    ],
)
def test_bad_requests(world: World, options: dict[str, t.Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        world.run(**options)


def test_an_archive_of_another_kernel_than_told(world: World, tmp_path: pathlib.Path) -> None:
    with pytest.raises(install.InstallError, match=r"its release is 6\.1\.7-prod, not 6\.1\.8"):
        world.run(src=archive(tmp_path), release="6.1.8")
    with pytest.raises(install.InstallError, match="its sha256 is"):
        world.run(src=archive(tmp_path), sha256="0" * 64)
