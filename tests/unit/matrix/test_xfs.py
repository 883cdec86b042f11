# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What xfs_db says, as xfsprogs 6.1 says it."""

from __future__ import annotations

from ansible_collections.linux.kdump.tests.matrix.xfs import Extent, entries, extents, numbers

FOLDER = """\
8          1179776            directory      0x0000002e   1 . (good)
10         524416             directory      0x0000172e   2 .. (good)
12         1179777            regular        0xdc7bfad3   6 vmcore (good)
15         1179778            regular        0x09b74059  10 kdump.json (good)
18         1179779            directory      0xd85816c2   4 more (good)
"""
FILE = """\
blocksize = 4096
agblocks = 44800
core.size = 310000
data offset 0 startblock 147480 (2/16408) count 74 flag 0
data offset 75 startblock 12 (0/12) count 1 flag 0
"""


def test_what_is_in_a_folder() -> None:
    assert list(entries(FOLDER)) == [("regular", "vmcore"), ("regular", "kdump.json"), ("directory", "more")]


def test_where_a_file_is() -> None:
    assert numbers(FILE) == {"blocksize": 4096, "agblocks": 44800, "core.size": 310000}
    assert extents(FILE, block=4096, group=44800) == [
        Extent(offset=0, start=(2 * 44800 + 16408) * 4096, length=74 * 4096),
        Extent(offset=75 * 4096, start=12 * 4096, length=4096),
    ]
