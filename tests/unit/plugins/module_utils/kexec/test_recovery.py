# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the script that turns dumps on raw partitions into folders: the real one, on a file."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.save import target_raw
from ansible_collections.linux.kdump.plugins.module_utils.kexec import recovery
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save import servers
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import (
    HAS_BUSYBOX,
    LOG,
    SCHEMA,
)

ID = servers.PARTUUID

pytestmark = pytest.mark.skipif(not HAS_BUSYBOX, reason="busybox is not installed")


class Machine:
    """A host after a crash: what the save script left on its partition, and the recovery script."""

    def __init__(self, root: Path, core: str = "echo core", before: str = "") -> None:
        self.capture = servers.make_machine(root, servers.RAW)
        self.capture.tool(core=core)
        self.root = root
        servers.run(self.capture, before)
        links = root / "dev/disk/by-partuuid"
        links.mkdir(parents=True)
        (links / ID).symlink_to("../../vdb2")
        self.tools = root / "tools"
        self.tools.mkdir()
        for name in ("dd", "head", "mkdir", "mv", "rm", "sed", "sync", "timeout", "tr", "wc", "cat"):
            (self.tools / name).symlink_to(shutil.which(name) or name)

    @property
    def dumps(self) -> Path:
        """The host's folder of dumps."""
        return self.root / "crash"

    def makedumpfile(self, text: str) -> None:
        """Have a makedumpfile on the host."""
        (self.tools / "makedumpfile").write_text(f"#!/bin/sh\n{text}\n")
        (self.tools / "makedumpfile").chmod(0o755)

    def recover(self, *partitions: str) -> subprocess.CompletedProcess[str]:
        """Boot."""
        text = recovery.render(partitions or (ID,), dumps="/crash", root=str(self.root), search_path=str(self.tools))
        return subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=60, check=False)

    def header(self) -> dict[str, str]:
        """What the partition says."""
        return servers.header(self.capture)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    text = recovery.render((ID,), dumps="/var/crash")
    done = subprocess.run(["shellcheck", "-"], input=text, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_a_dump_becomes_a_folder_and_the_partition_is_free_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path, core="printf makedumpfile; yes | head -c 300000")
    machine.makedumpfile('[ "$1" = -R ] && { echo rearranged; cat; } >"$2"')
    told = machine.header()
    done = machine.recover()
    assert (done.returncode, done.stderr) == (0, "")
    folder = machine.dumps / told["id"]
    assert sorted(path.name for path in folder.iterdir()) == ["dmesg.txt", "kdump.json", "vmcore"]
    assert (folder / "dmesg.txt").read_text() == LOG
    core = (folder / "vmcore").read_bytes()
    assert core.startswith(b"rearranged\nmakedumpfiley\n") and len(core) == 11 + 12 + 300000
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert machine.header() == {"partuuid": ID, "state": "empty"}
    assert "Cannot" not in machine.recover().stdout
    assert len(list(machine.dumps.iterdir())) == 1


