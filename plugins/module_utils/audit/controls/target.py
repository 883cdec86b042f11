# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-4xx: where dumps go, and what becomes of them there."""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta

from ...proof.text import human_size
from ..model import Case, Finding, MissingError, Spec, failed, passed, unknown
from ..moments import of_dump
from ..references import KDUMP
from .common import (
    FILE_SYSTEMS,
    PLACE,
    check_place,
    engine_of,
    every_dump,
    goes_to_server,
    listed,
    place_of,
    saved_first,
    targets,
    whole,
)

#: Gone after the crash, or never seen by the capture kernel.
_VOLATILE: t.Final = frozenset({"tmpfs", "ramfs", "overlay", "squashfs", "devtmpfs", "rootfs"})
#: A name that a disk has until the next one is found first.
_NUMBERED: t.Final = re.compile(r"^/dev/(sd[a-z]+|vd[a-z]+|xvd[a-z]+|hd[a-z]+|nvme\d+n\d+p?|dm-|md)\d*$")
_FEW_INODES: t.Final = 16
_LOCAL: t.Final = (*FILE_SYSTEMS, "raw")


def writable(case: Case) -> Finding:
    """As far as the running system can tell without writing; a server is reached in a drill only."""
    if goes_to_server(case):
        proof = case.proven.current
        if proof:
            return saved_first(case, proof, f"{proof.opening} has saved to the server.")
        return unknown(
            "Dumps go to a server. That the capture kernel gets there is shown by a drill, and there is none."
        )
    raw = _raw_proven(case)
    if raw:
        return raw
    check_place(case)
    path = case.text("target.path")
    if case.flag("folder.read_only"):
        return failed(f"The file system of {path} is mounted read-only.")
    inodes = case.find("folder.inodes_free")
    if isinstance(inodes, int) and inodes < _FEW_INODES:
        return failed(f"The file system of {path} has {inodes} inodes left.")
    return passed(f"The file system of {path} can be written to.")


def enough_space(case: Case) -> Finding:
    """By what was counted in the living kernel, or by a share of the memory."""
    if goes_to_server(case):
        return unknown("Dumps go to a server, whose free space is not in this host's evidence.")
    check_place(case)
    limits = case.thresholds
    free, counted = case.number("target.free_bytes"), case.find("estimate.expected_bytes")
    if isinstance(counted, int) and not isinstance(counted, bool):
        expected, how = counted, "as makedumpfile counted"
    else:
        expected = case.number("memory_total_bytes") * limits.dump_percent // 100
        how = f"taken as {limits.dump_percent}% of the memory"
    needed = expected * limits.free_percent // 100
    words = f"{human_size(free)} are free and {human_size(needed)} needed for a dump of {human_size(expected)}, {how}"
    return (passed if free >= needed else failed)(f"{words}.")


def found_again(case: Case) -> Finding:
    """The capture kernel finds the place by a name that lasts, and can open it."""
    if goes_to_server(case):
        return passed("Dumps go to a server, by its address.")
    name = _given_name(case)
    if name and _NUMBERED.match(name):
        return failed(f"Dumps go to {name}, a name that the disk may not have in the capture kernel.")
    raw = _raw_proven(case)
    if raw:
        return raw
    fstype, path = case.text("target.fstype"), case.text("target.path")
    if not (fstype in _VOLATILE and _is_covered(case, path)):
        check_place(case)
    if fstype in _VOLATILE:
        return failed(f"{path} is on {fstype}, which does not outlive the crash.")
    if case.flag("folder.encrypted"):
        return failed(f"{path} is on an encrypted disk, which the capture kernel cannot open.")
    if name is None and not engine_of(case):
        return unknown("Nothing saves dumps here, so nobody knows by which name it would look for the place.")
    return passed(f"Dumps go to {fstype} on {name or 'what is mounted there'}.")


def _raw_proven(case: Case) -> Finding | None:
    """What a drill says of a device without a file system, of which a host's evidence tells nothing."""
    place, proof = place_of(case), case.proven.current
    if place is None or not place.raw or proof is None:
        return None
    return saved_first(case, proof, f"{proof.opening} has saved to {place.words}.")


def _is_covered(case: Case, path: str) -> bool:
    """Whether something is mounted over the very folder that dumps go to."""
    place = place_of(case)
    return place is not None and place.device is not None and place.folder == path


def _given_name(case: Case) -> str | None:
    places = targets(case)
    if places:
        return places[0]
    settings = case.find("engine.settings") if engine_of(case) else None
    if not isinstance(settings, dict):
        return None
    return next((str(settings[name]).split()[0] for name in _LOCAL if str(settings.get(name) or "").split()), None)


