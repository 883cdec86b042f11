# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a spec reserves on a machine."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import example, given, settings

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.evaluate import (
    NothingReservedError,
    Reservation,
    amount,
    evaluate,
    ram_regions,
    system_ram,
)
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.grammar import Spec, parse_spec, render_spec
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.strategies import AMOUNTS, specs

M, G = 1 << 20, 1 << 30

#: A guest of 1 GiB under QEMU, as root sees it.
IOMEM = """\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
0009fc00-0009ffff : Reserved
000f0000-000fffff : System ROM
00100000-3ffdbfff : System RAM
  2b000000-2bc00ea6 : Kernel code
  37000000-3affffff : Crash kernel
3ffdc000-3fffffff : Reserved
b0000000-bfffffff : PCI ECAM 0000 [bus 00-ff]
"""

RESERVED = [
    ("64M", G, Reservation(64 * M)),
    ("256M@16M", G, Reservation(256 * M)),
    ("1G-4G:192M,4G-64G:256M,64G-:512M", 2 * G, Reservation(192 * M)),
    ("1G-4G:192M,4G-64G:256M,64G-:512M", 64 * G, Reservation(512 * M)),
    # QEMU's 1 GiB has a bit less System RAM; rounding it up brings it into the range.
    ("1G-2G:128M,2G-:256M", G - 5 * M, Reservation(128 * M)),
    # ... and out of one that ends there.
    ("512M-1G:64M,1G-:128M", G - 5 * M, Reservation(128 * M)),
    ("64M 128M", G, Reservation(128 * M)),
    ("512M,high", 8 * G, Reservation(512 * M, high=True)),
    ("512M,high 128M,low", 8 * G, Reservation(512 * M, high=True, low=128 * M)),
    ("512M,high 0,low", 8 * G, Reservation(512 * M, high=True, low=0)),
    # Beside a value without suffix the kernel ignores the two.
    ("64M 512M,high 128M,low", 8 * G, Reservation(64 * M)),
    ("64M 512M,cma", 8 * G, Reservation(64 * M, cma=512 * M)),
]

NOTHING = [
    ("0", G, "asks for 0 bytes"),
    ("64", G, "64 bytes hold no kernel. Write a unit, for example 64M"),
    ("2G", G, "asks for 2048M of 1024M RAM"),
    ("1G", G, "asks for 1024M of 1024M RAM"),
    ("2G-:256M", G, "no range holds its RAM of 1024M"),
    ("1G-:0", G, "asks for 0 bytes"),
    ("1G-2G:64M 2G-:256M", G, "no range holds"),
    ("128M,low", G, "without a size or a size,high"),
    ("128M,cma", G, "without a size or a size,high"),
    ("8G-:1G,0-8G:64M", G, "later range may fit. Put the ranges in rising order"),
    # Since 6.6 a plain value that reserves nothing no longer gives way to the ,high one.
    ("2G-:256M 512M,high", G, "no range holds"),
]


@pytest.mark.parametrize(("text", "ram", "reservation"), RESERVED)
def test_reserves(text: str, ram: int, reservation: Reservation) -> None:
    assert evaluate(parse_spec(text), ram=ram, release="6.17.0") == reservation


@pytest.mark.parametrize(("text", "ram", "cause"), NOTHING)
def test_refuses_what_reserves_nothing(text: str, ram: int, cause: str) -> None:
    with pytest.raises(NothingReservedError) as caught:
        evaluate(parse_spec(text), ram=ram, release="6.17.0")
    assert cause in caught.value.message


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("64M@16M", None),
        ("1G-:64M@16M", None),
        # 0 stands for no address, and a suffix has none.
        ("64M@0", None),
        ("64M,high", None),
        ("64M@64G", "at the address 0x1000000000 there is no RAM of that size"),
        ("1G-:64M@64G", "there is no RAM of that size"),
        # It would reach into what the firmware keeps.
        ("64M@1000M", "there is no RAM of that size"),
        ("64M@16385K", "is no whole MiB"),
    ],
)
def test_an_address_must_be_one_of_this_machine(text: str, cause: t.Optional[str]) -> None:
    spec, regions = parse_spec(text), ram_regions(IOMEM)
    if cause is None:
        assert evaluate(spec, ram=system_ram(IOMEM), release="6.1", regions=regions).size == 64 * M
    else:
        with pytest.raises(NothingReservedError, match=cause):
            evaluate(spec, ram=system_ram(IOMEM), release="6.1", regions=regions)


