# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the save script: what it saves and records, and how it ends whatever fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils import drill
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import (
    COMMAND_LINE,
    HAS_BUSYBOX,
    LOG,
    NONCE,
    UUID,
    Capture,
    make_capture,
)

pytestmark = pytest.mark.skipif(not HAS_BUSYBOX, reason="busybox is not installed")


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    """A machine whose dump can be saved."""
    return make_capture(tmp_path)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(
        ["shellcheck", "--shell=dash", "-"], input=save_script.SCRIPT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_every_tag_is_a_documented_one() -> None:
    said = set(re.findall(r"\b((?:fail|note)-[a-z]+)\b", save_script.SCRIPT))
    said |= set(re.findall(r'say "([a-z]+-[a-z]+)', save_script.SCRIPT))
    assert said <= {*drill.STAGES, *drill.FAILURES, *drill.NOTES}
    assert said >= {*drill.STAGES}


def test_every_command_is_in_the_image() -> None:
    """Whatever stands where a command stands, and busybox has an applet for, is in the list of applets."""
    listed = set(subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split())
    builtin = {"[", "echo", "printf", "test", "false", "true", "kill", "watch"}  # and a function of the script
    code = re.sub(r"#.*|'[^']*'", "", save_script.SCRIPT)
    used = set(re.findall(r"(?:^|[|;&(!]|\bif|\bthen|\bexec|\blimited \S+|\|\|)\s*([a-z_]+)(?= |$)", code, re.M))
    assert (used & listed) - builtin <= set(save_script.APPLETS)


def test_a_dump_is_its_owners_where_the_umask_counts_for_nothing(capture: Capture) -> None:
    assert capture.run("umask 0") == list(drill.STAGES)
    folder = capture.dump()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_dump_is_saved(capture: Capture) -> None:
    assert capture.run() == list(drill.STAGES)
    folder = capture.dump()
    assert sorted(path.name for path in folder.iterdir()) == ["dmesg.txt", "kdump.json", "vmcore"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert (folder / "vmcore").read_text() == "core\n"
    record = capture.record()
    assert record["id"] == folder.name
    assert (record["status"], record["failure"], record["nonce"]) == ("saved", None, NONCE)
    assert record["kernel"]["crashed"] == "6.1.0-9-test"
    assert record["files"] == {"dmesg.txt": len(LOG), "vmcore": 5}
    assert record["memory"] == {"total_kib": 26288, "peak_used_kib": 10000}
    assert record["collector"] == "makedumpfile -l -d 31"
    assert record["tools"] == {"makedumpfile": "1.7.2"}
    assert record["target"] == {"kind": "local", "uuid": UUID, "label": None, "fstype": "ext4", "path": "/var/crash"}
    (tried,) = record["targets"]
    assert (tried["target"], tried["failure"]) == (f"local:UUID={UUID},ext4,/var/crash", None)
    assert [(step["name"], step["rc"]) for step in record["steps"]] == [("target", 0), ("log", 0), ("core", 0)]


@pytest.mark.parametrize(
    ("gigabytes", "free_kib", "own", "given"),
    [
        (1, 2048, "", ""),  # its bitmaps are small anyway
        (64, 49152, "", ""),
        (64, 4096, "", " --cyclic-buffer 256"),
        (32, 4096, "", " --cyclic-buffer 256"),
        (8, 4096, "", " --cyclic-buffer 256"),
        (7, 4096, "", ""),
        (1024, 100, "", " --cyclic-buffer 64"),
        (1024, 4096, "--cyclic-buffer\n32\n", ""),
        (1024, 4096, "--cyclic-buffer=32\n", ""),
        (1024, 4096, "--non-cyclic\n", ""),
    ],
)
def test_makedumpfile_does_not_take_all_of_little_memory_for_much(
    capture: Capture, gigabytes: int, free_kib: int, own: str, given: str
) -> None:
    os.truncate(capture.root / "proc/vmcore", gigabytes << 30)
    (capture.root / "proc/meminfo").write_text(f"MemTotal: 14000 kB\nMemFree: {free_kib} kB\nMemAvailable: 5000 kB\n")
    (capture.root / "etc/collector").write_text(f"-l\n{own}")
    capture.tool(core='echo "$*"')
    capture.run()
    words = " ".join(["-l", *own.split()]) + given
    said = (capture.dump() / "vmcore").read_text().split()
    assert said[:-1] == [*words.split(), f"{capture.root}/proc/vmcore"]
    assert said[-1].endswith("/vmcore.incomplete")
    assert capture.record()["collector"] == f"makedumpfile {words}"


def test_the_target_is_mounted_as_a_place_for_data_and_unmounted(capture: Capture) -> None:
    capture.run()
    mount, umount = (capture.root / "tmp/calls").read_text().splitlines()
    assert mount == f"mount -t ext4 -o rw,noatime,nodev,nosuid,noexec /dev/vda {capture.root}/target"
    assert umount == f"umount {capture.root}/target"


@pytest.mark.parametrize(
    ("core", "limits", "failure", "kept"),
    [
        ("echo 'write: No space left on device' >&2; echo part; (exit 1)", "", "fail-space", False),
        ("echo part; kill -9 $$", "", "fail-memory", True),
        ('echo "Can\'t allocate memory for the cache." >&2; (exit 1)', "", "fail-memory", True),
        ("echo part; exec sleep 30", "kdump.limit_core=1", "fail-timeout", True),
        ("echo part; (exit 3)", "", "fail-core", True),
    ],
)
def test_a_vmcore_that_cannot_be_saved(capture: Capture, core: str, limits: str, failure: str, kept: bool) -> None:
    (capture.root / "proc/cmdline").write_text(f"{COMMAND_LINE} {limits}")
    capture.tool(core=f"{{ {core}; }}")
    tags = capture.run()
    assert tags == [
        "save-start", "target-ready", "log-saved", failure, *([] if kept else ["note-removed"]),
        "record-saved", "final-action",
    ]  # fmt: skip
    record = capture.record()
    assert (record["status"], record["failure"]) == ("failed", failure)
    assert ("vmcore.incomplete" in record["files"]) is kept
    assert ("vmcore.incomplete" in record["removed"]) is not kept
    assert (capture.dump() / "vmcore.incomplete").exists() is kept
    assert not (capture.dump() / "vmcore").exists()
    assert (capture.dump() / "dmesg.txt").read_text() == LOG


def test_a_log_that_cannot_be_had_does_not_cost_the_core(capture: Capture) -> None:
    capture.tool(log="(exit 1)")
    assert capture.run() == [
        "save-start", "target-ready", "fail-log", "core-saved", "record-saved", "final-action",
    ]  # fmt: skip
    assert (capture.record()["status"], capture.record()["failure"]) == ("saved", "fail-log")


def test_a_disk_too_full_for_the_log_is_too_full_for_the_core(capture: Capture) -> None:
    capture.tool(log="{ echo 'No space left on device' >&2; (exit 1); }", core="touch tried")
    assert capture.run() == ["save-start", "target-ready", "fail-space", "record-saved", "final-action"]
    assert [step["name"] for step in capture.record()["steps"]] == ["target", "log"]


def test_a_disk_without_room_for_the_record(capture: Capture) -> None:
    said = capture.run("dd() { echo \"dd: error writing '.reserve': No space left on device\" >&2; return 1; }")
    assert said == ["save-start", "fail-space", "final-action"]
    assert list(capture.dumps.iterdir()) == []


def test_an_initramfs_that_was_unpacked_in_part_is_a_lack_of_memory(capture: Capture) -> None:
    shutil.rmtree(capture.root / "tmp")
    shutil.rmtree(capture.root / "proc")
    (capture.root / "etc/settings").write_text("kdump.final=reboot\nkdump.on_failure=halt\n")
    said = capture.shell('end() { say "final-action $final"; exit 0; }\nmain')
    assert [match["tag"] for match in drill.CONSOLE_PATTERN.finditer(said)] == [
        "save-start", "fail-memory", "final-action",
    ]  # fmt: skip
    assert "final-action halt" in said


def test_without_a_crash_the_record_says_so(capture: Capture) -> None:
    (capture.root / "proc/vmcore").unlink()
    assert capture.run() == ["save-start", "target-ready", "fail-vmcore", "record-saved", "final-action"]
    assert capture.record()["failure"] == "fail-vmcore"


def test_an_id_that_is_taken_is_never_used_again(capture: Capture) -> None:
    fixed = "path=/var/crash\ndate() { echo 20261122T220030Z; }\n"
    counted = 'random_hex() { cat "$temporary/hex"; echo 00000002 >"$temporary/hex"; }\n'
    (capture.root / "tmp/hex").write_text("00000001\n")
    taken = capture.dumps / "20261122T220030Z-00000001"
    taken.mkdir()
    said = capture.shell(fixed + counted + 'make_folder; echo "$id"')
    assert said.splitlines()[-1] == "20261122T220030Z-00000002"
    assert list(taken.iterdir()) == []


def test_no_free_id_is_an_error_and_not_a_loop(capture: Capture) -> None:
    (capture.dumps / "20261122T220030Z-00000001").mkdir()
    said = capture.shell(
        "path=/var/crash\ndate() { echo 20261122T220030Z; }\nrandom_hex() { echo 00000001; }\nmake_folder"
    )
    assert "fail-target a folder in /var/crash cannot be made: mkdir: can't create directory" in said


def test_only_a_whole_nonce_counts_and_the_last_one_wins(capture: Capture) -> None:
    other = "f" * 32
    lines = [NONCE, other, other + "0"]
    (capture.root / "log").write_text("".join(f"[ 1.0] {drill.NONCE_PREFIX}{line}\n" for line in lines[:2]))
    capture.run()
    assert capture.record()["nonce"] == other


@pytest.mark.parametrize("text", ["", NONCE[:-1], NONCE + "0", "g" * 32])
def test_what_is_no_nonce_is_none(capture: Capture, text: str) -> None:
    (capture.root / "log").write_text(f"[ 1.0] {drill.NONCE_PREFIX}{text}\n")
    capture.run()
    assert capture.record()["nonce"] is None


def test_the_record_is_json_whatever_the_crashed_kernel_was_called(capture: Capture) -> None:
    (capture.root / "proc/vmcore").write_bytes(b'\0OSRELEASE=6.1"\\},{\x01\xff\n')
    capture.run()
    assert capture.record()["kernel"]["crashed"] == '6.1"\\},{'


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40))
def test_any_text_becomes_a_json_string(text: str) -> None:
    done = subprocess.run(
        ["busybox", "sh", "-c", f'{save_script.SCRIPT}\nstring "$1"', "sh", text], capture_output=True, check=True
    )
    printable = "".join(character for character in text if " " <= character <= "~")
    assert json.loads(done.stdout.decode()) == (printable if text else None)