def retention_kept(case: Case) -> Finding:
    """Not more dumps than are allowed, by their number and together by their size."""
    check_place(case, afterwards=True)
    told, omitted = case.entries("dumps"), case.find("omitted.dumps") or 0
    count = len([dump["id"] for dump in told]) + omitted
    case.used["dumps"] = count
    limit = case.thresholds.dump_count
    lying = "1 dump lies" if count == 1 else f"{count} dumps lie"
    if count > limit:
        return failed(f"{lying} on the host; up to {limit} are allowed.")
    if not case.thresholds.dump_gib:
        every_dump(case)
        return passed(f"{lying} on the host; up to {limit} are allowed.")
    size, most = sum(map(_size, told)), case.thresholds.dump_gib << 30
    taken = f"{lying} on the host and {'takes' if count == 1 else 'take'} {human_size(size)}"
    if size > most:
        return failed(f"{taken}; up to {human_size(most)} are allowed.")
    if omitted:
        raise MissingError("dumps", f"{omitted} of {count} were left out of the evidence, with their sizes")
    whole(case, "dumps.files")
    every_dump(case)
    return passed(f"{taken}; up to {limit} with {human_size(most)} are allowed.")


def _size(dump: dict[str, t.Any]) -> int:
    sizes = list(dump["files"].values())
    if not all(isinstance(size, int) for size in sizes):
        raise MissingError("dumps.files")
    return sum(sizes)


def collected(case: Case) -> Finding:
    """A crash that nobody looks at was saved for nothing."""
    check_place(case, afterwards=True)
    limit = case.now - timedelta(days=case.thresholds.dump_days)
    names = [str(dump["id"]) for dump in case.entries("dumps")]
    case.used["dumps"] = names[-8:]
    undated = [name for name in names if of_dump(name) is None]
    old = [name for name in names if (of_dump(name) or case.now) < limit]
    days = case.thresholds.dump_days
    if not old and not undated:
        every_dump(case)
        return passed(f"No dump on the host is older than {days} days.")
    if case.collected is None:
        raise MissingError("what was collected", "there is no folder of dumps on the controller")
    left = [name for name in [*old, *undated] if name not in case.collected]
    if left:
        return failed(f"Older than {days} days, or without a date, and not collected: {listed(left)}.")
    every_dump(case)
    return passed(f"What is older than {days} days has been collected.")


CONTROLS: t.Final = (
    Spec(
        id="KD-401",
        title="The dump target can be reached and written to",
        severity="high",
        rationale="A mount that is read-only, an export that is gone or a key that was changed is found out after the "
        "crash. The capture kernel pins the host key of a server, so only a drill proves the way to it.",
        evidence=("folder.read_only", "folder.inodes_free", *PLACE),
        remediation="Mount it for writing; for a server run linux.kdump.deploy again and then a drill.",
        judge=writable,
    ),
    Spec(
        id="KD-402",
        title="A dump fits into the free space",
        severity="high",
        rationale="A dump that does not fit is cut off, and one that fills the root file system takes the services "
        "down with it.",
        evidence=("target.free_bytes", "estimate.expected_bytes", "memory_total_bytes", *PLACE),
        remediation="Free space, filter more (kdump_collector), or save elsewhere (kdump_targets). "
        "kdump_audit_estimate=true counts instead of guessing.",
        judge=enough_space,
    ),
    Spec(
        id="KD-403",
        title="The capture kernel finds the dump target and can open it",
        severity="high",
        rationale="Disks get other names in a kernel that starts fewer drivers. Encrypted disks ask for a key that "
        "nobody types after a crash.",
        evidence=("folder.encrypted", *PLACE),
        remediation="Save to a plain file system by its UUID, as linux.kdump.deploy does; encrypt the dump itself "
        "(age_recipients of linux.kdump.capture_initramfs) rather than the disk.",
        judge=found_again,
        references=(KDUMP,),
    ),
    Spec(
        id="KD-404",
        title="Not more dumps are kept than allowed",
        severity="low",
        rationale="Dumps fill the disk that the next one is to go to, and each holds what was in memory.",
        evidence=("dumps", "omitted.dumps", "omitted.dumps.files", "unread", "omitted.unread", *PLACE),
        remediation="Collect dumps with linux.kdump.collect and kdump_collect_remove=true. The distributions' kdumps "
        "have KDUMP_NUM_DUMPS and KDUMP_KEEP_OLD_DUMPS.",
        judge=retention_kept,
    ),
    Spec(
        id="KD-405",
        title="Old dumps have been collected",
        severity="medium",
        rationale="A dump that lies on its host for weeks is a crash that nobody has looked at.",
        evidence=("dumps", "omitted.dumps", "unread", "omitted.unread", *PLACE),
        remediation="Run linux.kdump.collect.",
        judge=collected,
    ),
)  # fmt: skip
