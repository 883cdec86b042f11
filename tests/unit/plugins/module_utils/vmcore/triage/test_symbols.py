# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Symbols of a kernel without debug information: every layout, width and byte order."""

from __future__ import annotations

import random
import time

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.abi import Abi
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.kallsyms import Kallsyms, is_available
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.symbols import Symbols, open_symbols
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo
from ansible_collections.linux.kdump.tests.unit.vmcore_symbols import LAYOUTS, SYMBOLS, Named, SymbolTable

ABIS = [Abi(64, "<"), Abi(64, ">"), Abi(32, "<"), Abi(32, ">")]
NAMES = tuple(symbol.name for symbol in SYMBOLS)


def table(*, layout: str = "percpu", abi: Abi = ABIS[0], **options: object) -> SymbolTable:
    base = 0xFFFFFFFF81000000 if abi.bits == 64 else 0xC1000000
    return SymbolTable(bits=abi.bits, order=abi.order, layout=layout, base=base, **options)  # type: ignore[arg-type]


def kallsyms(written: SymbolTable, *names: str) -> Kallsyms:
    return Kallsyms(written, VmcoreInfo(written.vmcoreinfo), names)


def symbols(written: SymbolTable, more: bytes = b"") -> Symbols:
    found = open_symbols(written, VmcoreInfo(written.vmcoreinfo + b"\n" + more), "x86_64")
    assert found is not None
    return found


