# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be found out about a dump, as data: every finding has a stable id, a severity and a verdict it leads to."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import KdumpError
from ..proof.text import printable

#: Worst first: a file that is cut short explains every other complaint about it, so it outranks them.
VERDICTS: t.Final = ("unrecognised", "incomplete", "corrupt", "mismatch", "ok")


class Rule(t.NamedTuple):
    """One kind of finding. The verdict "ok" means that it alone condemns nothing."""

    severity: str
    verdict: str
    text: str


def _error(verdict: str, text: str) -> Rule:
    return Rule("error", verdict, text)


def _warning(text: str) -> Rule:
    return Rule("warning", "ok", text)


def _info(text: str) -> Rule:
    return Rule("info", "ok", text)


RULES: t.Final[dict[str, Rule]] = {
    # The file as a whole
    "empty": _error(
        "incomplete", "The file holds no bytes: nothing was saved. Look at the console of the capture kernel."),
    "zeros": _error(
        "incomplete", "The file begins with zeros only: its data never arrived. Fetch it again, or crash again."),
    "marked-incomplete": _error(
        "incomplete", "The name ends in {suffix}: saving it did not finish. Look at the console of the capture "
        "kernel."),
    "growing": _error(
        "incomplete", "The file changed from {before} to {after} bytes while it was read. Wait until it is written."),
    "truncated": _error(
        "incomplete", "The file ends at byte {size}, but {what} would end at byte {end}. Fetch it again."),
    "trailing-data": _warning("{extra} bytes follow the end of the dump. Compare its digest with that on the host."),
    # What it is
    "unknown-format": _error(
        "unrecognised", "No known vmcore begins with the bytes {magic}. Make sure that the path names the vmcore."),
    "compressed": _error("unrecognised", "The file is compressed with {compression}. Decompress it, then look again."),
    "not-a-core": _error(
        "unrecognised", "This is an ELF file of type {type}, not a core dump. Name the vmcore itself."),
    "not-a-kernel": _error(
        "unrecognised", "A core dump without VMCOREINFO, of a process or of a kernel that says nothing of itself. "
        "If it is a kernel's, name its VMCOREINFO in the option vmcoreinfo."),
    "hypervisor-dump": _error(
        "unrecognised", "QEMU made this dump of a guest that had not told it its VMCOREINFO. "
        "Name it in the option vmcoreinfo; give the guest -device vmcoreinfo for the next time."),
    "version-old": _error(
        "unrecognised", "Version {version} of the format has no room for VMCOREINFO. "
        "Name it in the option vmcoreinfo."),
    "machine-unsupported": _error(
        "unrecognised", "Memory of {machine} kernels cannot be read, only of: {known}. Use crash of that machine."),
    "codec-missing": _error(
        "unrecognised", "It is packed with {codec}. Install the Python package {package}, then look again."),
    "machine-unknown": _error(
        "unrecognised", "The VMCOREINFO that was given does not tell the machine. Name it in the option machine."),
    "vmcoreinfo-supplied": Rule(
        "info", "ok", "The dump has no VMCOREINFO: it was read with the one that was given. "
        "Make sure that it is this kernel's."),
    "raw-memory": _warning(
        "Read as the raw memory of {machine}, from physical address 0 on; the kernel was located by the VMCOREINFO "
        "that was given. Nothing in it tells whether it is complete: compare its size with the machine's memory."),
    # The compressed file around it
    "unpacked": Rule(
        "info", "ok", "{compression} was unpacked to {size} bytes, for now, {used} of them in {folder}. "
        "Unpack it yourself to look at it more often."),
    "unpack-limit": _error(
        "unrecognised", "The {size} bytes of {compression} hold more than {limit} bytes. Raise the option unpack_limit "
        "if you trust the file."),
    "unpack-space": _error(
        "unrecognised", "There is no room in {folder} to unpack it. Name another folder in the option unpack_dir."),
    "unpack-memory": _error(
        "unrecognised", "To unpack it takes more memory than {compression} is given here. Unpack it, then look again."),
    "unpack-truncated": _error(
        "incomplete", "The {compression} stream stops at byte {at} without its end. Fetch or compress the dump again."),
    "unpack-damaged": _error(
        "corrupt", "The {compression} stream is damaged before byte {at}: {cause}. Fetch or compress the dump again."),
    "log-unsupported": _error(
        "unrecognised", "VMCOREINFO names no kernel log of a known kind. Use the tools of its kernel."),
    # Flattened streams
    "flat-long": _error("unrecognised", "The flattened stream has over {limit} records. Use makedumpfile -R."),
    "flat-truncated": _error(
        "incomplete", "The flattened stream stops at byte {at} without its end mark. Fetch it again."),
    "flat-damaged": _error("corrupt", "The flattened stream is damaged at byte {at}: {cause}. Fetch it again."),
    # Headers
    "incomplete-flag": _error(
        "incomplete", "Its own header says that writing it did not finish. Free space on the dump target."),
    "split-part": _error(
        "incomplete", "This is a part of a split dump, pages {start} to {end}. Name the other parts in the option "
        "parts, or join them with makedumpfile --reassemble."),
    "split-missing": _error(
        "incomplete", "The pages {start} to {end} are in no part of the split dump. Name the part that has them in the "
        "option parts."),
    "split-overlap": _error(
        "corrupt", "The part {name} has pages {start} to {end} that another part has too. Name each part once."),
    "split-stranger": _error("mismatch", "{name} is no part of this split dump: {cause}. Leave it out."),
    "header-damaged": _error("corrupt", "The header is damaged: {cause}. Fetch the dump again, or crash again."),
    "note-damaged": _error("corrupt", "The notes are damaged: {cause}. Fetch the dump again, or crash again."),
    "erased": Rule("info", "ok", "Parts of its memory were erased on purpose (ERASEINFO). Do not look for them."),
    "xen": _warning("The dump is of a Xen host, of which only the kernel is looked at. Use crash for the hypervisor."),
    "overlap": _warning("{count} segments share bytes of the file with another segment. Do not believe all of them."),
    "vmcoreinfo-missing": _error("corrupt", "The dump has no VMCOREINFO. Name a copy of it in the option vmcoreinfo."),
    "vmcoreinfo-lacks": _error(
        "corrupt", "VMCOREINFO has no usable {key}. Use crash and the debug information of the kernel."),
    "cpus-missing": _warning("No CPU saved its registers. Read the call trace in the log instead."),
    # Pages
    "pages-lost": _error(
        "incomplete", "{count} of {total} pages have no data: writing stopped early. Free space on the dump target."),
    "descriptors-damaged": _error(
        "corrupt", "{count} of {total} page descriptors make no sense, first at byte {at}. Fetch it again."),
    "pages-damaged": _error(
        "corrupt", "{count} of {total} pages cannot be unpacked, first at byte {at}: {cause}. Fetch it again."),
    "address-absent": _error(
        "corrupt", "The memory at {space} address {address} is not in the dump. Fetch it again, or filter less."),
    "address-unmapped": _error(
        "corrupt", "The page tables lead nowhere for the address {address}. Fetch the dump again."),
    "mmu-hash": _error(
        "unrecognised",
        "The address {address} is known to the hash page tables of this machine only, which no dump holds. "
        "Read it with crash and the kernel's debug information.",
    ),
    "tables-missing": _warning(
        "Page tables are missing from the dump; addresses were found in other ways: {ways}. "
        "Save the dump again without excluding kernel pages if what is told of it looks wrong."
    ),
    # The kernel log
    "log-damaged": _error("corrupt", "The kernel log is damaged: {cause}. Fetch the dump again, or crash again."),
    "log-empty": _error("corrupt", "The kernel log holds no record. Fetch the dump again, or crash again."),
    "log-lost": _warning("The text of {count} log records found no room. Boot with a larger log_buf_len."),
    "log-gaps": _warning(
        "{count} log records in the middle were begun, but never finished. The others can be believed."),
    "log-overwritten": _info("The oldest {count} log records had been overwritten. Boot with a larger log_buf_len."),
    "log-wrapped": _info("The oldest log records had been overwritten. Boot with a larger log_buf_len to keep more."),
    "log-long": _info("The oldest {count} log records were left out. Read them with makedumpfile --dump-dmesg."),
    "panic-missing": _warning("The log says nothing of a panic or an oops. Ask who reset or dumped this machine."),
    # Symbols
    "symbols-damaged": _error("corrupt", "The kernel's table of symbols is damaged: {cause}. Fetch the dump again."),
    "symbols-disagree": _error(
        "corrupt", "The kernel's table of symbols does not put _stext at {address}, as VMCOREINFO does. Fetch it again."
    ),
    # Identity
    "nonce-missing": _error(
        "mismatch", "The nonce {nonce} is not in the log: this is another crash. Look for a newer dump."),
    "release-mismatch": _error(
        "mismatch", "The dump is of kernel {found}, expected was {expected}. Look for the right dump."),
    "nodename-mismatch": _error(
        "mismatch", "The dump is of host {found}, expected was {expected}. Look for the right dump."),
    "cpus-mismatch": _error(
        "mismatch", "{found} CPUs saved their registers, expected were {expected}. Look which were offline or stuck."),
    "too-old": _error(
        "mismatch", "The crash was at {found}, not after {expected}. Look for a newer dump, and at the host's clock."),
    "compression-mismatch": _error(
        "mismatch", "It is packed with {found}, expected was {expected}. Look into makedumpfile -v on the host: built "
        "without a method, it says nothing and writes raw pages."),
    "header-disagrees": _warning("The header says kernel {header}, VMCOREINFO says {vmcoreinfo}. Believe VMCOREINFO."),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing found out about one dump."""

    id: str
    message: str

    @property
    def severity(self) -> str:
        """How bad it is: C(error), C(warning) or C(info)."""
        return RULES[self.id].severity

    @property
    def verdict(self) -> str:
        """The verdict it leads to where nothing worse is found."""
        return RULES[self.id].verdict

    def as_dict(self) -> dict[str, str]:
        """The finding as the verdict document holds it."""
        return {"id": self.id, "severity": self.severity, "message": self.message}


def finding(rule: str, **facts: object) -> Finding:
    """A finding of the table, with the facts of this case: whatever the dump holds, they are fit for a terminal."""
    shown = {name: printable(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
    return Finding(rule, RULES[rule].text.format(**shown))


def verdict_of(findings: Iterable[Finding]) -> str:
    """The worst verdict that any of the findings leads to."""
    return min((found.verdict for found in findings), key=VERDICTS.index, default="ok")


class UnreadableError(KdumpError):
    """A part of the dump cannot be read; it carries the finding to report. Never reaches the user as a failure."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.message)
        self.finding = found


def unreadable(rule: str, **facts: object) -> UnreadableError:
    """The error that carries this finding."""
    return UnreadableError(finding(rule, **facts))
