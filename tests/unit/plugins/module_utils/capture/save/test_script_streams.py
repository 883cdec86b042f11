# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the save script's streams: whatever in a pipe fails, the dump is not called complete."""

from __future__ import annotations

import gzip
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import drill
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import streams
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import (
    COMMAND_LINE,
    HAS_BUSYBOX,
    LOG,
    NONCE,
    Capture,
    make_capture,
)

pytestmark = pytest.mark.skipif(not HAS_BUSYBOX, reason="busybox is not installed")

GZIP = streams.Filter("gzip", ".gz", "gzip -1")
#: Something that turns a stream into another one, and fails as told.
SEAL = streams.Filter("seal", ".age", "./seal")
SAVED = ["save-start", "target-ready", "log-saved", "core-saved", "record-saved", "final-action"]
FORMS = {
    "raw": streams.RAW,
    "streams": streams.part(),
    "raw streams": streams.part(raw=True),
    "packed": streams.part(pack=GZIP),
    "sealed": streams.part(seal=SEAL),
    "packed and sealed": streams.part(raw=True, pack=GZIP, seal=SEAL),
}


def _capture(tmp_path: Path, form: str, seal: str = "tr a-z A-Z") -> Capture:
    capture = make_capture(tmp_path, FORMS[form])
    (tmp_path / "seal").write_text(f"#!/bin/sh\n{seal}\n")
    (tmp_path / "seal").chmod(0o755)
    return capture


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("form", FORMS)
def test_shellcheck_has_nothing_to_say(form: str) -> None:
    script = save_script.compose([FORMS[form]])
    # pipefail is not POSIX; ash has it, and without it a collector that dies in a pipe would go unnoticed. What a part
    # takes the place of is never run.
    argv = ["shellcheck", "--shell=dash", "--exclude=SC3040,SC2317", "-"]
    done = subprocess.run(argv, input=script, capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("form", "name", "collector"),
    [
        ("raw", "vmcore", "dd bs=1M"),
        ("streams", "vmcore", "makedumpfile -F -l -d 31"),
        ("raw streams", "vmcore", "dd bs=1M"),
        ("packed", "vmcore.gz", "makedumpfile -F -l -d 31 | gzip"),
        ("sealed", "vmcore.age", "makedumpfile -F -l -d 31 | seal"),
        ("packed and sealed", "vmcore.gz.age", "dd bs=1M | gzip | seal"),
    ],
)
def test_a_dump_is_saved(tmp_path: Path, form: str, name: str, collector: str) -> None:
    capture = _capture(tmp_path, form, seal="exec cat")
    assert capture.run() == SAVED
    log = "dmesg.txt.age" if "sealed" in form else "dmesg.txt"
    folder = capture.dump()
    assert sorted(path.name for path in folder.iterdir()) == sorted([log, "kdump.json", name])
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    data = (folder / name).read_bytes()
    plain = gzip.decompress(data) if "packed" in form else data
    assert plain == ((tmp_path / "proc/vmcore").read_bytes() if "raw" in form or "and" in form else b"core\n")
    record = capture.record()
    assert (record["status"], record["nonce"], record["collector"]) == ("saved", NONCE, collector)
    assert record["files"] == {log: len(LOG), name: len(data)}
    assert not (tmp_path / "tmp/dmesg").exists()


def test_neither_log_nor_memory_is_on_the_target_as_it_was(tmp_path: Path) -> None:
    capture = _capture(tmp_path, "sealed")
    assert capture.run() == SAVED
    folder = capture.dump()
    assert (folder / "dmesg.txt.age").read_text() == LOG.upper()
    assert (folder / "vmcore.age").read_text() == "CORE\n"
    everything = b"".join(path.read_bytes() for path in capture.root.rglob("target/**/*") if path.is_file())
    assert b"Kernel panic" not in everything and b"core\n" not in everything
    # The nonce is a drill's own random number, and how the record is known to belong to it.
    assert capture.record()["nonce"] == NONCE