@pytest.mark.parametrize("abi", ABIS, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_told_apart_and_read(layout: str, abi: Abi) -> None:
    written = table(layout=layout, abi=abi)
    read = kallsyms(written, *NAMES, "no_such_symbol")
    assert (read.layout, read.count) == (layout, len(SYMBOLS))
    known = {symbol.name: written.address(symbol) for symbol in SYMBOLS if symbol.offset >= 0}
    assert {name: place for name, place in read.addresses.items() if name in known} == known
    assert "no_such_symbol" not in read.addresses


def test_functions_by_address() -> None:
    read, base = kallsyms(table()), table().base
    assert read.symbol_at(base + 0x2FF) == ("panic", base + 0x200, 0x200)
    # Of two names for one place the kernel takes the first; a length of two bytes is only read since 6.1.
    assert read.symbol_at(base + 0xFF) == ("_stext", base, 0x100)
    assert read.symbol_at(base + 0x400) == ("a" * 300, base + 0x400, 0x100)
    # After the last nothing is known of where it ends.
    assert read.symbol_at(base + 0x5000) is None
    assert read.symbol_at(-1) is None


def test_a_table_out_of_order() -> None:
    shuffled = list(SYMBOLS)
    random.Random(1).shuffle(shuffled)
    written = table(symbols=shuffled)
    assert kallsyms(written).symbol_at(written.base + 0x204) == ("panic", written.base + 0x200, 0x200)


def test_a_kernel_that_does_not_tell() -> None:
    assert not is_available(VmcoreInfo(b"SYMBOL(_stext)=ffffffff81000000"))
    assert open_symbols(table(), VmcoreInfo(b"OSRELEASE=5.10"), "x86_64") is None


def _broken(name: str, data: bytes) -> SymbolTable:
    written = table()
    written.regions[written.places[name]] = data
    return written


BROKEN = {
    "no symbols": ("kallsyms_num_syms", bytes(4), "claims 0 symbols"),
    "too many symbols": ("kallsyms_num_syms", b"\xff" * 4, "claims 4294967295 symbols"),
    "more symbols than names": ("kallsyms_num_syms", b"\xff\0\0\0", "takes 0 bytes"),
    "names of zeros": ("kallsyms_names", bytes(300), "takes 0 bytes"),
    "names of ones": ("kallsyms_names", b"\xff" * 300, "takes 32767 bytes"),
    "long names": ("kallsyms_names", b"\x80\x04" + bytes(9999), "takes 0 bytes"),
    "tokens out of order": ("kallsyms_token_index", bytes(512), "not in order"),
    "tokens far away": ("kallsyms_token_index", b"\xff" * 512, "not in order"),
    "tokens of zeros": ("kallsyms_token_table", bytes(900), "has no _stext"),
    "other tokens": ("kallsyms_token_table", b"xy" * 450, "has no _stext"),
    "addresses of zeros": ("kallsyms_offsets", bytes(400), "does not put _stext at 0xffffffff81000000"),
    "another base": ("kallsyms_relative_base", bytes(8), "does not put _stext at"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_self_test_finds_damage(name: str) -> None:
    with pytest.raises(UnreadableError, match=BROKEN[name][2]):
        kallsyms(_broken(*BROKEN[name][:2]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_damage_is_found_or_harmless(layout: str) -> None:
    chance = random.Random(layout)
    for _turn in range(150):
        written = table(layout=layout)
        stack = written.base + 0x700000
        written.regions[stack] = written.pack("2048Q", *range(written.base, written.base + 2048))
        name = chance.choice([name for name in written.places if name != "_stext"])
        data = bytearray(written.regions[written.places[name]])
        for _hit in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.getrandbits(8)))
        written.regions[written.places[name]] = bytes(data)
        try:
            read = symbols(_with_values(written))
        except UnreadableError:
            continue
        assert len(list(read.stack(stack))) <= 64
        assert read.banner() is None or "Linux" in str(read.banner())
        read.command_line(), read.tainted_mask(), read.cpu("panic_cpu")


class Endless:
    """Memory that has the same bytes over and over where the names are."""

    def __init__(self, written: SymbolTable, fill: bytes, count: int) -> None:
        self.written, self.fill, self.abi = written, fill, written.abi
        written.places["kallsyms_names"] = written.base + 0x40000000
        written.regions[written.places["kallsyms_num_syms"]] = written.pack("I", count)

    def read(self, address: int, length: int) -> bytes:
        if address >= self.written.places["kallsyms_names"] and length == 4096:
            return (self.fill * (length // len(self.fill) + 1))[:length]
        return self.written.read(address, length)


@pytest.mark.parametrize("fill", [b"\x01t", b"\x7f" + b"T" * 127, b"\x80\x04" + b"T" * 512, b"\x02T_"], ids=repr)
def test_a_table_that_never_ends_costs_little(fill: bytes) -> None:
    written = table()
    start = time.process_time()
    memory = Endless(written, fill, 1 << 20)
    with pytest.raises(UnreadableError):
        Kallsyms(memory, VmcoreInfo(written.vmcoreinfo), NAMES)
    assert time.process_time() - start < 8


def _with_values(written: SymbolTable) -> SymbolTable:
    """The variables that are read by name."""
    place = {symbol.name: written.address(symbol) for symbol in SYMBOLS}
    written.regions[place["panic_cpu"]] = written.pack("i", 3)
    written.regions[place["tainted_mask"]] = written.pack(written.word, 1 << 12 | 1 << 13)
    written.regions[place["linux_banner"]] = b"Linux version 6.1.0 (\x1b[31mred) #1\n\0more"
    written.regions[place["saved_command_line"]] = written.pack(written.word, written.base + 0x2000)
    written.regions[written.base + 0x2000] = b"root=/dev/vda1 " + b"x" * 1000 + b" ro\0junk"
    return written


@pytest.mark.parametrize("abi", ABIS, ids=str)
def test_variables_by_name(abi: Abi) -> None:
    read = symbols(_with_values(table(abi=abi)))
    assert (read.cpu("panic_cpu"), read.cpu("crashing_cpu"), read.tainted_mask()) == (3, None, 0x3000)
    assert read.banner() == "Linux version 6.1.0 (␛[31mred) #1"
    assert read.command_line() == "root=/dev/vda1 " + "x" * 1000 + " ro"


def test_variables_that_cannot_be_read() -> None:
    written = _with_values(table(symbols=[*SYMBOLS[:8], Named("D", "panic_cpu", 1 << 24), *SYMBOLS[9:11],
                                          Named("B", "saved_command_line", 0x1020), SYMBOLS[12]]))  # fmt: skip
    written.regions[written.base + 0x1020] = written.pack("Q", 0xDEAD << 32)
    read = symbols(written)
    assert (read.cpu("panic_cpu"), read.command_line()) == (None, None)


def test_no_cpu_has_panicked() -> None:
    written = _with_values(table())
    written.regions[written.base + 0x1000] = written.pack("i", -1)
    assert symbols(written).cpu("panic_cpu") is None


@pytest.mark.parametrize("abi", ABIS, ids=str)
def test_a_stack_is_searched_for_return_addresses(abi: Abi) -> None:
    written = table(abi=abi)
    stack = written.base + 0x700000
    words = [0, written.base + 0x205, 7, written.base + 0x105, written.base + 0x500, written.base + 0x1000, stack]
    written.regions[stack] = written.pack(f"{len(words)}{written.word}", *words).ljust(1 << 14, b"\0")
    frames = [str(frame) for frame in symbols(written).stack(stack)]
    # A return address at the very start of a function belongs to the one before, whose last act was a call.
    assert frames == ["? panic+0x5/0x200", "? sysrq_handle_crash+0x5/0x100", f"? {'a' * 300}+0x100/0x100"]


def test_a_stack_ends_where_its_memory_does() -> None:
    written = table()
    stack = written.base + 0x700000
    full = written.pack("Q", written.base + 0x205) * (1 << 11)
    written.regions = {**written.regions, stack: full, stack + (1 << 14): full}
    assert len(list(symbols(written).stack(stack + (1 << 14) - 64))) == 8
    assert len(list(symbols(written).stack(stack))) == 64
    assert list(symbols(written).stack(1 << 60)) == []


def test_signed_pointers_lose_their_signature() -> None:
    written = table(layout="relative")
    stack = written.base + 0x700000
    written.regions[stack] = written.pack("Q", (written.base + 0x205) & ~(0x7F << 48)).ljust(4096, b"\0")
    read = symbols(written, b"NUMBER(KERNELPACMASK)=0x7f000000000000")
    assert [frame.name for frame in read.stack(stack)] == ["panic"]
