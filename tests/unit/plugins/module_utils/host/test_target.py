# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a folder is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.command import CommandTimeoutError
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host.target import find_target, mount_of, parse_mounts
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

#: Lines of /proc/self/mountinfo as kernels 6.1 (Debian 12) and 6.18 write them.
MOUNTS = r"""22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
40 28 254:17 / /var rw,relatime shared:20 master:3 - xfs /dev/mapper/vg-var rw
41 40 254:17 /lib/dumps /srv/a\040b rw - xfs /dev/mapper/vg-var rw
42 28 0:35 /@data /data rw - btrfs /dev/vdb rw,subvol=/@data
43 42 0:50 / /data/tmp rw - tmpfs tmpfs rw
44 42 254:33 / /data/tmp rw - ext4 /dev/vdc rw
garbage
45 28 0:51 / /broken
"""
LINKS = {
    "/dev/disk/by-uuid/root": "../../vda1",
    "/dev/disk/by-uuid/var": "../../dm-0",
    "/dev/disk/by-uuid/data": "../../vdb",
    "/dev/mapper/vg-var": "../dm-0",
    "/sys/dev/block/254:33": "../../devices/virtio/block/vdc",
    "/dev/disk/by-uuid/c": "../../vdc",
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTS)
    for path, target in LINKS.items():
        link = tmp_path / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    return Host(str(tmp_path))


@pytest.mark.parametrize(
    ("path", "uuid", "fstype", "inside"),
    [
        ("/", "root", "ext4", "/"),
        ("/srv/crash", "root", "ext4", "/srv/crash"),
        ("/variable", "root", "ext4", "/variable"),
        ("/var", "var", "xfs", "/"),
        ("/var/crash/", "var", "xfs", "/crash"),
        ("/var/../srv//x/.", "root", "ext4", "/srv/x"),
        ("/srv/a b/c", "var", "xfs", "/lib/dumps/c"),
        ("/data/crash", "data", "btrfs", "/@data/crash"),
        ("/data/tmp/x", "c", "ext4", "/x"),
        ("/sys/x", None, "sysfs", "/x"),
    ],
)
def test_finds(host: Host, runner: FakeRunner, path: str, uuid: str | None, fstype: str, inside: str) -> None:
    target = find_target(path, host=host, runner=runner)
    assert (target.path, target.uuid, target.fstype, target.fs_path) == (path, uuid, fstype, inside)
    assert target.free_bytes is not None
    assert target.total_bytes is not None
    assert target.total_bytes >= target.free_bytes


@pytest.mark.parametrize(("answer", "uuid"), [((0, "12-34\n", ""), "12-34"), ((2, "", ""), None)])
def test_asks_blkid_where_there_is_no_udev(tmp_path: Path, answer: tuple[int, str, str], uuid: str | None) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTS)
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/blkid").touch(mode=0o755)
    runner = FakeRunner({("/sbin/blkid", "-p"): answer})
    assert find_target("/x", host=Host(str(tmp_path)), runner=runner).uuid == uuid
    assert runner.calls == [("/sbin/blkid", "-p", "-s", "UUID", "-o", "value", "/dev/vda1")]


def test_a_host_without_mounts_has_no_target(tmp_path: Path, runner: FakeRunner) -> None:
    target = find_target("/x", host=Host(str(tmp_path)), runner=runner)
    assert (target.source, target.uuid, target.fs_path) == (None, None, None)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    mounts = parse_mounts(text)
    mount_of("/var/crash", mounts)
    assert len(mounts) <= len(text.splitlines())


def test_a_host_of_thousands_of_containers_is_read(host: Host, runner: FakeRunner, tmp_path: Path) -> None:
    many = "".join(
        f"{number} 28 0:{number} / /run/c/{number}/{'x' * 200} rw - tmpfs tmpfs rw\n" for number in range(9000)
    )
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTS + many)
    assert find_target("/srv/crash", host=host, runner=runner).uuid == "root"


def _no_answer(_argv: object) -> tuple[int, str, str]:
    raise CommandTimeoutError("stat did not end")


@pytest.mark.parametrize(
    ("line", "looks"),
    [
        ("46 28 0:60 / /var/crash rw - nfs4 vault:/dumps rw", True),
        ("46 28 0:60 / /elsewhere rw - fuse.sshfs vault:/dumps rw", True),
        ("46 28 0:60 / /net rw - autofs auto rw", True),
        ("46 28 0:60 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw", False),
        ("46 28 0:60 / /proc/sys/fs/fuse rw - fusectl fusectl rw", False),
    ],
)
def test_a_server_that_does_not_answer_is_an_error_and_no_wait_without_end(
    host: Host, tmp_path: Path, line: str, looks: bool
) -> None:
    (tmp_path / "proc/self/mountinfo").write_text(f"{MOUNTS}{line}\n")
    silent = FakeRunner({("stat",): _no_answer})
    if not looks:
        assert find_target("/var/crash", host=host, runner=silent).fstype == "xfs"
        return
    with pytest.raises(KdumpError, match=r"^Cannot look at /var/crash: .* has not answered for 10 seconds\. Bring the"):
        find_target("/var/crash", host=host, runner=silent)
