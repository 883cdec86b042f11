# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of crashkernel=."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.grammar import (
    Fixed,
    Range,
    Ranges,
    Spec,
    SpecError,
    Suffixed,
    on_command_line,
    parse_spec,
    parse_value,
    render,
    render_amount,
    render_spec,
)
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.strategies import specs, values

K, M, G, T = (1 << shift for shift in (10, 20, 30, 40))

READ = {
    "64M": Fixed(64 * M),
    "64m": Fixed(64 * M),
    "67108864": Fixed(64 * M),
    "0x4000000": Fixed(64 * M),
    "0X40M": Fixed(64 * M),
    "0100M": Fixed(64 * M),
    "0": Fixed(0),
    "1E": Fixed(1 << 60),
    "2P": Fixed(2 << 50),
    "0x1E": Fixed(0x1E),
    "256M@16M": Fixed(256 * M, 16 * M),
    "256M@0": Fixed(256 * M),
    "384M-:128M": Ranges((Range(384 * M, None, 128 * M),)),
    "0-1T:64M": Ranges((Range(0, T, 64 * M),)),
    "1G-4G:192M,4G-:256M@32M": Ranges((Range(G, 4 * G, 192 * M), Range(4 * G, None, 256 * M)), 32 * M),
    "1G,high": Suffixed(G, "high"),
    "0,low": Suffixed(0, "low"),
    "512M,cma": Suffixed(512 * M, "cma"),
}

REFUSED = {
    "": "nothing is not an amount",
    "auto": "'auto' is not an amount",
    "64Q": "'64Q' is not an amount",
    "64MB": "'64MB' is not an amount",
    "-64M": "'-64M' is not an amount",
    "08M": "'08M' is not an amount",
    "0x": "'0x' is not an amount",
    "1.5G": "'1.5G' is not an amount",
    "６４M": "is not an amount",
    "64M@": "nothing is not an amount",
    "64M@16M@1M": "'16M@1M' is not an amount",
    "16E": "does not fit in 64 bits",
    "9" * 3000: "does not fit in 64 bits",
    "64M,": "'64M,' is not an amount",
    "64M,128M": "is not an amount",
    "64M,HIGH": "is not an amount",
    ",high": "nothing is not an amount",
    "1G-:64M,high": "only a plain size before ,high",
    "64M@1M,low": "only a plain size before ,low",
    "64M,low,high": "only a plain size before ,high",
    "1G:64M": "'1G:64M' is not a range",
    "1G-2G:64M@16M,2G-:128M": "is not an amount",
    "1G-1G:64M": "ends where it starts",
    "2G-1G:64M": "ends where it starts",
    "-1G:64M": "nothing is not an amount",
    "1G-2G:": "nothing is not an amount",
    "1G-2G:64M,": "is not a range",
    "1G-2G:64M:": "is not an amount",
    "64M$(id)": "is not an amount",
    "64M'": "is not an amount",
}


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_reads_what_the_kernel_reads(text: str, value: object) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize(("text", "cause"), REFUSED.items())
def test_refuses_what_the_kernel_would_not_understand(text: str, cause: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_value(text)
    assert cause in caught.value.message
    assert len(caught.value.message) < 400
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "count"), [("64M", 1), ("crashkernel=64M", 1), (" 512M,high\tcrashkernel=128M,low\n", 2)]
)
def test_reads_several_parameters(text: str, count: int) -> None:
    assert len(parse_spec(text).values) == count


@pytest.mark.parametrize(
    ("text", "cause"), [("", "it is empty"), ("  ", "it is empty"), ("1M " * 2000, "6000 characters")]
)
def test_refuses_specs_that_are_none(text: str, cause: str) -> None:
    with pytest.raises(SpecError, match=cause):
        parse_spec(text)


def test_the_last_value_of_each_class_counts() -> None:
    spec = parse_spec("64M 1G,high 1M,low 2M,low 1G-:128M")
    assert spec.effective == {"": parse_value("1G-:128M"), "high": Suffixed(G, "high"), "low": Suffixed(2 * M, "low")}


def test_finds_values_on_a_command_line() -> None:
    line = "BOOT_IMAGE=/vmlinuz crashkernel=64M quiet xcrashkernel=1 crashkernel=1G-:128M\n"
    assert on_command_line(line) == ("64M", "1G-:128M")


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0"), (1023, "1023"), (64 * M, "64M"), (T * 1024, "1P"), (3 * K, "3K")]
)
def test_amounts_have_one_short_spelling(amount: int, text: str) -> None:
    assert render_amount(amount) == text


@given(values())
def test_a_rendered_value_reads_as_itself(value: object) -> None:
    assert parse_value(render(value)) == value  # type: ignore[arg-type]


@given(specs())
def test_a_rendered_spec_reads_as_itself(spec: Spec) -> None:
    assert parse_spec(render_spec(spec)) == spec
    assert on_command_line(render_spec(spec)) == tuple(map(render, spec.values))


@given(st.text(alphabet="0123456789xKMGTPEkmg-:,@highlowcma aA\x00\"'é", max_size=40))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        value = parse_value(text)
    except SpecError:
        return
    assert parse_value(render(value)) == value
