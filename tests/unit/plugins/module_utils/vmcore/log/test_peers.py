# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other tools read from the same dumps: the same lines where they are right, and where they are not, just that.

docs/vmcore-readers.md lists the differences. If one of these tests fails with a newer tool, that list is out of date.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.dmesg import (
    MAKEDUMPFILE,
    MAKEDUMPFILE_CHARACTERS,
    VMCORE_DMESG,
    Style,
    comparable,
    dmesg_lines,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import Walk
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.vmcore.log.walks import walk
from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import Characters, Log, Records, drill_log
from ansible_collections.linux.kdump.tests.unit.vmcores import Machine, Ring

has_makedumpfile = pytest.mark.skipif(shutil.which("makedumpfile") is None, reason="makedumpfile is not installed")
has_vmcore_dmesg = pytest.mark.skipif(shutil.which("vmcore-dmesg") is None, reason="vmcore-dmesg is not installed")
has_crash = pytest.mark.skipif(shutil.which("crash") is None, reason="crash is not installed")

#: What makedumpfile wants to know of struct page before it reads the log.
PAGES: t.Final = [
    b"SIZE(page)=64", b"OFFSET(page.flags)=0", b"OFFSET(page.lru)=8", b"OFFSET(page.mapping)=24",
    b"OFFSET(page._mapcount)=48", b"OFFSET(page._refcount)=52",
]  # fmt: skip
#: Lines that would tell it of another way to get there.
OTHERS: t.Final = (b"SYMBOL(node_data)", b"LENGTH(node_data)", b"SYMBOL(mem_section)", b"LENGTH(mem_section)")
MEM_MAP: t.Final = 0x7000


Dump = Callable[..., Path]


class Plain(Machine):
    """A machine whose log lies in the kernel image, as real ones do, and that tells what makedumpfile asks for."""

    @property
    def scattered_place(self) -> int:
        return self.kernel + 0x80000 + 8

    def scatter(self, virtual: int, data: bytes) -> None:
        self.put(virtual - self.kernel + self.base, data)

    @property
    def vmcoreinfo(self) -> bytes:
        told = Machine.vmcoreinfo.fget(self).split(b"\n")  # type: ignore[attr-defined]
        mem_map = b"SYMBOL(mem_map)=%x" % (self.kernel + MEM_MAP)
        return b"\n".join([*PAGES, mem_map, *(line for line in told if not line.startswith(OTHERS))])


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    def write(log: Log, variant: str = "x86_64", *, filtered: bool = False) -> Path:
        release = "6.1.0" if isinstance(log, Ring) else "4.19.0" if isinstance(log, Records) else "2.6.32"
        machine = Plain(log, variant=variant, release=f"{release}-99-test")
        machine.put(machine.image(MEM_MAP), machine.linear(machine.base).to_bytes(8, "little"))
        path = tmp_path / "vmcore"
        path.write_bytes(write_elf(machine, filtered=filtered))
        return path

    return write


def makedumpfile(path: Path) -> list[str]:
    target = path.with_name("log")
    subprocess.run(
        ["makedumpfile", "--dump-dmesg", str(path), str(target)], check=True, capture_output=True, timeout=60
    )
    return comparable(target.read_bytes())


def vmcore_dmesg(path: Path) -> list[str]:
    done = subprocess.run(["vmcore-dmesg", str(path)], check=True, capture_output=True, timeout=60)
    return comparable(done.stdout)


def crash(path: Path) -> list[str]:
    done = subprocess.run(["crash", "--log", str(path)], check=True, capture_output=True, timeout=60)
    return comparable(done.stdout)


def ours(log: Walk, style: Style) -> list[str]:
    return list(dmesg_lines(log.records, style))


def chatter(log: t.Any, *, count: int = 300) -> t.Any:
    """All kinds of text, of all lengths, so that the log goes round several times."""
    source = random.Random(3)
    words = ["plain", "caf\xe9", "tab\tbed", "two\nlines", "\\", "日本", "\x7f", "\x01", "{x}"]
    for number in range(count):
        length = source.randrange(90)
        text = "".join(source.choices(words, k=30)).encode()[:length]
        log.say(text + b".", number % 8, ts=number * 123_456_789)
    return log


LOGS: t.Final = {
    "ring, drill": lambda: drill_log(Ring()),
    "ring, gone round": lambda: chatter(Ring(count_bits=8, size_bits=12)),
    "ring, few slots": lambda: chatter(Ring(count_bits=4, size_bits=13)),
    "records, drill": lambda: drill_log(Records()),
    "records, log": lambda: chatter(Records(name="log"), count=30),
    "records, gone round": lambda: chatter(Records(size=8192)),
    "records, aligned to 8": lambda: chatter(Records(size=8192, align=8), count=100),
    "records, callers": lambda: chatter(Records(size=8192, callers=True), count=100),
    "characters, drill": lambda: drill_log(Characters()),
    "characters, gone round": lambda: chatter(Characters(size=8192)),
    "characters, no times": lambda: chatter(Characters(size=8192, times=False), count=20),
}  # fmt: skip


@has_makedumpfile
@pytest.mark.parametrize("name", LOGS)
def test_makedumpfile_reads_the_same(name: str, dump: Dump) -> None:
    log = LOGS[name]()
    style = MAKEDUMPFILE_CHARACTERS if isinstance(log, Characters) else MAKEDUMPFILE
    assert makedumpfile(dump(log)) == ours(walk(log), style)


@has_vmcore_dmesg
@pytest.mark.parametrize("name", [name for name in LOGS if name != "records, gone round"])
def test_vmcore_dmesg_reads_the_same(name: str, dump: Dump) -> None:
    log = LOGS[name]()
    style = VMCORE_DMESG._replace(levels=isinstance(log, Characters))
    assert vmcore_dmesg(dump(log)) == ours(walk(log), style)


@has_vmcore_dmesg
@pytest.mark.parametrize(("variant", "bits", "order"), [("i386", 32, "<"), ("ppc64", 64, ">"), ("ppc64le", 64, "<")])
@pytest.mark.parametrize("kind", [Ring, Records, Characters])
def test_vmcore_dmesg_on_other_machines(kind: t.Any, variant: str, bits: int, order: str, dump: Dump) -> None:
    log = chatter(kind(bits=bits, order=order), count=30)
    style = VMCORE_DMESG._replace(levels=kind is Characters)
    assert vmcore_dmesg(dump(log, variant)) == ours(walk(log), style)


@has_crash
@pytest.mark.parametrize("name", [name for name in LOGS if not name.startswith("ring")])
def test_crash_reads_the_same_but_for_what_is_not_ascii(name: str, dump: Dump) -> None:
    log = LOGS[name]()
    if isinstance(log, Characters):
        right, dotted = ours(walk(log), MAKEDUMPFILE_CHARACTERS), r"\\x[89a-f][0-9a-f]"
    else:
        right, dotted = ours(walk(log), MAKEDUMPFILE), r"\\x[0-9a-f]{2}"
    assert crash(dump(log)) == [re.sub(dotted, ".", line) for line in right]


@has_crash
def test_crash_knows_no_ring(dump: Dump) -> None:
    done = subprocess.run(["crash", "--log", str(dump(Ring()))], check=False, capture_output=True, timeout=60)
    assert b"no log buffer data" in done.stdout


def exact_fit() -> Ring:
    """A block that ends exactly where the ring ends, as since Linux 6.19, and is not the first."""
    ring = Ring(count_bits=4, size_bits=7, exact=True)
    for text in ("a" * 24, "b" * 24, "c" * 56, "d" * 24):
        ring.say(text)
    return ring


@has_makedumpfile
def test_makedumpfile_misreads_an_exact_fit(dump: Dump) -> None:
    ring = exact_fit()
    assert ours(walk(ring), MAKEDUMPFILE)[-2] == "[    1.000000] " + "c" * 56
    assert makedumpfile(dump(ring))[-2] != "[    1.000000] " + "c" * 56


@has_vmcore_dmesg
def test_vmcore_dmesg_misreads_an_exact_fit(dump: Dump) -> None:
    assert vmcore_dmesg(dump(exact_fit()))[-2] != "[    1.000000] " + "c" * 56


def lossy() -> Ring:
    ring = Ring()
    ring.say("first")
    ring.lose()
    ring.lose(3)
    ring.say("last")
    return ring


@has_makedumpfile
def test_makedumpfile_drops_lost_records_and_empty_lines(dump: Dump) -> None:
    assert makedumpfile(dump(lossy())) == ["[    1.000000] first", "[    1.000000] last"]
    assert (walk(lossy()).lost, len(walk(lossy()).records)) == (1, 3)


@has_vmcore_dmesg
def test_vmcore_dmesg_shows_lost_records_as_empty_lines(dump: Dump) -> None:
    assert vmcore_dmesg(dump(lossy())) == [
        "[    1.000000] first", "[    1.000000] ", "[    1.000000] ", "[    1.000000] last",
    ]  # fmt: skip


@has_vmcore_dmesg
def test_vmcore_dmesg_shows_the_mark_of_a_wrap_as_a_record(dump: Dump) -> None:
    log = chatter(Records(size=8192))
    assert log.first > log.next
    theirs, right = vmcore_dmesg(dump(log)), ours(walk(log), VMCORE_DMESG)
    theirs.remove("[    0.000000] ")
    assert theirs == right


@has_vmcore_dmesg
def test_vmcore_dmesg_reads_on_where_memory_was_left_out(dump: Dump) -> None:
    path = dump(drill_log(Ring(count_bits=12)), "ppc64le", filtered=True)
    done = subprocess.run(["vmcore-dmesg", str(path)], check=False, capture_output=True, timeout=60)
    assert done.returncode != 0
    assert b"Failed to read" in done.stderr


@has_makedumpfile
def test_makedumpfile_passes_carriage_returns_on(dump: Dump) -> None:
    ring = Ring()
    ring.say("hidden\rshown")
    path = dump(ring)
    makedumpfile(path)
    assert b"hidden\rshown" in path.with_name("log").read_bytes()
    assert walk(ring).records[0].text == "hidden\\x0dshown"


@pytest.mark.parametrize(
    "tool", [pytest.param("makedumpfile", marks=has_makedumpfile), pytest.param("vmcore-dmesg", marks=has_vmcore_dmesg)]
)
def test_others_pass_escapes_on_and_give_up_without_a_name(tool: str, dump: Dump) -> None:
    log = Characters()
    log.say("\x1b[31mred")
    path = dump(log)
    target = path.with_name("raw")
    argv = [tool, "--dump-dmesg", str(path), str(target)] if tool == "makedumpfile" else [tool, str(path)]
    output = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
    assert b"\x1b[31mred" in (target.read_bytes() if target.exists() else output)
    assert walk(log).records[0].text == "\\x1b[31mred"
    # Linux 3.5 to 3.9 does not tell where the members of a record are.
    target.unlink(missing_ok=True)
    dump(drill_log(Records(name=None)))
    assert subprocess.run(argv, check=False, capture_output=True, timeout=60).returncode != 0
