# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual addresses on every kind of machine: right, or a finding, whatever the page tables hold."""

from __future__ import annotations

import typing as t
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.abi import ABIS, Abi
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError, unreadable
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.translate import paged
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.translate.memory import (
    ARCHITECTURES,
    open_memory,
    read_utsname,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.translate.paged import PagedMemory
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo
from ansible_collections.linux.kdump.tests.unit.vmcores import BASE, KINDS, NODENAME, SIZE, Machine

WALKABLE = [name for name, kind in KINDS.items() if kind.walkable]
#: ppc64 finds its linear map without tables.
TABLED = [name for name in WALKABLE if not name.startswith("ppc64")]


@dataclass
class Bare:
    """A machine's memory without a file around it; ``missing`` pages are not in it."""

    crashed: Machine
    missing: Collection[int] = ()
    headers: bool = False
    machine: str = field(init=False)
    abi: Abi = field(init=False)

    def __post_init__(self) -> None:
        self.machine = {"i686": "i386"}.get(self.crashed.machine, self.crashed.machine)
        self.abi = ABIS[self.machine]

    def read_physical(self, address: int, length: int) -> bytes:
        if not self.crashed.base <= address <= self.crashed.base + SIZE - length or address >> 12 in self.missing:
            raise unreadable("address-absent", space="physical", address=hex(address))
        # Files are read in pieces of this size at most.
        assert length <= 1 << 20
        return self.crashed.get(address, length)

    def virtual_to_physical(self, address: int) -> tuple[int, int] | None:
        loads = self.crashed.loads if self.headers else []
        found = [(physical, address - start, size) for start, physical, size in loads if 0 <= address - start < size]
        return next(((physical + at, size - at) for physical, at, size in found), None)


def tables(machine: Machine) -> set[int]:
    """The numbers of the pages that hold page tables."""
    return {at >> 12 for at in machine.entries}


def opened(bare: Bare, **changes: str | None) -> PagedMemory:
    """The memory; the changes are to VMCOREINFO."""
    lines = dict(line.split("=", 1) for line in bare.crashed.vmcoreinfo.decode().splitlines())
    text = "\n".join(f"{key}={value}" for key, value in {**lines, **changes}.items() if value is not None)
    info = VmcoreInfo(text.encode())
    return open_memory(t.cast("t.Any", bare), info)


def rule_of(memory: PagedMemory, address: int) -> str:
    with pytest.raises(UnreadableError) as caught:
        memory.translate(address)
    return caught.value.finding.id


@pytest.mark.parametrize("variant", list(KINDS))
def test_every_kind_of_address(variant: str) -> None:
    machine = Machine(variant=variant)
    memory = opened(Bare(machine))
    for offset in (0, 1, 0x3FFF, 0x10001, 0x1FFFFF):
        assert memory.translate(machine.kernel + offset)[0] == machine.base + offset
    if machine.kind.linear_shift or machine.kind.kernel is None:
        for offset in (0, 0xFFFFF, 0x3FFFFF):
            assert memory.translate(machine.linear(machine.base + offset))[0] == machine.base + offset
    assert memory.detours == {}
    if machine.kind.walkable:
        start = machine.kind.scattered
        places = [memory.translate(start + offset) for offset in range(0, 1 << 20, 0x777)]
        assert [place for place, _room in places] == [machine.scattered(start + at) for at in range(0, 1 << 20, 0x777)]
        assert max(room for _place, room in places) <= machine.kind.page


@pytest.mark.parametrize("variant", list(KINDS))
def test_reading_across_pages(variant: str) -> None:
    machine = Machine(variant=variant)
    memory = opened(Bare(machine))
    data = bytes(range(251)) * 1200
    start = machine.scattered_place + 1000
    machine.scatter(start, data)
    assert memory.read(start, len(data)) == data
    assert memory.read(start, 0) == b""
    assert memory.read(machine.kernel, 2 << 20) == machine.get(machine.base, 2 << 20)
    utsname = read_utsname(memory, memory.info)
    assert utsname is not None
    assert utsname.nodename == NODENAME


@pytest.mark.parametrize(
    ("variant", "base"),
    [
        ("x86_64", 1 << 45), ("x86_64-5level", 1 << 51), ("x86_64-sme", 1 << 46), ("i386-pae-2g", 0x4000000),
        ("ppc64le", 1 << 50), ("aarch64", 1 << 47), ("aarch64-4k-52", 1 << 51), ("aarch64-4k-52", 1 << 49),
        ("aarch64-16k-52", 1 << 50), ("aarch64-64k-52", 1 << 51), ("aarch64-64k-52", 1 << 48),
        ("s390x-6.10", 1 << 40),
    ],
)  # fmt: skip
def test_memory_far_up(variant: str, base: int) -> None:
    machine = Machine(variant=variant, base=base)
    memory = opened(Bare(machine))
    assert memory.translate(machine.kernel + 0x3000)[0] == base + 0x3000
    assert memory.translate(machine.kind.scattered + 77)[0] == machine.scattered(machine.kind.scattered + 77)
    assert memory.detours == {}


@pytest.mark.parametrize("variant", WALKABLE)
def test_addresses_that_are_nowhere(variant: str) -> None:
    machine = Machine(variant=variant)
    memory = opened(Bare(machine))
    top = 1 << machine.kind.bits
    for address in (-1, -top, top, top + machine.kernel, machine.kind.scattered + (1 << 28)):
        assert rule_of(memory, address) == "address-unmapped", hex(address)
    strange = {"x86_64": 0x1000 << 48, "aarch64": 0x7FFF << 48, "ppc64": 0x4000 << 48, "s390x": 1 << 53}
    for name, address in strange.items():
        if variant.startswith(name):
            assert rule_of(memory, address) == "address-unmapped"


def test_a_tag_in_the_top_byte_is_no_part_of_an_address() -> None:
    machine = Machine(variant="aarch64")
    memory = opened(Bare(machine))
    tagged = machine.kind.scattered & ~(0xFF << 56) | 0xF3 << 56
    assert memory.translate(tagged) == memory.translate(machine.kind.scattered)


@pytest.mark.parametrize("variant", ["ppc64le-hash", "ppc64le-hash without a word of it"])
def test_what_only_the_hash_tables_know_is_named(variant: str) -> None:
    machine = Machine(variant="ppc64le-hash")
    memory = opened(Bare(machine), **({} if variant == "ppc64le-hash" else {"NUMBER(RADIX_MMU)": None}))
    assert rule_of(memory, machine.kind.scattered) == "mmu-hash"
    assert memory.translate(machine.kernel)[0] == BASE


@pytest.mark.parametrize("headers", [False, True])
@pytest.mark.parametrize("variant", TABLED)
def test_without_page_tables_the_image_is_found_by_rule(variant: str, headers: bool) -> None:
    machine = Machine(variant=variant)
    memory = opened(Bare(machine, tables(machine), headers))
    assert memory.translate(machine.kernel + 0x3000)[0] == BASE + 0x3000
    assert rule_of(memory, machine.kind.scattered) == "address-absent"
    (found,) = memory.judge()
    assert found.id == "tables-missing"
    # Only x86_64 has a linear map whose place nobody tells, but for the headers.
    if headers or not variant.startswith("x86_64"):
        assert memory.translate(machine.linear(BASE + 0x4000))[0] == BASE + 0x4000


@pytest.mark.parametrize("variant", ["x86_64", "i386", "aarch64", "s390x"])
def test_without_the_root_symbol_the_rules_still_hold(variant: str) -> None:
    machine = Machine(variant=variant)
    memory = opened(Bare(machine), **{"SYMBOL(swapper_pg_dir)": None, "SYMBOL(init_top_pgt)": None})
    assert memory.translate(machine.kernel + 0x3000)[0] == BASE + 0x3000
    assert rule_of(memory, machine.kind.scattered) == "vmcoreinfo-lacks"


def test_a_kernel_that_does_not_tell_its_place_is_found_by_the_headers() -> None:
    machine = Machine(variant="x86_64-kaslr")
    gone: dict[str, str | None] = {"NUMBER(phys_base)": None}
    assert opened(Bare(machine, headers=True), **gone).translate(machine.kind.scattered)[0] == BASE + SIZE - 4096
    assert rule_of(opened(Bare(machine), **gone), machine.kind.scattered) == "address-absent"


@pytest.mark.parametrize("variant", ["i386-pae-2g", "i386-pae"])
def test_the_tables_themselves_tell_where_i386_maps_memory(variant: str) -> None:
    machine = Machine(variant=variant)
    memory = opened(Bare(machine))
    assert memory.root() == machine.root
    assert opened(Bare(machine, tables(machine), headers=True)).root() == machine.root


@pytest.mark.parametrize("entry", [0x80 | 8 | 3, 8 | 1])
def test_quarters_of_a_table_that_do_not_exist(entry: int) -> None:
    machine = Machine(variant="s390x-8p")
    memory = opened(Bare(machine))
    assert memory.translate(machine.kernel)[0] == BASE
    # The entry above the kernel's table gets another first and last quarter: those of address 0, and of the last.
    (old,) = memory.entry.unpack(machine.get(machine.root, 8))
    machine.put(machine.root, memory.entry.pack(old & ~0xFFF | entry))
    memory = opened(Bare(machine))
    expected = {True: "address-unmapped", False: None}[entry >> 6 & 3 > 0]
    assert (rule_of(memory, machine.kernel) if expected else None) == expected


def test_the_cache_is_bounded_and_right_after_it_was_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "_CACHED", 3)
    machine = Machine()
    memory = opened(Bare(machine))
    for turn in range(2):
        for page in range(10):
            address = machine.kind.scattered + page * 4096 + turn
            assert memory.translate(address)[0] == machine.scattered(address)
            assert len(memory._cache) <= 3