def test_an_optional_module_may_fail_and_a_needed_one_is_named(capture: Capture) -> None:
    (capture.root / "etc/modules").write_text("needed loaded\noptional absent\nneeded slow\nneeded broken\n")
    insmod = (
        'limited() { : >"$temporary/out"; case $3 in */loaded.ko) return 0 ;; */slow.ko) return 143 ;; esac;'
        ' echo "insmod: cannot insert $3: Invalid module format" >"$temporary/out"; return 1; }'
    )
    loading = save_script.SCRIPT[
        save_script.SCRIPT.index("load_modules() {") : save_script.SCRIPT.index("find_target()")
    ]
    said = capture.shell(f"{loading}\n{insmod}\nload_modules")
    assert [line.split("] ")[1] for line in said.splitlines()] == [
        # not within its limit
        "fail-module slow: status 143: it said nothing",
        "fail-module broken: status 1: insmod: cannot insert /lib/modules/broken.ko: Invalid module format",
    ]


@pytest.mark.parametrize(
    ("on_failure", "saved", "expected"),
    [("halt", "", "halt"), ("shell", "", "reboot"), ("", "", "poweroff"), ("halt", "save_core", "poweroff")],
)
def test_the_watcher_ends_a_failed_save_as_failures_end(
    capture: Capture, on_failure: str, saved: str, expected: str
) -> None:
    settings = f"final=poweroff on_failure={on_failure}\nfolder={capture.dumps}\n"
    said = capture.shell(f'{settings}{saved}\nend() {{ say "final-action $final"; exit 0; }}\nwatch 0')
    assert f"final-action {expected}" in said