@pytest.mark.parametrize(
    ("release", "known"),
    [("6.1.0-44-amd64", False), ("6.16.9", False), ("6.17.0-rc1", True), ("7.0", True), ("?", True)],
)
def test_cma_depends_on_the_kernel(release: str, known: bool) -> None:
    spec = parse_spec("64M 512M,cma")
    if known:
        assert evaluate(spec, ram=G, release=release).cma == 512 * M
    else:
        with pytest.raises(NothingReservedError, match="does not know ,cma"):
            evaluate(spec, ram=G, release=release)


def test_ram_that_is_cut_into_several_lines_is_one_region() -> None:
    iomem = "00100000-3fffffff : System RAM\n40000000-7fffffff : System RAM\n100000000-13fffffff : System RAM\n"
    assert ram_regions(iomem) == ((M, 2 * G), (4 * G, 5 * G))
    assert ram_regions("") == ()


def test_ram_is_what_the_kernel_counts() -> None:
    assert system_ram(IOMEM) == (0x9FBFF - 0x1000 + 1) + (0x3FFDBFFF - 0x100000 + 1)


@pytest.mark.parametrize("text", ["", "garbage", re.sub(r"[0-9a-f]{8}", "00000000", IOMEM)])
def test_ram_that_cannot_be_seen_is_an_error(text: str) -> None:
    with pytest.raises(KdumpError, match="with become"):
        system_ram(text)


@pytest.mark.parametrize(("size", "text"), [(0, "0 bytes"), (4096, "4096 bytes"), (64 * M + 1, "64M")])
def test_sizes_for_people(size: int, text: str) -> None:
    assert amount(size) == text


# A second model, which walks over the text of a command line the way the C code does and knows nothing of our grammar.


def _memparse(text: str) -> tuple[int, str]:
    match = re.match(r"(\d+)([KMGTPE]?)", text)
    if match is None:
        raise ValueError
    return int(match[1]) << 10 * (" KMGTPE".index(match[2] or " ")), text[match.end() :]


def _mem(rest: str, ram: int) -> int:
    total = (ram + 128 * M - 1) // (128 * M) * (128 * M)
    while True:
        start, rest = _memparse(rest)
        rest, end = rest[1:], 1 << 64
        if not rest.startswith(":"):
            end, rest = _memparse(rest)
        size, rest = _memparse(rest[1:])
        if size >= total:
            return 0
        if start <= total < end:
            return size
        if not rest.startswith(","):
            return 0
        rest = rest[1:]


def _kernel(line: str, ram: int) -> t.Optional[int]:
    last: dict[str, str] = {}
    for found in re.finditer(r"crashkernel=(\S*)", line):
        suffix = next((suffix for suffix in (",high", ",low", ",cma") if found[1].endswith(suffix)), "")
        last[suffix] = found[1]
    if "" in last:
        size = _mem(last[""], ram) if ":" in last[""] else _memparse(last[""])[0]
    else:
        size = _memparse(last.get(",high", "0"))[0]
    # What follows is no longer parsing: memblock finds no such area, or one without use.
    return size if M <= size < ram else None


@given(specs(), AMOUNTS.filter(lambda ram: M <= ram < 1 << 52))
@example(parse_spec("8G-:1G,0-8G:64M"), G)
@settings(max_examples=200)
def test_agrees_with_a_second_model_of_the_kernel(spec: Spec, ram: int) -> None:
    expected = _kernel(f"root=/dev/vda1 ro {render_spec(spec)} quiet", ram)
    try:
        found: t.Optional[int] = evaluate(spec, ram=ram, release="6.17").size
    except NothingReservedError:
        found = None
    assert found == expected