@pytest.mark.parametrize(
    ("seal", "failure", "kept"),
    [
        ("head -c 2; echo 'age: error: write: no space left on device' >&2; exit 1", "fail-space", False),
        ("head -c 2; kill -9 $$", "fail-memory", True),
        ("head -c 2; echo 'fatal error: runtime: cannot allocate memory' >&2; exit 2", "fail-memory", True),
        ("head -c 2; exec sleep 30", "fail-timeout", True),
        ("head -c 2; echo 'age: error: malformed recipient' >&2; exit 1", "fail-core", True),
    ],
)
def test_a_filter_that_fails(tmp_path: Path, seal: str, failure: str, kept: bool) -> None:
    # The log is sealed as well; only a stream that begins like the core fails.
    capture = _capture(tmp_path, "sealed", seal=f'read -r line\nif [ "$line" = core ]; then\n{seal}\nelse cat; fi')
    (tmp_path / "proc/cmdline").write_text(f"{COMMAND_LINE} kdump.limit_core=1")
    capture.tool(core="echo core; echo more")
    assert capture.run() == [
        "save-start", "target-ready", "log-saved", failure, *([] if kept else ["note-removed"]),
        "record-saved", "final-action",
    ]  # fmt: skip
    record = capture.record()
    assert (record["status"], record["failure"]) == ("failed", failure)
    assert ("vmcore.age.incomplete" in record["files"]) is kept
    assert ("vmcore.age.incomplete" in record["removed"]) is not kept
    assert not (capture.dump() / "vmcore.age").exists()


@pytest.mark.parametrize(("full", "failure"), [(True, "fail-space"), (False, "fail-core")])
def test_a_filter_that_does_not_say_that_the_disk_is_full(tmp_path: Path, full: bool, failure: str) -> None:
    pack = streams.Filter("lz4", ".lz4", "./lz4")
    capture = make_capture(tmp_path, streams.part(pack=pack))
    said = "Error 46 : Write error : cannot write compressed block"
    (tmp_path / "lz4").write_text(f"#!/bin/sh\nhead -c 2; echo '{said}' >&2; exit 46\n")
    (tmp_path / "lz4").chmod(0o755)
    write = 'case "$*" in *.probe*) echo "dd: error writing: No space left on device" >&2; return 1 ;; esac'
    tags = capture.run(f'timeout() {{ {write}; command timeout "$@"; }}' if full else "")
    assert failure in tags and ("note-removed" in tags) is full
    assert (capture.dump() / "vmcore.lz4.incomplete").exists() is not full
    assert not (capture.dump() / ".probe").exists()
    assert ("No space left" if full else said) in capture.record()["targets"][0]["reason"]


@pytest.mark.parametrize(
    ("core", "failure"),
    [
        ("echo part; kill -9 $$", "fail-memory"),
        ("echo part; exec sleep 30", "fail-timeout"),
        ("echo part; echo 'Can not get the type of page' >&2; exit 1", "fail-core"),
    ],
)
def test_a_collector_that_fails_is_not_hidden_by_the_filter_after_it(tmp_path: Path, core: str, failure: str) -> None:
    capture = _capture(tmp_path, "sealed", seal="exec cat")
    (tmp_path / "proc/cmdline").write_text(f"{COMMAND_LINE} kdump.limit_core=1")
    capture.tool(core=core)
    tags = capture.run()
    assert failure in tags and "core-saved" not in tags
    assert (capture.dump() / "vmcore.age.incomplete").exists()


def test_a_log_that_cannot_be_sealed_is_not_left_as_it_was(tmp_path: Path) -> None:
    capture = _capture(tmp_path, "sealed", seal="exit 1")
    assert capture.run()[:3] == ["save-start", "target-ready", "fail-log"]
    assert not (tmp_path / "tmp/dmesg").exists()
    everything = b"".join(path.read_bytes() for path in capture.dump().iterdir())
    assert b"Kernel panic" not in everything


@pytest.mark.parametrize(
    ("final", "on_failure", "saved", "failed"),
    [
        ("reboot", "", "reboot", "reboot"),
        ("poweroff", "shell", "poweroff", "shell"),
        ("shell", "reboot", "shell", "reboot"),
    ],
)
def test_a_failed_save_may_end_in_another_way(
    tmp_path: Path, final: str, on_failure: str, saved: str, failed: str
) -> None:
    words = f"kdump.final={final} " + (f"kdump.on_failure={on_failure}" if on_failure else "")
    for number, (core, expected) in enumerate([("echo core", saved), ("exit 1", failed)]):
        (tmp_path / str(number)).mkdir()
        capture = make_capture(tmp_path / str(number))
        (capture.root / "proc/cmdline").write_text(f"{COMMAND_LINE} {words}")
        capture.tool(core=core)
        said = capture.shell("main")
        assert f"final-action {expected}" in said
        assert capture.record()["final"] == expected


def test_every_tag_is_a_documented_one() -> None:
    known = {*drill.STAGES, *drill.FAILURES, *drill.NOTES}
    for part in FORMS.values():
        said = {word for word in part.replace('"', " ").split() if word.startswith(("fail-", "note-"))}
        assert said <= known
