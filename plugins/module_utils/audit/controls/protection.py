# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-6xx: what was in memory is for nobody else."""

from __future__ import annotations

import re
import typing as t

from ...host import paths
from ..model import Case, Finding, Spec, failed, not_applicable, passed, unknown
from ..references import KDUMP_OFF
from .common import PLACE, check_place, engine_of, every_dump, goes_to_server, listed, looked_at, place_of, told, whole

#: What each of the distributions' kdumps leaves out unless it is told otherwise.
_USUAL_LEVEL: t.Final = 31
#: These stand for the default of kdump-utils, and of kdump-tools.
_COLLECTORS: t.Final = ("core_collector", "MAKEDUMP_ARGS")
_SUSE: t.Final = "suse"
_FORMAT: t.Final = "KDUMP_DUMPFORMAT"


def private(case: Case) -> Finding:
    """Root alone may look."""
    check_place(case, afterwards=True)
    path = case.text("target.path")
    if not case.flag("folder.exists"):
        looked_at(case, path)
        return passed(f"{path} is not there, so nobody can look into it.")
    mode, owner = case.text("folder.mode"), case.number("folder.uid")
    opened = [str(name) for name in case.items("folder.open")]
    found = [f"{path} has mode {mode}"] if int(mode, 8) & 0o077 else []
    found += [f"{path} belongs to the user {owner}"] if owner else []
    found += [f"others may read {listed(opened)}"] if opened else []
    if found:
        return failed(f"Dumps are not root's alone: {listed(found)}.")
    whole(case, "folder.open")
    return passed(f"Only root may look into {path}.")


def encrypted(case: Case) -> Finding:
    """Where the policy asks for it."""
    if not case.thresholds.encryption:
        return not_applicable("The policy does not ask for encrypted dumps.")
    check_place(case, afterwards=True)
    dumps = [dump for dump in case.entries("dumps") if dump.get("vmcore")]
    plain = [str(dump["id"]) for dump in dumps if not str(dump["vmcore"]).endswith(paths.ENCRYPTED_SUFFIX)]
    disk = case.find("folder.encrypted") is True
    if plain and not disk:
        return failed(f"These dumps are not encrypted: {listed(plain)}.")
    if disk and not _goes_past_disk(case):
        return passed("The disk that dumps lie on is encrypted.")
    proof = case.proven.current
    if proof is None:
        return unknown("Whether dumps are encrypted is shown by a drill, and there is none.")
    names = [name for name in proof.files if name.startswith(paths.VMCORE_FILE)]
    case.note("proof.files", names)
    if any(name.endswith(paths.ENCRYPTED_SUFFIX) for name in names):
        every_dump(case)
        return passed(f"The dump of {proof.named} was encrypted in the capture kernel.")
    return failed(f"The dump of {proof.named} was not encrypted.")


def _goes_past_disk(case: Case) -> bool:
    """Whether the next dump goes somewhere else than to the file system that the evidence is of."""
    place = place_of(case)
    return goes_to_server(case) or (place is not None and place.raw)


def filtered(case: Case) -> Finding:
    """The level that dumps are made with."""
    wanted = case.thresholds.dump_level
    if not wanted:
        return not_applicable("The policy allows dumps of everything.")
    if engine_of(case) == _SUSE and told(case.table("engine.settings"), _FORMAT) == "none":
        return failed(f"No dump is saved at all, only the kernel's log: {_FORMAT}=none.")
    collector, source = _collector(case)
    if collector is None:
        return unknown("Nobody knows what dumps leave out: there is neither a drill nor a dump.")
    case.note("collector", collector)
    levels = re.findall(r"(?:^|\s)-d\s*(\d{1,2})\b", collector)
    level = int(levels[-1]) if levels else 0
    if level & wanted == wanted:
        return passed(f"Dumps leave out what level {wanted} asks for: {collector}, by {source}.")
    return failed(f"Dumps are made with level {level}, and level {wanted} is asked for: {collector}, by {source}.")


def _collector(case: Case) -> tuple[str | None, str]:
    """The words of what saves, and where they are from."""
    if case.proven.current and case.proven.current.collector:
        return case.proven.current.collector, case.proven.current.named
    if engine_of(case):
        settings = case.table("engine.settings")
        return _of_suse(settings) if engine_of(case) == _SUSE else _of_engine(settings)
    for dump in reversed(case.entries("dumps")):
        record = dump.get("record")
        if isinstance(record, dict) and isinstance(record.get("collector"), str):
            return record["collector"], f"the dump {dump.get('id')}"
    return None, ""


def _of_engine(settings: dict[str, t.Any]) -> tuple[str, str]:
    given = next((told(settings, name) for name in _COLLECTORS if told(settings, name)), None)
    return (given, "the configuration") if given else (f"makedumpfile -d {_USUAL_LEVEL}", "default")


def _of_suse(settings: dict[str, t.Any]) -> tuple[str, str]:
    """The options add to the level, and of two levels the last counts."""
    if told(settings, _FORMAT) == "raw":
        return f"{_FORMAT}=raw", "the configuration"
    level, options = told(settings, "KDUMP_DUMPLEVEL"), told(settings, "MAKEDUMPFILE_OPTIONS")
    collector = f"makedumpfile -d {level or _USUAL_LEVEL} {options}".rstrip()
    return collector, "the configuration" if level or options else "default"


CONTROLS: t.Final = (
    Spec(
        id="KD-601",
        title="Only root may read dumps",
        severity="high",
        rationale="A dump holds what was in memory: keys, passwords, everybody's data.",
        evidence=("folder.exists", "folder.mode", "folder.uid", "folder.open", "unread", "omitted.unread",
                  "omitted.folder.open", *PLACE),
        remediation="chmod 0700 the folder, chmod 0600 the dumps, and have both belong to root.",
        judge=private,
        references=KDUMP_OFF,
    ),
    Spec(
        id="KD-602",
        title="Dumps are encrypted where the policy asks for it",
        severity="medium",
        rationale="Disks are stolen, returned and thrown away, and what was in memory is on them.",
        evidence=("dumps", "folder.encrypted", "proof.files", "omitted.dumps", "unread", "omitted.unread", *PLACE),
        remediation="Give linux.kdump.capture_initramfs the option age_recipients: the capture kernel itself encrypts "
        "the dump to a public key, whatever disk it goes to.",
        judge=encrypted,
        references=KDUMP_OFF,
    ),
    Spec(
        id="KD-603",
        title="Dumps leave out what the policy does not want in them",
        severity="medium",
        rationale="The kernel's own pages are enough for most bugs. The memory of programs makes dumps large and "
        "holds what nobody should see.",
        evidence=("collector", "dumps", "engine.settings", "engine.name", "load", "service.enabled"),
        remediation="Set kdump_collector to makedumpfile -l -d 31 and run linux.kdump.deploy; for the kdump of the "
        "distribution set the level in its configuration. What is left out is told by a drill: linux.kdump.crash_test.",
        judge=filtered,
    ),
)  # fmt: skip
