# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole dumps: good ones, and every way in which they go bad."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import struct
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.kdump import KdumpFile
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import DEPTHS, examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import (
    RULES,
    VERDICTS,
    Finding,
    finding,
    verdict_of,
)
from ansible_collections.linux.kdump.tests.unit.vmcore_files import (
    KdumpOptions,
    flatten,
    samples,
    write_elf,
    write_kdump,
)
from ansible_collections.linux.kdump.tests.unit.vmcores import (
    BASE,
    CRASHTIME,
    NODENAME,
    NONCE,
    PAGE,
    PHYS_BASE,
    RELEASE,
    Machine,
    Ring,
    drill_ring,
    note,
)

Look = Callable[..., dict[str, t.Any]]
SAMPLES = samples()
EXPECTED = {"nonce": NONCE, "release": RELEASE, "nodename": NODENAME, "not_before": str(CRASHTIME), "cpus": 2}
SMALL = {name: data for name, data in SAMPLES.items() if name != "elf"}


def ids(document: dict[str, t.Any]) -> list[str]:
    return [found["id"] for found in document["findings"]]


@pytest.mark.parametrize("depth", list(DEPTHS))
@pytest.mark.parametrize("name", list(SAMPLES))
def test_a_good_dump(look: Look, valid: Callable[[dict[str, t.Any]], None], name: str, depth: str) -> None:
    document = look(SAMPLES[name], expect=EXPECTED, depth=depth, log=True)
    valid(document)
    assert (document["verdict"], document["findings"]) == ("ok", [])
    assert document["container"] == "-".join(part for part in name.split("-") if part in ("flattened", "elf", "kdump"))
    assert (document["release"], document["nodename"], document["cpus"]) == (RELEASE, NODENAME, 2)
    assert (document["crash_time"], document["machine"]) == ("2023-11-14T22:13:20Z", "x86_64")
    assert (document["nonce"], document["nonce_found"]) == (NONCE, True)
    assert document["panic"]["reason"] == "sysrq triggered crash"
    assert (document["panic"]["cpu"], document["panic"]["pid"], document["panic"]["comm"]) == (1, 412, "my shell")
    assert document["panic"]["taint"] == "GOE"
    assert len(document["log"]) == document["log_summary"]["records"] == 16


def test_structure_alone_reads_no_log(look: Look) -> None:
    document = look(SAMPLES["kdump-lzo"], depth="structure", log=True)
    assert (document["verdict"], document["log"], document["log_summary"]) == ("ok", [], None)
    assert (document["nonce_found"], document["panic"]) == (None, None)


def test_identity_reads_memory_but_no_log(look: Look) -> None:
    document = look(SAMPLES["elf-filtered"], depth="identity", log=True)
    assert (document["nodename"], document["log"], document["panic"]) == (NODENAME, [], None)
    unknown = write_elf(Machine(), number=243)
    assert "machine-unsupported" not in ids(look(unknown, depth="structure"))
    assert "machine-unsupported" in ids(look(unknown, depth="identity"))


@pytest.mark.parametrize("five_levels", [False, True])
def test_page_tables_of_four_and_five_levels(look: Look, five_levels: bool) -> None:
    assert look(write_kdump(Machine(five_levels=five_levels)), expect=EXPECTED)["verdict"] == "ok"


@pytest.mark.parametrize("version", [4, 5, 6])
def test_header_versions(look: Look, version: int) -> None:
    assert look(write_kdump(Machine(), KdumpOptions(version=version)), expect=EXPECTED)["verdict"] == "ok"


def test_a_header_before_version_4_has_no_notes(look: Look) -> None:
    document = look(write_kdump(Machine(), KdumpOptions(version=3)))
    assert (document["verdict"], document["cpus"], ids(document)) == ("ok", 0, ["cpus-missing"])


def test_many_segments_and_their_real_number(look: Look) -> None:
    assert look(write_elf(Machine(), filtered=True, xnum=True), expect=EXPECTED)["verdict"] == "ok"


def test_a_flattened_dump_with_a_record_at_the_end_of_the_world_is_read_all_the_same(look: Look) -> None:
    stream = flatten(SAMPLES["elf-filtered"])[:-16]
    far = struct.pack(">qq", 1 << 62, 4) + b"far!" + b"\xff" * 16
    document = look(stream + far, depth="full")
    assert (document["verdict"], ids(document)) == ("ok", ["trailing-data"])


