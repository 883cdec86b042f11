# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's initramfs and its /init."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import newc
from ansible_collections.linux.kdump.plugins.module_utils.console import marks
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill import init, system
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.spec import DrillSpec
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.drill.world import NONCE, tools

UUID = "11111111-2222-3333-4444-555555555555"


def spec(root: Path, **change: t.Any) -> DrillSpec:
    facts = {
        "architecture": "x86_64", "kernel": "k", "capture_kernel": "c", "initramfs": "i", "tools": str(root), **change,
    }  # fmt: skip
    return DrillSpec(**facts)


def members(wanted: DrillSpec) -> dict[str, newc.Member]:
    return {member.path: member for member in newc.read(system.build(wanted, nonce=NONCE, uuid=UUID))}


def test_it_holds_the_tools_and_what_they_need(tmp_path: Path) -> None:
    tools(tmp_path)
    found = members(spec(tmp_path))
    assert {
        "init", "bin/busybox", "bin/kexec", "lib64/ld-linux-x86-64.so.2", "lib/libz.so.1", "dev/console",
    } <= set(found)  # fmt: skip
    assert found["init"].mode & 0o777 == 0o755
    assert found["etc/drill/nonce"].data.decode() == f"linux.kdump: drill nonce={NONCE}\n"
    assert found["etc/drill/modules"].data == b""
    assert f"kdump.target=UUID={UUID}".encode() in found["etc/drill/command_line"].data


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({}, b"-a\n"),
        ({"syscall": "kexec_load"}, b"-c\n"),
        ({"syscall": "kexec_file_load"}, b"-s\n"),
        ({"architecture": "i386"}, b"-c\n"),
        ({"architecture": "arm64"}, b"-s\n"),
    ],
)
def test_how_the_image_is_loaded(tmp_path: Path, change: dict[str, t.Any], option: bytes) -> None:
    tools(tmp_path)
    assert members(spec(tmp_path, **change))["etc/drill/syscall"].data == option


@pytest.mark.parametrize(("architecture", "console"), [("s390x", b"ttysclp0\n"), ("x86_64", b""), ("arm64", b"")])
def test_last_words_are_waited_for_where_the_console_is_late(tmp_path: Path, architecture: str, console: bytes) -> None:
    # Seen on s390x: the console gathers for a twentieth of a second, and neither arming nor trigger were ever shown.
    tools(tmp_path)
    assert members(spec(tmp_path, architecture=architecture))["etc/drill/late_console"].data == console
    trigger, crash = init.INIT.index(f'say "{init.TRIGGERED}'), init.INIT.index("echo c >/proc/sysrq-trigger")
    assert init.INIT[trigger:crash].splitlines()[1:] == ["show"]


def test_modules_go_in_with_what_they_depend_on(tmp_path: Path) -> None:
    tools(tmp_path)
    tree = tmp_path / "lib/modules/6.1.0"
    tree.mkdir(parents=True)
    (tree / "modules.dep").write_text(
        "virtio_pci.ko: virtio.ko\nvirtio.ko:\nvirtio_blk.ko: virtio.ko\next4.ko: jbd2.ko\njbd2.ko:\n"
    )
    for name in ("virtio_pci", "virtio", "virtio_blk", "ext4", "jbd2"):
        (tree / f"{name}.ko").write_text(name)
    found = members(spec(tmp_path, modules=str(tree)))
    assert found["etc/drill/modules"].data.decode().split() == [
        "needed", "virtio", "needed", "virtio_pci", "needed", "virtio_blk", "needed", "jbd2", "needed", "ext4",
    ]  # fmt: skip
    assert found["lib/modules/jbd2.ko"].data == b"jbd2"
    (tree / "modules.dep").write_text("virtio_pci.ko.zst:\nvirtio_blk.ko.zst:\next4.ko.zst:\n")
    with pytest.raises(KdumpError, match="compressed by zstd"):
        system.build(spec(tmp_path, modules=str(tree)), nonce=NONCE, uuid=UUID)


@pytest.mark.parametrize("missing", ["bin/busybox", "sbin/kexec"])
def test_a_missing_tool_is_named(tmp_path: Path, missing: str) -> None:
    tools(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(KdumpError, match=f"there is no {missing}"):
        system.build(spec(tmp_path), nonce=NONCE, uuid=UUID)


def test_a_merged_tree_will_do(tmp_path: Path) -> None:
    tools(tmp_path)
    for tool in ("bin/busybox", "sbin/kexec"):
        elves.write(tmp_path, f"usr/{tool}")
        (tmp_path / tool).unlink()
    assert "bin/kexec" in members(spec(tmp_path))


def test_it_speaks_as_the_reader_listens() -> None:
    for tag in (init.ARMED, init.TRIGGERED, init.FAILED):
        (mark,) = marks(f"[    3.1] linux.kdump: [3.10] {tag} 67108864")
        assert (mark.kind, mark.text) == (tag, "67108864")


def test_nothing_is_left_to_fill_in() -> None:
    assert "{" + "{" not in init.INIT
    assert "{init" not in init.INIT


@pytest.mark.skipif(not shutil.which("busybox"), reason="needs busybox")
def test_the_shell_takes_it(tmp_path: Path) -> None:
    script = tmp_path / "init"
    script.write_text(init.INIT)
    subprocess.run(["busybox", "sh", "-n", str(script)], check=True, timeout=60)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
def test_shellcheck_takes_it(tmp_path: Path) -> None:
    script = tmp_path / "init"
    script.write_text(init.INIT)
    done = subprocess.run(
        ["shellcheck", "--shell=busybox", "--exclude=SC2034", str(script)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0 or "Unknown shell" in done.stderr, done.stdout