def test_a_save_that_never_ends_is_ended_by_the_watcher(capture: Capture) -> None:
    """A process stuck in the kernel ignores every limit; the watcher takes the final action over the script's head."""
    said = capture.shell(
        'end() { say "final-action $final"; exit 0; }\nfinal=shell\n'
        'watch 4 & sleep 0.5; echo "9.00 1.00" >"$proc/uptime"; wait'
    )
    assert "fail-timeout the save environment did not finish by itself" in said
    assert "final-action reboot" in said


@pytest.mark.parametrize(
    ("final", "expected"),
    [("reboot", "reboot -n -f"), ("halt", "halt -n -f"), ("poweroff", "poweroff -n -f"), ("shell", "rescue")],
)
def test_the_final_action(capture: Capture, final: str, expected: str) -> None:
    end = save_script.SCRIPT[save_script.SCRIPT.index("end() {") : save_script.SCRIPT.index("rescue() {")]
    fakes = "\n".join(
        f'{name}() {{ echo "{name} $*" | sed "s/ $//"; }}' for name in ("reboot", "halt", "poweroff", "rescue")
    )
    said = capture.shell(f"{end}\nsleep() {{ :; }}\n{fakes}\nfinal={final}\nend")
    assert said.splitlines()[1] == expected


def test_where_nothing_helps_the_kernel_is_told_to_reboot(capture: Capture) -> None:
    end = save_script.SCRIPT[save_script.SCRIPT.index("end() {") : save_script.SCRIPT.index("rescue() {")]
    capture.shell(f"{end}\nsleep() {{ :; }}\nreboot() {{ return 1; }}\nfinal=reboot\nend")
    assert (capture.root / "proc/sysrq-trigger").read_text() == "b\n"


def test_the_stand_ins_keep_the_script_away_from_this_machine(tmp_path: Path) -> None:
    capture = make_capture(tmp_path)
    tools = ["mdev", "mount", "umount", "insmod", "halt", "poweroff", "reboot"]
    assert capture.shell("\n".join(f"{tool} --of-a-test" for tool in tools)) == ""
    assert (tmp_path / "tmp/calls").read_text().splitlines() == [f"{tool} --of-a-test" for tool in tools]