def test_what_is_no_flattened_stream_stays_as_it_is(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.makedumpfile("exit 1")
    assert machine.recover().returncode == 0
    (folder,) = machine.dumps.iterdir()
    assert (folder / "vmcore").read_text() == "core\n"


def test_without_makedumpfile_the_stream_is_kept(tmp_path: Path) -> None:
    machine = Machine(tmp_path, core="echo makedumpfile stream")
    assert machine.recover().returncode == 0
    (folder,) = machine.dumps.iterdir()
    assert (folder / "vmcore").read_text() == "makedumpfile stream\n"


@pytest.mark.parametrize(
    ("core", "kept"),
    [("printf makedumpfile; yes | head -c 300000; kill -9 $$", b"makedumpfile" + b"y\n" * 150000), ("exit 1", None)],
    ids=["in the middle", "at once"],
)
def test_a_dump_that_failed_brings_its_log_its_story_and_what_there_is(
    tmp_path: Path, core: str, kept: bytes | None
) -> None:
    machine = Machine(tmp_path, core=core)
    machine.makedumpfile("exit 1")
    assert machine.header()["state"] == "failed"
    assert machine.recover().returncode == 0
    (folder,) = machine.dumps.iterdir()
    incomplete = {"vmcore.incomplete": kept} if kept else {}
    assert sorted(path.name for path in folder.iterdir()) == ["dmesg.txt", "kdump.json", *incomplete]
    assert all((folder / name).read_bytes() == data for name, data in incomplete.items())
    record = json.loads((folder / "kdump.json").read_text())
    jsonschema.validate(record, SCHEMA)
    assert record["files"] == {"dmesg.txt": len(LOG), **{name: len(data) for name, data in incomplete.items()}}
    assert machine.header()["state"] == "empty"


def test_a_header_that_tells_of_nothing_is_never_cleared(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    partition = tmp_path / "dev/vdb2"
    header = f"{target_raw.MAGIC}\npartuuid={ID}\nstate=writing\nid=20261122T220030Z-00000001\n"
    header += "record_bytes=0\nlog=dmesg.txt\nlog_bytes=0\ncore=vmcore\ncore_block=0\ncore_bytes=0\n"
    partition.write_bytes(header.encode().ljust(target_raw.HEADER_BYTES, b"\0") + partition.read_bytes()[4096:])
    before = partition.read_bytes()
    done = machine.recover()
    assert done.returncode == 1 and "ended before it had saved anything" in done.stdout
    assert not machine.dumps.exists()
    assert partition.read_bytes() == before


@pytest.mark.parametrize(("step", "files"), [("save_raw_log", []), ("save_raw_core", ["dmesg.txt"])])
def test_a_machine_that_dies_while_it_saves_leaves_its_story_and_its_log(
    tmp_path: Path, step: str, files: list[str]
) -> None:
    machine = Machine(tmp_path, before=f"{step}() {{ exit 9; }}")
    assert machine.header()["state"] == "writing"
    assert machine.recover().returncode == 0
    (folder,) = machine.dumps.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == [*files, "kdump.json"]
    assert json.loads((folder / "kdump.json").read_text())["status"] == "failed"
    assert not files or (folder / "dmesg.txt").read_text() == LOG
    assert machine.header()["state"] == "empty"


def test_a_dump_that_cannot_be_written_stays_for_the_next_boot(tmp_path: Path) -> None:
    machine = Machine(tmp_path, core="echo makedumpfile stream")
    machine.makedumpfile("echo 'No space left on device' >&2; exit 1")
    told = machine.header()
    done = machine.recover()
    assert done.returncode == 1
    assert "Cannot recover the dump" in done.stdout
    assert machine.header() == told
    assert list(machine.dumps.iterdir()) == []
    machine.makedumpfile('cat >"$2"')
    assert machine.recover().returncode == 0
    assert (machine.dumps / told["id"] / "vmcore").exists()


def test_a_dump_that_was_recovered_before_the_power_went_is_not_recovered_twice(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    folder = machine.dumps / machine.header()["id"]
    folder.mkdir(parents=True)
    (folder / "vmcore").write_text("whole")
    assert machine.recover().returncode == 0
    assert [path.name for path in folder.iterdir()] == ["vmcore"]
    assert machine.header()["state"] == "empty"


@pytest.mark.parametrize("name", ["id", "log", "core"])
@pytest.mark.parametrize("value", ["../../etc", "", ".", "a b", "$(touch hit)", "a/b"])
def test_a_damaged_header_is_never_followed(tmp_path: Path, name: str, value: str) -> None:
    machine = Machine(tmp_path)
    partition = tmp_path / "dev/vdb2"
    told = machine.header()
    data = partition.read_bytes()
    old = f"\n{name}={told[name]}\n".encode()
    header = data[:4096].rstrip(b"\0").replace(old, f"\n{name}={value}\n".encode())
    partition.write_bytes(header.ljust(4096, b"\0") + data[4096:])
    done = machine.recover()
    assert done.returncode == 1 and "its header is damaged" in done.stdout
    assert not machine.dumps.exists()


def test_a_partition_without_a_dump_or_without_our_header_is_left_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    partition = tmp_path / "dev/vdb2"
    for data in (b"", b"\0" * 9000, b"\xeb\x63\x90" * 3000):
        partition.write_bytes(data)
        assert machine.recover().returncode == 0
        assert partition.read_bytes() == data
    servers.prepare(partition)
    before = partition.read_bytes()
    assert machine.recover().returncode == 0
    assert partition.read_bytes() == before


def test_a_partition_that_is_not_there_is_said_and_the_others_are_recovered(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    done = machine.recover("8c1db1e1-09", ID)
    assert done.returncode == 1
    assert "Cannot look for a dump on the partition 8c1db1e1-09: it did not appear." in done.stdout
    assert machine.header()["state"] == "empty"


def test_the_unit_waits_for_its_partitions() -> None:
    lines = recovery.unit((ID, "0f-1")).splitlines()
    for name in (r"dev-disk-by\x2dpartuuid-8c1db1e1\x2d02.device", r"dev-disk-by\x2dpartuuid-0f\x2d1.device"):
        assert {f"Wants={name}", f"After={name}"} <= set(lines)
    assert "After=local-fs.target" in lines and "@" not in "".join(lines)


@pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="systemd is not installed")
def test_the_unit_names_devices_as_systemd_does() -> None:
    argv = ["systemd-escape", "--path", "--suffix=device", f"/dev/disk/by-partuuid/{ID}"]
    escaped = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    assert f"Wants={escaped}" in recovery.unit((ID,)).splitlines()
