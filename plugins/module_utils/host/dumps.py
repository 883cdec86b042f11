# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dumps in a folder. What lies there may be anything, so all of it is bounded and none of it is trusted."""

from __future__ import annotations

import json
import os
import re
import stat
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..drill import NONCE_PATTERN
from . import paths
from .foreign_dumps import OURS, Layout, find_layout
from .tree import Host, TooLargeError

#: Of more dumps than these the newest are listed: their names begin with the time.
MAX_DUMPS: t.Final = 100
MAX_FILES: t.Final = 32
MAX_RECORD_BYTES: t.Final = 64 * 1024
#: What is read of a log, from its end: the nonce stands right before the panic.
MAX_LOG_BYTES: t.Final = 256 * 1024


@dataclass(frozen=True)
class Dump:
    """One dump's folder."""

    id: str
    path: str
    complete: bool
    files: dict[str, int]
    record: dict[str, t.Any] | None
    #: The vmcore's name among the files, whole or not; None where there is none.
    vmcore: str | None = None
    #: Who saved it, by the names of its files: this collection's save environment, or a distribution's kdump.
    engine: str = OURS.engine
    #: The drill's that it is from: by its record, or by the log beside it where there is no record.
    nonce: str | None = None

    @property
    def core(self) -> str | None:
        """The file of a vmcore that was saved to its end, whatever it is compressed or encrypted with."""
        whole = self.vmcore and paths.VMCORE_NAME.fullmatch(self.vmcore)
        return os.path.join(self.path, self.vmcore) if self.vmcore and whole else None

    @property
    def readable(self) -> str | None:
        """The same, where nobody's key is needed to look into it."""
        return None if (self.core or "").endswith(paths.ENCRYPTED_SUFFIX) else self.core


def list_dumps(path: str, host: Host) -> list[Dump]:
    """The dumps in a folder, oldest first; none where there is no such folder."""
    names = [name for name, mode, _size in _entries(path, host) if stat.S_ISDIR(mode)]
    base = path.rstrip("/")
    dumps = [dump for name in names[-MAX_DUMPS:] if (dump := _read_dump(name, f"{base}/{name}", host))]
    host.omit("dumps", sum(_is_dump(_files(f"{base}/{name}", host)) for name in names[:-MAX_DUMPS]))
    host.omit("dumps.files", sum(len(dump.files) > MAX_FILES for dump in dumps))
    return [replace(dump, files=dict(list(dump.files.items())[:MAX_FILES])) for dump in dumps]


def _files(path: str, host: Host) -> dict[str, int]:
    """The sizes of the files in a folder."""
    return {entry: size for entry, mode, size in _entries(path, host) if stat.S_ISREG(mode)}


def _is_dump(files: Iterable[str]) -> bool:
    """Whether anybody's kdump would write a file of such a name."""
    names = list(files)
    layout = find_layout(names)
    kinds = (layout.core, layout.part, layout.log)
    return paths.RECORD_FILE in names or any(kind.fullmatch(name) for kind in kinds for name in names)


def _read_dump(name: str, path: str, host: Host) -> Dump | None:
    """What is in one folder; None where it holds nothing that anybody's kdump would write."""
    files = _files(path, host)
    if not _is_dump(files):
        return None
    layout = find_layout(files)
    whole = [entry for entry in files if layout.core.fullmatch(entry)]
    parts = [entry for entry in files if layout.part.fullmatch(entry)]
    logs = [entry for entry in files if layout.log.fullmatch(entry)]
    record = parse_record(_record_text(f"{path}/{paths.RECORD_FILE}", host))
    return Dump(
        id=name,
        path=path,
        complete=any(files[entry] for entry in whole) and not parts,
        vmcore=next(iter([*whole, *parts]), None),
        files=files,
        record=record,
        engine=layout.engine,
        nonce=_nonce(record, layout, [f"{path}/{log}" for log in logs], host),
    )


def _nonce(record: dict[str, t.Any] | None, layout: Layout, logs: list[str], host: Host) -> str | None:
    """What a record says is what its save script read; whoever writes none leaves the kernel's log."""
    if record is not None or layout is OURS:
        told = str((record or {}).get("nonce"))
        return told if re.fullmatch(r"[0-9a-f]{32}", told) else None
    for log in logs:
        nonces = NONCE_PATTERN.findall(host.tail(log, limit=MAX_LOG_BYTES) or "")
        if nonces:
            return str(nonces[-1])
    return None


def parse_record(text: str | None) -> dict[str, t.Any] | None:
    """A record that is at least a JSON object which can be passed on as JSON; anything else is None."""
    try:
        record = json.loads(text or "null", parse_constant=_refused)
        # A number such as 1e999 has become infinite.
        json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _record_text(path: str, host: Host) -> str | None:
    try:
        return host.read(path, limit=MAX_RECORD_BYTES)
    except TooLargeError:
        return None


def _refused(constant: str) -> t.NoReturn:
    """Python reads NaN and Infinity, which are not JSON and would break whoever reads the evidence."""
    raise ValueError(constant)


def _entries(path: str, host: Host) -> list[tuple[str, int, int]]:
    """Name, mode and size of all in a folder, in the order of their names; links are not followed."""
    found = []
    try:
        with os.scandir(host.path(path)) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                found.append((_printable(entry.name), status.st_mode, status.st_size))
    except OSError as error:
        host.missed(path, error)
        return []
    return sorted(found)


def _printable(name: str) -> str:
    """A name that JSON can hold, whatever bytes it is made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
