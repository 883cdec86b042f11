# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills that count for a host: its own last one, or a twin's with the same images, kernel and configuration."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..kexec.cmdline import Argument
from ..proof.document import MOST_OF_TARGET
from ..proof.reader import Reader
from .moments import parse_moment
from .words import words_of

#: Words of the capture kernel's command line that are about one host's own disks, interfaces and consoles.
_OWN: t.Final = frozenset({"kdump.net", "kdump.path", "kdump.fstype", "console", "earlycon"})
_TARGET: t.Final = "kdump.target"
#: A server is the same for all hosts that dump to it; of a disk only the kind of its name can be.
_SERVERS: t.Final = ("ssh,", "nfs,")
_KIND: t.Final = re.compile(r"[^,=]*")


@dataclass(frozen=True)
class Proof:
    """One drill, as far as an audit wants to know it."""

    host: str
    ok: bool
    headline: str
    outcome: str | None
    started: datetime
    machine: str | None
    release: str | None
    kernel: str | None
    initramfs: str | None
    command_line: str | None
    reserved: int | None
    usable: int | None
    peak: int | None
    saved_seconds: float | None
    back_seconds: float | None
    collector: str | None
    makedumpfile: str | None
    files: tuple[str, ...]
    verdict: str | None
    verdict_release: str | None
    panic: str | None
    nonce_found: bool | None
    #: On the way to its dump target when it was crashed; None where an older proof does not tell.
    drivers: t.Optional[frozenset[str]] = None
    #: Of the interface that its dumps leave by.
    network_drivers: t.Optional[frozenset[str]] = None
    #: Each dump target that was tried, in order, with its failure; the last one has the record. Empty where the proof
    #: does not tell, as the distributions' kdumps keep no record.
    attempts: tuple[tuple[str, t.Optional[str]], ...] = ()

    @property
    def named(self) -> str:
        """For a message."""
        return f"the drill of {self.host} at {self.started.strftime('%Y-%m-%d %H:%M')} UTC"

    @property
    def opening(self) -> str:
        """The same where a sentence begins with it."""
        return self.named[0].upper() + self.named[1:]


@dataclass(frozen=True)
class Proven:
    """What drills say of one host."""

    #: The newest drill that went well with what the host would use now.
    current: t.Optional[Proof] = None
    #: The newest drill of this very host, whatever became of it.
    last: t.Optional[Proof] = None
    #: Why ``last`` does not count, though it went well.
    changed: tuple[str, ...] = ()
    #: The best of those that count with the same drivers on the way to the dump target: its own, or the newest.
    same_path: t.Optional[Proof] = None
    #: The best of those that count with the same drivers of the interface that dumps leave by.
    same_card: t.Optional[Proof] = None


def read_proof(document: object) -> Proof | None:
    """A proof document; None for anything else."""
    proof = Reader(document)
    started = parse_moment(proof.at("when", "started").text())
    host = proof.at("host", "name").text()
    if proof.at("schema", "name").value != "linux.kdump/proof" or started is None or host is None:
        return None
    digests, memory, verdict = proof.at("digests"), proof.at("memory"), proof.at("verdict")
    return Proof(
        host=host,
        ok=proof.at("ok").flag() is True,
        headline=proof.at("headline").text() or "",
        outcome=proof.at("outcome").text(),
        started=started,
        machine=proof.at("host", "machine").text(),
        release=proof.at("kernels", "crashed").text(),
        kernel=digests.at("kernel").digest(),
        initramfs=digests.at("initramfs").digest(),
        command_line=digests.at("command_line").text(4096),
        reserved=memory.at("reserved_bytes").integer(),
        usable=memory.at("usable_bytes").integer(),
        peak=memory.at("peak_bytes").integer(),
        saved_seconds=proof.at("timeline", "panic_to_saved").number(),
        back_seconds=proof.at("timeline", "panic_to_back").number(),
        collector=proof.at("dump", "collector").text(),
        makedumpfile=proof.at("tools", "makedumpfile").text(),
        files=tuple(file.at("name").text() or "" for file in proof.at("dump", "files").items()),
        verdict=verdict.at("verdict").text(),
        verdict_release=verdict.at("release").text(),
        panic=proof.at("panic", "reason").text(),
        nonce_found=proof.at("nonce", "found").flag(),
        drivers=_names(proof.at("host", "drivers")),
        network_drivers=_names(proof.at("host", "network_drivers")),
        attempts=tuple(
            (tried.at("target").text(MOST_OF_TARGET) or "", tried.at("failure").text(60))
            for tried in proof.at("dump", "attempts").items()
        ),
    )


def _names(drivers: Reader) -> frozenset[str] | None:
    return frozenset(item.text(80) or "" for item in drivers.items()) or None


