# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why memory was not reserved, from what kernels have said."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel import shortfall
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.shortfall import (
    MAX_LINES,
    MESSAGES,
    about_crashkernel,
    explain,
    read_log,
)
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

M = 1 << 20
IOMEM = "00001000-0009fbff : System RAM\n00100000-3ffdefff : System RAM\n100000000-2ffffffff : System RAM\n"
#: The start of a log, as every kernel writes it.
START = """\
[    0.000000] Linux version 6.1.0-44-cloud-amd64 (debian-kernel@lists.debian.org)
[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz ro crashkernel=64M
[    0.010811] Kernel command line: BOOT_IMAGE=/boot/vmlinuz ro crashkernel=64M
"""
#: What each kind of kernel says in the words of its source, as dmesg(1) and the journal show it, and what it means.
SAID = {
    "x86, 6.1": ("[    0.006412] crashkernel reservation failed - No suitable area found.", "no-room"),
    "x86, 6.12": ("[    0.006412] cannot allocate crashkernel (size:0x4000000)", "no-room"),
    "x86, high and low": (
        "[    0.004112] Cannot reserve 256MB crashkernel low memory, please try smaller size.", "no-low-memory",
    ),
    "arm64": ("[    0.000000] cannot allocate crashkernel low memory (size:0x8000000).", "no-low-memory"),
    "an address": ("[    0.000000] crashkernel reservation failed - memory is in use.", "in-use"),
    "powerpc": ("[    0.000000] Failed to reserve memory for crashkernel!", "no-room"),
    "powerpc, address": ("[    0.000000] Crash kernel location must be 0x2000000", "address"),
    "s390": (
        "[    0.037102] setup: crashkernel reservation failed: first memory chunk must be at least crashkernel size",
        "no-room",
    ),
    "riscv": ("[    0.000000] crashkernel: couldn't allocate 65536KB", "no-room"),
    "a typo": ("[    0.000000] crashkernel: Memory value expected", "syntax"),
    "another typo": ("crashkernel: unrecognized char: m", "syntax"),
    "larger than all": ("<4>[    0.000000] crashkernel: invalid size", "too-large"),
    "no range": ("[    0.000000][    T0] crashkernel size resulted in zero bytes", "no-range"),
    "xen": ("[    0.000000] Ignoring crashkernel for a Xen PV domain", "xen"),
    "no kexec": (
        '[    0.011] Unknown kernel command line parameters "crashkernel=64M", will be passed to user space.',
        "unsupported",
    ),
    "shrunk": (
        "[    0.006] Reserving 64MB of memory at 3008MB for crashkernel (System RAM: 4095MB)", "given-back",
    ),
    "shrunk, 6.12": (
        "[    0.006] crashkernel reserved: 0x00000000b4000000 - 0x00000000b8000000 (64 MB)", "given-back",
    ),
    "nothing": ("[    0.000000] Memory: 983052K/1048052K available", "silent"),
}  # fmt: skip


def reason(**changes: t.Any) -> shortfall.Shortfall:
    given: dict[str, t.Any] = {"same": True, "reserved": 0, "expected": 64 * M, "log": (), "iomem": IOMEM}
    return explain(["64M"], changes.pop("running", ["64M"]), **{**given, **changes})


@pytest.mark.parametrize("kernel", list(SAID))
def test_what_the_log_says_is_the_reason(kernel: str) -> None:
    line, identity = SAID[kernel]
    found = reason(log=about_crashkernel(f"{START}{line}\n"))
    assert found.id == identity
    assert found.message.startswith("Cannot bring crashkernel=64M into force: the kernel has reserved 0 bytes of 64M: ")
    assert (re.sub(r"^.*\] ", "", line) in found.message) is (identity != "silent")


def test_every_message_of_the_table_has_a_meaning_and_a_source() -> None:
    assert {message.id for message in MESSAGES} <= set(shortfall._MEANINGS)
    assert [message for message in MESSAGES if not message.source] == []


@pytest.mark.parametrize(
    ("changes", "identity", "words"),
    [
        ({"running": [], "same": False}, "not-passed", "was passed no crashkernel=. Another boot entry was taken"),
        ({"running": ["32M"], "same": False, "reserved": 32 * M}, "other-value", "32M of 64M, it was passed"),
        ({"reserved": None}, "unsupported", "CONFIG_CRASH_DUMP"),
        ({"config": {"KEXEC": "y"}}, "unsupported", "CONFIG_CRASH_DUMP"),
        ({"config": {"CRASH_DUMP": "y"}}, "silent", "its console"),
        # Linux 6.1 on x86 tries to reserve even so.
        ({"config": {}, "log": ("crashkernel: invalid size",)}, "too-large", "as much as the machine has"),
        # What failed before the boot that was to bring it is not the reason.
        ({"running": [], "same": False, "log": ("crashkernel: invalid size",)}, "not-passed", "Another boot entry"),
        ({"log": ("cannot allocate crashkernel (size:0x4000000)",)}, "no-room", "below 4 GiB is 1022M, in use or not"),
        # without root, every address is zero
        ({"log": ("cannot allocate crashkernel (size:0x4000000)",), "iomem": ""}, "no-room", "size,high (its log"),
        # It looked above 4 GiB first, then gave up below.
        (
            {"log": ("crashkernel reserved: 0x1 - 0x2 (64 MB)", "cannot allocate crashkernel low memory (size:0x1).")},
            "no-low-memory", "below 4 GiB for the part",
        ),
    ],
    ids=[
        "not passed", "other value", "no kexec", "no crash dump", "no reason", "its own words",
        "an old log", "no room", "no root", "the last counts"],
)  # fmt: skip
def test_the_rest_is_known_by_the_command_line_and_by_memory(
    changes: dict[str, t.Any], identity: str, words: str
) -> None:
    found = reason(**changes)
    assert found.id == identity
    assert words in found.message
    assert found.document() == {"id": identity, "message": found.message, "log": list(changes.get("log", ()))}


def test_of_a_hostile_log_no_more_is_taken_than_of_any_other() -> None:
    lines = about_crashkernel("crashkernel \x1b[31m" * 9000 + "\n" + "crashkernel\n" * 1000)
    assert (len(lines), max(map(len, lines))) == (MAX_LINES, 300)
    assert "".join(lines).isprintable()


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        ({("dmesg",): (0, "[ 0.1] crashkernel: invalid size\n", "")}, ("crashkernel: invalid size",)),
        # the log is a ring, and hours after the boot its start is in the journal only
        (
            {("dmesg",): (0, "[ 99.1] eth0: up\n", ""), ("journalctl",): (0, "crashkernel: end <= start\n", "")},
            ("crashkernel: end <= start",),
        ),
        ({("dmesg",): (1, "", "not permitted"), ("journalctl",): (124, "", "")}, ()),
        ({("dmesg",): (127, "", ""), ("journalctl",): (127, "", "")}, ()),
    ],
    ids=["ring", "journal", "neither", "no tools"],
)
def test_the_log_is_read_where_it_still_is(answers: t.Any, lines: tuple[str, ...]) -> None:
    assert read_log(FakeRunner(answers)) == lines
