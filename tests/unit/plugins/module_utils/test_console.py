# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serial console as text, lines and meanings."""

from __future__ import annotations

import os
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.console import Lines, Mark, Tail, marks
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError

MEANINGS = [
    ("[   24.1] Kernel panic - not syncing: sysrq triggered crash", [Mark("panic", "sysrq triggered crash")]),
    ("[    0.000000] Linux version 6.1.192-kdump (x@y) #1 SMP", [Mark("banner", "6.1.192-kdump")]),
    ("[    0.000000] Command line: elfcorehdr=0x1d000000", [Mark("command_line", "elfcorehdr=0x1d000000")]),
    ("[    0.01] Kernel command line: root=/dev/vda1", [Mark("command_line", "root=/dev/vda1")]),
    ("linux.kdump: [  1.42] save-start Linux 6.1", [Mark("save-start", "Linux 6.1")]),
    ("linux.kdump: [1.42] final-action", [Mark("final-action", "")]),
    ("[  1.2] ---[ end Kernel panic - not syncing: VFS: no root ]---", [Mark("dead_end", "VFS: no root")]),
    (
        "[  1.2] Out of memory: Killed process 71 (makedumpfile) total-vm:1kB",
        [Mark("memory", "Out of memory: Killed process 71 (makedumpfile) total-vm:1kB")],
    ),
    (
        "[  0.9] Kernel panic - not syncing: System is deadlocked on memory",
        [Mark("panic", "System is deadlocked on memory"), Mark("memory", "System is deadlocked on memory")],
    ),
    ("[  0.4] Initramfs unpacking failed: write error", [Mark("memory", "Initramfs unpacking failed: write error")]),
    ("[  0.4] Initramfs unpacking failed: invalid magic at start of compressed archive", []),
    (
        "[   31.6] kdump-tools[317]: Starting kdump-tools: saved dmesg content in /var/crash/202611231530.",
        [Mark("log-saved", "/var/crash/202611231530.")],
    ),
    ("[   38.2] kdump-tools[317]: kdump-tools: saved vmcore in /var/crash/1.", [Mark("core-saved", "/var/crash/1.")]),
    (
        "kdump-config: failed to save vmcore in /var/crash/1 ... failed!",
        [Mark("fail-core", "/var/crash/1 ... failed!")],
    ),
    ("kdump-tools[317]: Starting kdump-tools: loaded kdump kernel.", []),
    ("linux.kdump: drill nonce=0123456789abcdef0123456789abcdef", []),
    ("Debian GNU/Linux 12 test1 ttyS0", []),
    ("", []),
]


@pytest.mark.parametrize(("line", "expected"), MEANINGS)
def test_a_line_means(line: str, expected: list[Mark]) -> None:
    assert marks(line) == expected


CLEANED = [
    ("plain\n", ["plain"]),
    ("dos\r\n", ["dos"]),
    ("10 %\r20 %\r100 %\n", ["100 %"]),
    ("\x1b[32m[ OK ]\x1b[0m Started\x1b]0;title\x07 it\n", ["[ OK ] Started it"]),
    ("\x1bc\x1b[?7l\x1b[2Jbios\n", ["bios"]),
    ("a\x00b\x07c\td\n", ["abc\td"]),
    ("\x9b31mred\x85 \x9d0;title\x9c\n", ["31mred 0;title"]),
    ("one\ntwo\nthr", ["one", "two"]),
    ("\n\n", ["", ""]),
]


@pytest.mark.parametrize(("text", "expected"), CLEANED)
def test_lines_are_clean(text: str, expected: list[str]) -> None:
    assert list(Lines().feed(text)) == expected


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab\x1b[m\r ", max_size=20), max_size=6), st.integers(1, 7))
def test_pieces_do_not_matter(parts: list[str], size: int) -> None:
    text = "\n".join(parts) + "\n"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    lines = Lines()
    assert [line for piece in pieces for line in lines.feed(piece)] == list(Lines().feed(text))


def test_a_line_without_end_is_bounded() -> None:
    lines = Lines()
    for _count in range(100):
        assert all(len(line) <= 1024 for line in lines.feed("x" * 5000))
    assert len(lines._rest) <= 6024


def test_tail_begins_at_the_end_and_survives_a_new_file(tmp_path: pathlib.Path) -> None:
    console = tmp_path / "console"
    console.write_text("an earlier boot\n")
    tail = Tail(str(console))
    assert tail.read() == ""
    with console.open("a") as stream:
        stream.write("news\n")
    assert tail.read() == "news\n"
    console.write_text("new\n")
    assert tail.read() == "new\n"
    console.unlink()
    assert tail.read() == ""


def test_tail_reads_bounded_pieces(tmp_path: pathlib.Path) -> None:
    console = tmp_path / "console"
    console.touch()
    tail = Tail(str(console))
    console.write_bytes(b"\xff" * 200_000)
    assert [len(tail.read()) for _count in range(4)] == [65536, 65536, 65536, 200_000 - 3 * 65536]


def test_tail_says_what_is_wrong(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KdumpError, match=r"Cannot follow the console .*: No such file"):
        Tail(str(tmp_path / "none"))


def test_tail_does_not_wait_for_somebody_to_write(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(KdumpError, match="not a regular file"):
        Tail(str(tmp_path / "fifo"))
