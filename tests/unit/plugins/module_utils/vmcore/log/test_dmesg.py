# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log as lines, as others write them."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.dmesg import (
    DMESG,
    MAKEDUMPFILE,
    MAKEDUMPFILE_CHARACTERS,
    VMCORE_DMESG,
    Style,
    comparable,
    dmesg,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import LogRecord

RECORDS = [
    LogRecord(7, 999, 6, 0, "T0", "first"),
    LogRecord(8, 4_086_119_999, 3, 1, "C12", "caf\xe9 and\na second line\n"),
    LogRecord(11, 123456 * 10**9, 4, 0, "T12345678", ""),
    LogRecord(12, None, None, 0, None, "of the oldest generation"),
]


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        (
            MAKEDUMPFILE,
            ["[    0.000000] first", "[    4.086119] caf\\xc3\\xa9 and", "               a second line",
             "               ", "[123456.000000] ", "of the oldest generation"],
        ),
        (
            MAKEDUMPFILE_CHARACTERS,
            ["<6>[    0.000000] first", "<11>[    4.086119] caf\\xc3\\xa9 and", "                   a second line",
             "                   ", "<4>[123456.000000] ", "of the oldest generation"],
        ),
        (
            VMCORE_DMESG,
            ["[    0.000000] first", "[    4.086119] caf\\xc3\\xa9 and", "a second line", "", "[123456.000000] ",
             "of the oldest generation"],
        ),
        (
            DMESG,
            ["[    0.000000][    T0] first", "[    4.086119][   C12] caf\xe9 and",
             "                       a second line", "                       ", "** 2 printk messages dropped **",
             "[123456.000000][T12345678] ", "of the oldest generation"],
        ),
        (Style(), ["[    0.000000] first", "[    4.086119] caf\xe9 and", "               a second line",
                   "               ", "[123456.000000] ", "of the oldest generation"]),
    ],
    ids=["makedumpfile", "makedumpfile before 3.5", "vmcore-dmesg", "dmesg", "plain"],
)  # fmt: skip
def test_styles(style: Style, lines: list[str]) -> None:
    assert dmesg(RECORDS, style) == "".join(f"{line}\n" for line in lines)


def test_what_others_write_of_other_bytes() -> None:
    assert comparable(b"caf\\xffffffc3\\xffffffa9\n0xffffffff \\x01\x0c\r\n") == [
        "caf\\xc3\\xa9",
        "0xffffffff \\x01\\x0c\\x0d",
    ]
    assert comparable("caf\xe9".encode()) == ["caf\\xc3\\xa9"]
