# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loader script, run for real with a kexec that only pretends."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.kexec.loader import Recipe, Surroundings, files_of, render
from ansible_collections.linux.kdump.plugins.module_utils.kexec.state import is_current, read_crash, read_record

from .hosts import BOOT_ID, build, loaded, write

#: A command line with everything that a shell or JSON could trip over.
LINE = """console=ttyS0 a="b c" d='$(reboot)' e=`x` f=\\g h=@kernel@ kdump.path=/var/crash"""
BOTH = ("kexec_file_load", "kexec_load")

#: Writes down its arguments, one a line, and answers like a kernel would.
KEXEC = """#!/bin/sh
printf '%s\\n' "$@" >>{root}/calls
{extra}
case "$*" in
    *-u*) echo 0 >{root}/sys/kernel/kexec_crash_loaded ;;
    *) echo 1 >{root}/sys/kernel/kexec_crash_loaded ;;
esac
"""


class Stage:
    """A host with a fake kexec."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host = build(root)
        self.kexec()

    def kexec(self, extra: str = "") -> None:
        write(self.root, "/bin/kexec", KEXEC.format(root=self.root, extra=extra), mode=0o755)

    def run(self, *words: str, syscalls: tuple[str, ...] = BOTH, seconds: int = 20) -> subprocess.CompletedProcess[str]:
        recipe = Recipe(paths.KERNEL, paths.INITRAMFS, LINE, syscalls)
        around = Surroundings(
            str(self.root), f"{self.root}/bin:/usr/bin:/bin", tries=3, pause="0.01", seconds=seconds
        )  # fmt: skip
        (self.root / "run").mkdir(exist_ok=True)
        write(self.root, "/load", render(recipe, around), mode=0o700)
        argv = [str(self.root / "load"), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    @property
    def calls(self) -> list[str]:
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def error(self) -> str | None:
        return self.host.line(paths.LOAD_ERROR)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_loads_and_remembers(stage: Stage) -> None:
    write(stage.root, paths.LOAD_ERROR, "of an earlier run")
    done = stage.run("load")
    assert (done.returncode, done.stderr) == (0, "")
    record = read_record(stage.host)
    assert record is not None
    assert (record.boot_id, record.command_line, record.syscall) == (BOOT_ID, LINE, "kexec_file_load")
    assert record.reserved_bytes == 67108864
    assert is_current(record, host=stage.host, crash=read_crash(stage.host))
    assert stage.error is None
    assert stage.calls[:3] == ["-p", "-s", f"--command-line={LINE}"]
    assert (stage.root / paths.LOAD_RECORD.lstrip("/")).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (stage.root / paths.STATE.lstrip("/")).iterdir()] == ["load.json"]


def test_auto_takes_the_other_system_call(stage: Stage) -> None:
    stage.kexec('[ "$2" = -c ] || { echo "kexec_file_load failed: Exec format error" >&2; exit 255; }')
    assert stage.run("load").returncode == 0
    record = read_record(stage.host)
    assert record is not None
    assert record.syscall == "kexec_load"


def test_a_chosen_system_call_is_the_only_one(stage: Stage) -> None:
    stage.kexec("echo 'kexec_load failed: Device or resource busy' >&2; exit 1")
    done = stage.run("load", syscalls=("kexec_load",))
    assert done.returncode == 1
    assert "-s" not in stage.calls
    assert stage.error == "Cannot load the crash image: kexec says: kexec_load failed: Device or resource busy"


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("/sys/kernel/kexec_crash_size", "0\n", "no memory is reserved"),
        ("/sys/kernel/kexec_crash_size", None, "no kexec for crashes"),
        ("/proc/sys/kernel/kexec_load_disabled", "1\n", "kexec_load_disabled is 1"),
        ("/sys/kernel/kexec_crash_size", "14\n", "does not fit"),
        (paths.KERNEL, None, "vmlinuz is missing or empty"),
        (paths.INITRAMFS, "", "initramfs.img is missing or empty"),
        ("/bin/kexec", None, "kexec is not installed"),
    ],
)
def test_says_what_is_in_the_way(stage: Stage, path: str, text: str | None, reason: str) -> None:
    loaded(stage.host)
    (stage.root / path.lstrip("/")).unlink()
    if text is not None:
        write(stage.root, path, text)
    done = stage.run("load")
    assert done.returncode == 1
    assert reason in (stage.error or "")
    assert done.stderr == f"linux.kdump: {stage.error}\n"
    assert stage.calls == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        # kexec-tools 2.0.25, each from a real run or its source
        ("kexec_file_load failed: Cannot assign requested address", "does not fit"),
        ("Could not find a free area of memory of 0x1b9d000 bytes...\nlocate_hole failed", "does not fit"),
        ("Could not find a free area of memory of 0x1b9d000 bytes...\nCannot load /x", "does not fit"),
        ("kexec_file_load failed: Key was rejected by service", "signature"),
        ("kexec_file_load failed: Required key not available", "signature"),
        ("kexec_file_load failed: No data available", "signature"),
        ("kexec_file_load failed: Accessing a corrupted shared library", "signature"),
        ("kexec_load failed: Operation not permitted\nentry       = 0x0 flags = 0x3e0001", "does not permit"),
        ("", "printed nothing"),
        ("Cannot determine the file type of /x", "kexec says: Cannot determine the file type of /x"),
    ],
)
def test_says_what_kexec_meant(stage: Stage, words: str, reason: str) -> None:
    stage.kexec(f"cat <<'END'\n{words}\nEND\nexit 1" if words else "exit 1")
    assert stage.run("load").returncode == 1
    assert reason in (stage.error or "")
    assert read_record(stage.host) is None


def test_success_is_what_the_kernel_says_not_what_kexec_says(stage: Stage) -> None:
    stage.kexec("exit 0")
    assert stage.run("load").returncode == 1
    assert stage.error == (
        "Cannot load the crash image: kexec reported success, yet the kernel says that nothing is loaded."
    )


def test_a_kexec_that_hangs_is_stopped(stage: Stage) -> None:
    stage.kexec("exec sleep 30")
    done = stage.run("load", syscalls=("kexec_load",), seconds=1)
    assert done.returncode == 1
    assert "did not end within 1 seconds" in (stage.error or "")


def test_a_failed_load_leaves_no_old_record(stage: Stage) -> None:
    loaded(stage.host)
    stage.kexec("exit 1")
    assert stage.run("load").returncode == 1
    assert read_record(stage.host) is None


def test_unloads_and_forgets(stage: Stage) -> None:
    loaded(stage.host)
    assert stage.run("unload").returncode == 0
    assert stage.calls == ["-p", "-u"]
    assert read_record(stage.host) is None
    assert read_crash(stage.host).loaded is False
    assert stage.run("unload").returncode == 0
    assert stage.calls == ["-p", "-u"]


def test_an_unknown_word_is_refused(stage: Stage) -> None:
    done = stage.run("frobnicate")
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage:" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("syscalls", [BOTH, ("kexec_load",)])
def test_shellcheck_finds_nothing(tmp_path: Path, syscalls: tuple[str, ...]) -> None:
    script = tmp_path / "load"
    script.write_text(render(Recipe(paths.KERNEL, paths.INITRAMFS, "console=ttyS0", syscalls)))
    done = subprocess.run(["shellcheck", "--enable=all", "--exclude=SC2310,SC2311,SC2312,SC2250", str(script)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stdout == ""


def test_reboots_stay_with_the_boot_loader() -> None:
    files = {file.path: file for file in files_of(Recipe(paths.KERNEL, paths.INITRAMFS, "", BOTH))}
    text = files[paths.REBOOT_POLICY].text
    done = subprocess.run(
        ["sh", "-c", f"LOAD_KEXEC=true\n{text}\nprintf %s $LOAD_KEXEC"], capture_output=True, check=True
    )
    assert done.stdout == b"false"
    # run-parts, which Debian's script lists the folder with, skips names that hold anything else
    assert paths.REBOOT_POLICY.rpartition("/")[2].replace("-", "").isalnum()


def test_the_unit_loads_before_a_hardened_host_forbids_it() -> None:
    files = {file.path: file for file in files_of(Recipe(paths.KERNEL, paths.INITRAMFS, "", BOTH))}
    lines = files[paths.UNIT].text.splitlines()
    assert "Before=systemd-sysctl.service sysinit.target" in lines
    assert {f"ExecStart={paths.LOADER} load", f"ExecReload={paths.LOADER} load"} <= set(lines)
    assert not any(line.startswith("Conflicts=") for line in lines)
    assert files[paths.LOADER].mode == 0o700


def test_the_record_is_plain_json(stage: Stage) -> None:
    stage.run("load")
    assert json.loads((stage.root / paths.LOAD_RECORD.lstrip("/")).read_text())["command_line"] == LINE
