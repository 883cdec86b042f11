# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMCOREINFO: every spelling of a number that kernels use, and none that they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo

INFO = VmcoreInfo(
    b"OSRELEASE=6.1=odd\nSYMBOL(a)=ffffffff81000000\nNUMBER(neg)=-146800640\nNUMBER(hex)=0x1f\nOFFSET(s.f)=24\n"
    b"SIZE(s)=99999999\nNUMBER(bad)=1e3\nno separator\nCRASHTIME=1700000000\0\0"
)


def test_values() -> None:
    assert INFO.text("OSRELEASE") == "6.1=odd"
    assert INFO.symbol("a") == 0xFFFFFFFF81000000
    assert INFO.number("neg") == -146800640
    assert INFO.number("hex") == 31
    assert INFO.number("absent", 7) == 7
    assert INFO.offset("s.f") == 24
    assert INFO.epoch("CRASHTIME") == 1700000000
    assert INFO.epoch("OSRELEASE") is None
    assert "SYMBOL(a)" in INFO


@pytest.mark.parametrize(
    ("method", "name", "key"),
    [
        ("symbol", "absent", "SYMBOL(absent)"),
        ("number", "bad", "NUMBER(bad)"),
        ("offset", "absent", "OFFSET(absent)"),
        ("size", "s", "SIZE(s)"),
    ],
)
def test_what_is_missing_is_named(method: str, name: str, key: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        getattr(INFO, method)(name)
    assert key in caught.value.message


@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    info = VmcoreInfo(text + b"\nNUMBER(x)=" + text)
    try:
        info.number("x")
    except UnreadableError as error:
        assert error.finding.id == "vmcoreinfo-lacks"