@pytest.mark.parametrize("base", [-5 * 32768 * PAGE, -(1 << 62), 1 << 62])
def test_memory_that_cannot_be_is_a_finding(look: Look, base: int) -> None:
    machine = Machine(cpus=100)
    text = machine.vmcoreinfo.replace(f"NUMBER(phys_base)={PHYS_BASE}".encode(), f"NUMBER(phys_base)={base}".encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Machine, "vmcoreinfo", text)
        data = write_kdump(machine)
    assert "address-absent" in ids(look(data, depth="content"))


def test_a_finding_is_fit_for_a_terminal(look: Look) -> None:
    document = look(write_kdump(Machine(release="6.1\x1b[2J")), expect=EXPECTED)
    messages = {found["id"]: found["message"] for found in document["findings"]}
    assert messages["release-mismatch"].isprintable()
    assert document["release"] == "6.1\N{SYMBOL FOR ESCAPE}[2J"


def test_old_writers_left_junk_in_the_flattened_signature(look: Look) -> None:
    assert look(flatten(SAMPLES["kdump-zlib"], junk=b"\x7f\x00\x9a"), expect=EXPECTED)["verdict"] == "ok"


@pytest.mark.parametrize("name", list(SMALL))
def test_a_dump_cut_anywhere_is_never_ok(look: Look, valid: Callable[[dict[str, t.Any]], None], name: str) -> None:
    data = SAMPLES[name]
    places = {0, 1, 3, 7, 8, 12, 15, 16, 63, 64, 100, 463, 464, 4095, 4096, len(data) - 1}
    places |= {len(data) * part // 60 for part in range(60)}
    for end in sorted(places):
        document = look(data[:end], expect=EXPECTED, log=True)
        valid(document)
        assert document["verdict"] == "incomplete", (end, document["findings"])


@pytest.mark.parametrize("name", list(SMALL))
def test_a_dump_whose_rest_became_zeros_is_never_ok(look: Look, name: str) -> None:
    data = SAMPLES[name]
    for end in (5, 64, 500, 4096, len(data) // 4, len(data) // 2):
        assert look(data[:end] + bytes(len(data) - end), expect=EXPECTED, depth="full")["verdict"] != "ok", end


def test_any_damage_ends_in_a_verdict(look: Look, valid: Callable[[dict[str, t.Any]], None]) -> None:
    chance = random.Random(7)
    for _turn in range(400):
        data = bytearray(SMALL[chance.choice(list(SMALL))])
        for _hit in range(chance.randint(1, 6)):
            # Mostly where the headers are: what they claim is what can hurt.
            at = chance.randrange(min(len(data) - 8, chance.choice((600, 9000, len(data)))))
            value = chance.choice((0, 1, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, chance.getrandbits(64)))
            struct.pack_into(chance.choice(("<Q", ">Q")), data, at, value)
        valid(look(bytes(data), expect=EXPECTED, depth=chance.choice(("content", "full")), log=True))


BAD = [
    ("empty", b"", "incomplete", "empty"),
    ("zeros", bytes(100_000), "incomplete", "zeros"),
    ("text", b"Kernel panic - not syncing\n" * 99, "unrecognised", "unknown-format"),
    ("program", Path("/proc/self/exe").read_bytes()[:100_000], "unrecognised", "not-a-core"),
    ("32-bit ELF", b"\x7fELF\x01\x01" + bytes(200), "unrecognised", "not-a-core"),
    ("big-endian ELF", b"\x7fELF\x02\x02" + bytes(200), "unrecognised", "not-a-core"),
    ("strange ELF", b"\x7fELF\x07\x09" + bytes(200), "corrupt", "header-damaged"),
    ("other machine", write_elf(Machine(), number=243), "unrecognised", "machine-unsupported"),
    ("incomplete ELF", write_elf(Machine(), filtered=True, flags=1), "incomplete", "incomplete-flag"),
    ("incomplete kdump", write_kdump(Machine(), KdumpOptions(status=8 | 1)), "incomplete", "incomplete-flag"),
    ("lost pages", write_kdump(Machine(), KdumpOptions(lose=(BASE // PAGE + 900,))), "incomplete", "pages-lost"),
    ("split", write_kdump(Machine(), KdumpOptions(split=(0, 99999))), "incomplete", "split-part"),
    ("missing page", write_kdump(Machine(), KdumpOptions(drop=(BASE // PAGE + 1,))), "corrupt", "address-absent"),
    ("no tables", write_kdump(Machine(), KdumpOptions(drop=(BASE // PAGE + 256,))), "corrupt", "address-absent"),
    ("kdump of zeros", b"KDUMP   \x06" + bytes(9999), "corrupt", "header-damaged"),
    ("empty log", write_elf(Machine(Ring())), "corrupt", "log-empty"),
    ("flattened nothing", b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1) + bytes(4064) + b"\xff" * 16,
     "incomplete", "empty"),
    ("flattened by a stranger", b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 9) + bytes(9999),
     "corrupt", "flat-damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "verdict", "rule"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_files(look: Look, valid: Callable[[dict[str, t.Any]], None], data: bytes, verdict: str, rule: str) -> None:
    document = look(data)
    valid(document)
    assert rule in ids(document), document["findings"]
    assert document["verdict"] == verdict


def test_a_core_of_a_process(look: Look) -> None:
    machine = Machine()
    data = write_elf(machine, filtered=True).replace(b"VMCOREINFO\0", b"NOTHING\0\0\0\0")
    document = look(data, expect=EXPECTED)
    assert (document["verdict"], ids(document)) == ("unrecognised", ["not-a-kernel"])


def test_a_part_of_a_split_dump_still_tells_its_log(look: Look) -> None:
    middle = BASE // PAGE + 600
    first, second = (
        look(write_kdump(Machine(), KdumpOptions(split=window))) for window in ((0, middle), (middle, 9999999))
    )
    assert ids(second)[0] == "split-part"
    assert (first["verdict"], second["verdict"]) == ("incomplete", "incomplete")


def test_a_damaged_page_is_found_at_full_depth(look: Look) -> None:
    data = bytearray(write_kdump(Machine(), KdumpOptions("zlib")))
    last = data.rfind(b"\x78\x01")
    data[last + 2 : last + 12] = bytes(10)
    document = look(bytes(data), depth="full")
    assert document["verdict"] == "corrupt"
    assert "pages-damaged" in ids(document)


def test_a_file_that_shrinks_while_its_pages_are_read_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(write_kdump(Machine()))
    check = KdumpFile.check_pages

    def shrunk(container: KdumpFile) -> list[Finding]:
        os.truncate(path, 4096)
        return check(container)

    monkeypatch.setattr(KdumpFile, "check_pages", shrunk)
    document = examine(str(path), depth="full")
    assert (document["verdict"], ids(document)) == ("incomplete", ["truncated", "growing"])


def test_bytes_after_the_end_are_a_warning(look: Look) -> None:
    for name in ("elf-filtered", "kdump-lzo", "flattened-kdump-lzo"):
        document = look(SAMPLES[name] + b"more")
        assert (document["verdict"], ids(document)) == ("ok", ["trailing-data"])


def test_every_expectation_that_fails_is_named(look: Look) -> None:
    wrong = {"nonce": "f" * 32, "release": "5.10", "nodename": "other", "not_before": "2024-01-01", "cpus": 64}
    document = look(SAMPLES["kdump-lzo"], expect=wrong)
    assert document["verdict"] == "mismatch"
    assert document["nonce_found"] is False
    assert sorted(ids(document)) == [
        "cpus-mismatch", "nodename-mismatch", "nonce-missing", "release-mismatch", "too-old",
    ]  # fmt: skip


def test_a_nonce_is_looked_for_whatever_the_depth(look: Look) -> None:
    document = look(SAMPLES["elf-filtered"], expect={"nonce": "f" * 32}, depth="structure")
    assert (document["verdict"], document["nonce"]) == ("mismatch", NONCE)


def test_a_log_that_cannot_be_read_proves_no_other_crash(look: Look) -> None:
    document = look(write_elf(Machine())[:-2_000_000], expect={"nonce": NONCE})
    assert (document["verdict"], ids(document), document["nonce_found"]) == ("incomplete", ["truncated"], False)


def test_a_nonce_outside_the_log_does_not_count(look: Look) -> None:
    machine = Machine(Ring())
    machine.ring.say("x")
    machine = Machine(machine.ring)
    machine.put(machine.image(0x4000), f"linux.kdump: drill nonce={NONCE}".encode())
    assert look(write_elf(machine), expect={"nonce": NONCE})["nonce_found"] is False


def test_a_log_without_a_panic_is_a_warning(look: Look) -> None:
    ring = Ring()
    ring.say("all is well")
    document = look(write_elf(Machine(ring), filtered=True))
    assert (document["verdict"], ids(document), document["signature"]) == ("ok", ["panic-missing"], None)


def test_a_header_that_disagrees_with_the_kernel(look: Look) -> None:
    data = write_kdump(Machine()).replace(RELEASE.encode().ljust(65, b"\0"), b"5.4.0".ljust(65, b"\0"), 1)
    assert ids(look(data)) == ["header-disagrees"]


def test_an_overwritten_log_is_told(look: Look) -> None:
    ring = Ring(count_bits=5)
    for number in range(50):
        ring.say(f"filler {number}")
    document = look(write_elf(Machine(ring), filtered=True))
    figures = {"records": 32, "lost": 0, "gaps": 0, "overwritten": 18, "unread": 0}
    assert document["log_summary"] == {"generation": "lockless", **figures}
    assert "log-overwritten" in ids(document)


@pytest.mark.parametrize("suffix", [".incomplete", "-incomplete", ".part"])
def test_a_name_that_says_unfinished(look: Look, suffix: str) -> None:
    document = look(SAMPLES["kdump-lzo"], name=suffix)
    assert (document["verdict"], ids(document)) == ("incomplete", ["marked-incomplete"])


def test_a_file_that_grows(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers import source

    monkeypatch.setattr(source.FileSource, "current_size", lambda self: self.size + 1)
    assert look(SAMPLES["kdump-lzo"])["verdict"] == "incomplete"


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
def test_what_cannot_be_read_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "vmcore"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(KdumpError, match=r"^Cannot read the dump "):
        examine(str(path))


def _notes(desc_size: int, name_size: int = 11) -> bytes:
    """A dump whose first note lies about its size."""
    data = bytearray(write_elf(Machine(), filtered=True))
    at = data.index(b"VMCOREINFO\0") - 12
    struct.pack_into("<II", data, at, name_size, desc_size)
    return bytes(data)


@pytest.mark.parametrize("data", [_notes(0xFFFFFFF0), _notes(8, 0xFFFFFFFF), _notes(0x7FFFFFFF)])
def test_notes_that_claim_gigabytes(look: Look, data: bytes) -> None:
    document = look(data)
    assert (document["verdict"], ids(document)) == ("corrupt", ["note-damaged"])


def test_a_sparse_file_that_claims_terabytes(tmp_path: Path) -> None:
    data = bytearray(SAMPLES["kdump-raw"])
    struct.pack_into("<IiII", data, 428, PAGE, 1, (1 << 29) // PAGE * 2, 0)
    struct.pack_into("<Q", data, PAGE + 96, 1 << 31)
    path = tmp_path / "vmcore"
    path.write_bytes(data)
    os.truncate(path, 1 << 40)
    assert examine(str(path))["verdict"] != "ok"


def test_driver_dumps_before_the_notes_are_skipped(look: Look) -> None:
    class Driven(Machine):
        @property
        def notes(self) -> bytes:
            return note(b"LINUX\0", 0x700, bytes(3 << 20)) + super().notes

    assert look(write_elf(Driven()), expect=EXPECTED)["verdict"] == "ok"


def test_the_table_of_findings() -> None:
    assert {rule.severity for rule in RULES.values()} == {"error", "warning", "info"}
    for rule in RULES.values():
        assert rule.verdict in VERDICTS
        assert (rule.severity == "error") is (rule.verdict != "ok")
        assert rule.text.endswith((".", "-R."))
    assert verdict_of([]) == "ok"
    assert verdict_of([finding("too-old", found=1, expected=2), finding("empty")]) == "incomplete"


def test_signatures_are_equal_across_hosts(look: Look) -> None:
    one, other = (
        look(write_kdump(Machine(drill_ring(), nodename=name, cpus=cpus))) for name, cpus in (("a", 1), ("b", 9))
    )
    assert one["signature"] == other["signature"]


def test_the_digest_is_of_the_file_as_it_lies_on_disk(look: Look, valid: Callable[[dict[str, t.Any]], None]) -> None:
    packed = gzip.compress(write_elf(Machine(), filtered=True), 1)
    for data in (packed, packed[:-100], b"", bytes(3 << 20)):
        document = look(data, depth="full")
        valid(document)
        assert document["sha256"] == hashlib.sha256(data).hexdigest()
    assert [look(packed, depth=depth)["sha256"] for depth in DEPTHS if depth != "full"] == [None] * 3