def test_page_tables_cannot_make_a_read_endless() -> None:
    memory = opened(Bare(Machine()))
    with pytest.raises(UnreadableError):
        memory.read(Machine().kernel, 1 << 40)


@pytest.mark.parametrize("variant", list(KINDS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_damaged_tables_end_in_a_place_or_a_finding(variant: str, data: st.DataObject) -> None:
    machine = Machine(variant=variant)
    size = machine.kind.paging.entry
    for _hit in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.sampled_from(machine.entries))
        machine.put(at, data.draw(st.binary(min_size=size, max_size=size)))
    memory = opened(Bare(machine, headers=data.draw(st.booleans())))
    damaged = [at >> 12 for at in tables(machine)]
    start = machine.kind.scattered
    for address in (machine.kernel + 0x3000, machine.linear(BASE + 77), *range(start, start + (1 << 20), 0x10000)):
        try:
            assert len(memory.read(address, 100)) == 100
            physical, room = memory.translate(address)
        except UnreadableError as error:
            assert error.finding.id in ("address-unmapped", "address-absent", "mmu-hash"), damaged
        else:
            assert physical >= 0
            assert room > 0


@pytest.mark.parametrize("variant", WALKABLE)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_lost_entry_is_never_a_wrong_place(variant: str, data: st.DataObject) -> None:
    """Zeros, as lost pages read, and whole missing pages: the right place or none."""
    machine = Machine(variant=variant)
    size = machine.kind.paging.entry
    missing = data.draw(st.sets(st.sampled_from(sorted(tables(machine))), max_size=3))
    for at in data.draw(st.lists(st.sampled_from(machine.entries), max_size=5)):
        machine.put(at, bytes(size))
    memory = opened(Bare(machine, missing, headers=data.draw(st.booleans())))
    start = machine.kind.scattered
    expected = {address: machine.scattered(address) for address in range(start, start + (1 << 20), 0x8888)}
    for address, place in {**expected, machine.kernel + 0x3000: BASE + 0x3000}.items():
        try:
            found = memory.translate(address)[0]
        except UnreadableError:
            continue
        # An entry of zeros is one of s390x too: of a page, and of a table, that lies at address 0.
        assert found == place or (variant.startswith("s390x") and found < BASE)


LIES = st.sampled_from(["", "0", "-1", "1", "0x", "7", "52", "99999999", "fffffffffffffff0", "-9223372036854775808"])


@pytest.mark.parametrize("variant", list(KINDS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_vmcoreinfo_that_lies_ends_in_a_place_or_a_finding(variant: str, data: st.DataObject) -> None:
    machine = Machine(variant=variant)
    keys = sorted(line.split("=")[0] for line in machine.vmcoreinfo.decode().splitlines())
    changes = data.draw(st.dictionaries(st.sampled_from(keys), st.none() | LIES, min_size=1, max_size=6))
    try:
        memory = opened(Bare(machine), **changes)
        for address in (machine.kernel, machine.linear(BASE), machine.kind.scattered, 0):
            memory.read(address, 10)
    except UnreadableError:
        pass


def test_each_architecture_has_a_machine_that_crashes() -> None:
    tried = {{"i686": "i386"}.get(kind.machine, kind.machine) for kind in KINDS.values()}
    assert tried == set(ARCHITECTURES)
