# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drop-in, run by a real shell as the menu generator does."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub_defaults import drop_in, sets_parameter

BEFORE = [
    ("", ""),
    ("quiet", "quiet"),
    ("crashkernel=1M", ""),
    ("quiet crashkernel=384M-:128M splash", "quiet splash"),
    ("crashkernel=auto crashkernel=1G,high crashkernel=1M,low a", "a"),
    ('dyndbg="file ec.c +p" crashkernel=1M', 'dyndbg="file ec.c +p"'),
    ("xcrashkernel=1M kcrashkernel", "xcrashkernel=1M kcrashkernel"),
    ("a=$b c=`d` e='f' g\\h %s 100%", "a=$b c=`d` e='f' g\\h %s 100%"),
    ("\tcrashkernel=1M\tb", "b"),
]


def source(text: str, linux: str, default: str) -> list[str]:
    """Both variables after the drop-in was read by a shell that stops at any failure and any unset variable."""
    script = (
        f"set -eu; GRUB_CMDLINE_LINUX={shlex.quote(linux)}; GRUB_CMDLINE_LINUX_DEFAULT={shlex.quote(default)}\n{text}"
        'printf \'%s\\0\' "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"; set'
    )
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=10)
    first, second, rest = done.stdout.split("\0")
    assert "__kdump" not in rest
    return [first, second]


@pytest.mark.parametrize(("before", "after"), BEFORE)
def test_sets_the_value_once_and_touches_nothing_else(before: str, after: str) -> None:
    linux, default = source(drop_in(["crashkernel=1G,high", "crashkernel=128M,low"]), before, before)
    assert linux.strip() == f"{after} crashkernel=1G,high crashkernel=128M,low".strip()
    assert default.strip() == after


@pytest.mark.parametrize(("before", "after"), BEFORE)
def test_takes_it_out(before: str, after: str) -> None:
    assert [value.strip() for value in source(drop_in([]), before, before)] == [after, after]


def test_works_where_nothing_was_set() -> None:
    script = (
        f'set -e\n{drop_in(["crashkernel=64M"])}printf %s "$GRUB_CMDLINE_LINUX|${{GRUB_CMDLINE_LINUX_DEFAULT-unset}}"'
    )
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=10)
    assert done.stdout == "crashkernel=64M|unset"


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("", False),
        ("GRUB_CMDLINE_LINUX=crashkernel=1M", True),
        ("# GRUB_CMDLINE_LINUX=crashkernel=1M", False),
        ("a=b\n \t# crashkernel=1M\n", False),
        ('a=b\nGRUB_CMDLINE_LINUX="a#b crashkernel=1M"\n', True),
        ("GRUB_CMDLINE_LINUX=nocrashkernel=1M", False),
    ],
)
def test_finds_files_that_set_it(text: str, sets: bool) -> None:
    assert sets_parameter(text) is sets