class Proofs:
    """All drills that are known, by host and by what was loaded."""

    def __init__(
        self,
        proofs: Iterable[Proof] = (),
        *,
        paths: Mapping[str, frozenset[str]] | None = None,
        cards: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        #: The drivers on the way to each host's dump target, and those of the interface that its dumps leave by.
        self._paths, self._cards = paths or {}, cards or {}
        self._by_host: dict[str, list[Proof]] = {}
        #: What a fleet has proven with one image and command line: the newest of the good drills that are alike to a
        #: twin, of two hosts, since nobody is a twin of itself. Thousands of hosts alike are a handful of these.
        self._by_image: dict[tuple[object, ...], dict[object, list[Proof]]] = {}
        ordered = sorted(proofs, key=_age)
        for proof in ordered:
            self._by_host.setdefault(proof.host, []).append(proof)
        for proof in _standing(ordered):
            alike = self._by_image.setdefault(_loaded(proof.kernel, proof.initramfs, proof.command_line), {})
            former = alike.get(_likeness(proof), [])
            alike[_likeness(proof)] = [*(one for one in former if one.host != proof.host), proof][-2:]

    def of(self, host: str, evidence: Mapping[str, t.Any]) -> Proven:
        """What they say of a host as it is now; of its own last drill and a twin's, its own counts."""
        own = self._by_host.get(host, [])
        last = own[-1] if own else None
        changed = differences(last, evidence, own=True) if last and last.ok else ()
        if last and not last.ok and not differences(last, evidence, own=True):
            return Proven(None, last, ())
        own_counts = [last] if last and last.ok and not changed else []
        if own_counts and self._same_path(host, own_counts[0]) and self._same_card(host, own_counts[0]):
            counts = own_counts
        else:
            counts = [*own_counts, *sorted(self._twins(host, evidence), key=_age, reverse=True)]
        return Proven(
            next(iter(counts), None),
            last,
            changed,
            same_path=next((proof for proof in counts if self._same_path(host, proof)), None),
            same_card=next((proof for proof in counts if self._same_card(host, proof)), None),
        )

    def _twins(self, host: str, evidence: Mapping[str, t.Any]) -> list[Proof]:
        load = Reader(evidence.get("load"))
        images = load.at("kernel", "sha256").digest(), load.at("initramfs", "sha256").digest()
        if None in images:
            return []
        return [
            newest[-1]
            for alike in self._by_image.get(_loaded(*images, load.at("command_line").value), {}).values()
            if (newest := [proof for proof in alike if proof.host != host])
            and not differences(newest[-1], evidence, own=False)
        ]

    def _same_path(self, host: str, proof: Proof) -> bool:
        return _alike(host, proof, proof.drivers, self._paths)

    def _same_card(self, host: str, proof: Proof) -> bool:
        return _alike(host, proof, proof.network_drivers, self._cards)


def _alike(host: str, proof: Proof, then: frozenset[str] | None, known: Mapping[str, frozenset[str]]) -> bool:
    """By what was there at the crash; where the proof does not tell, by what a twin is, and a host is its own."""
    if then is None and proof.host == host:
        return True
    mine = known.get(host)
    return mine is not None and mine == (then or known.get(proof.host))


def _standing(ordered: Iterable[Proof]) -> list[Proof]:
    """The good drills that no later one of the same host has refuted: of all with the same images, the newest decides.

    One that was not quite alike may have failed for what is different about it, or for what is not; nobody knows.
    """
    standing: dict[tuple[str, str | None, str | None], list[Proof]] = {}
    for proof in ordered:
        good = standing.setdefault((proof.host, proof.kernel, proof.initramfs), [])
        if proof.ok:
            good.append(proof)
        else:
            good.clear()
    return sorted((proof for good in standing.values() for proof in good), key=_age)


def _age(proof: Proof) -> tuple[datetime, str]:
    return proof.started, proof.host


def _loaded(kernel: str | None, initramfs: str | None, line: object) -> tuple[object, ...]:
    """What twins have in common."""
    return kernel, initramfs, _words(line, own=False)


def _likeness(proof: Proof) -> tuple[object, ...]:
    """What a twin's drill is looked at for besides."""
    return proof.release, proof.machine, proof.reserved, proof.drivers, proof.network_drivers


def differences(proof: Proof, evidence: Mapping[str, t.Any], *, own: bool) -> tuple[str, ...]:
    """What has changed since a drill, or is different from the host it was of; empty where it still counts."""
    host = Reader(evidence)
    found = []
    if proof.release != host.at("release").text():
        found.append("the running kernel")
    if proof.machine != host.at("machine").text():
        found.append("the machine")
    load = host.at("load")
    found += _changed_load(proof, load, own=own) if load.present else changed_files(evidence, since=proof.started)
    if not _same_reservation(proof.reserved, host.at("crash", "reserved_bytes").integer(), own=own):
        found.append("the reservation")
    return tuple(found)


def _changed_load(proof: Proof, load: Reader, *, own: bool) -> list[str]:
    """What this collection's loader had loaded is known by its digests."""
    found = []
    if proof.kernel != load.at("kernel", "sha256").digest():
        found.append("the capture kernel")
    if proof.initramfs != load.at("initramfs", "sha256").digest():
        found.append("the initramfs")
    if _words(proof.command_line, own=own) != _words(load.at("command_line").value, own=own):
        found.append("the capture kernel's command line")
    return found


def changed_files(evidence: Mapping[str, t.Any], *, since: datetime) -> tuple[str, ...]:
    """The distribution's kdump has no digests: what was written after the drill has changed."""
    host = Reader(evidence)
    files = list(host.at("files").pairs())
    if not files or not host.at("engine").present:
        return ("what would be loaded, which nobody knows",)
    stamp = since.timestamp()
    return tuple(path for path, facts in files if (facts.at("modified").integer() or stamp) > stamp)


def _words(line: object, *, own: bool) -> tuple[str, ...] | None:
    if not isinstance(line, str):
        return None
    if own:
        return tuple(word.text for word in words_of(line))
    return tuple(_shared(word) for word in words_of(line) if word.name not in _OWN)


def _shared(word: Argument) -> str:
    """What a twin's word has to be as well."""
    value = word.text.partition("=")[2]
    if word.name != _TARGET or value.startswith(_SERVERS):
        return word.text
    found = _KIND.match(value)
    return f"{_TARGET}={found[0] if found else ''}"


def _same_reservation(proven: int | None, now: int | None, *, own: bool) -> bool:
    if proven is None or now is None:
        return False
    return proven == now if own else proven <= now
