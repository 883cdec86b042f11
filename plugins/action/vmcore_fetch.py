# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a dump: the module lays pieces out on the host, the connection plugin fetches them, this puts them together."""

from __future__ import annotations

import os
import time
import typing as t
from collections.abc import Mapping, Sequence

from ..module_utils.errors import KdumpError
from ..module_utils.transfer import receive
from ..module_utils.transfer.options import OPTIONS
from ..module_utils.transfer.plan import Chunk, SourceFile, TransferError, batches, parse_listing
from ..module_utils.transfer.source import COPIES, IN_PLACE
from ..plugin_utils.action import KdumpAction
from ..plugin_utils.progress import Meter

_MODULE = "linux.kdump.vmcore_fetch"
#: How often a batch that arrived damaged is asked for again.
_ATTEMPTS = 3


class ActionModule(KdumpAction):
    """Constant memory on both sides: no more than one batch is on its way, and it lies in files."""

    def argument_spec(self) -> dict[str, t.Any]:
        return {"argument_spec": OPTIONS}

    def perform(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Mapping[str, t.Any]:
        started = time.monotonic()
        self._options = {**options, "dest": self._loader.path_dwim(options["dest"])}
        self._task_vars = task_vars
        if options["chunk_bytes"] < 4096:
            raise TransferError(f"Cannot bring pieces of {options['chunk_bytes']} bytes: chunk_bytes is at least 4096")
        listing = self._ask("list", **self._at_once())
        files = parse_listing(options["path"], listing["files"], incomplete=options["incomplete"])
        wanted = [file for file in files if not receive.is_here(file, self._options["dest"])]
        result = self._describe(files, wanted)
        if not self.check_mode:
            try:
                result.update(self._bring(wanted, self._laid_out(listing) if wanted == files else []))
            except OSError as error:
                raise TransferError(
                    f"Cannot bring {options['path']} to {options['dest']}: {error.strerror or error}. "
                    "What has arrived is kept, put that right and run the task again"
                ) from error
            if options["remove"]:
                self._ask("remove", files=[file.as_dict() for file in files])
        return {**result, "removed": options["remove"], "seconds": round(time.monotonic() - started, 3)}

    def _describe(self, files: Sequence[SourceFile], wanted: Sequence[SourceFile]) -> dict[str, t.Any]:
        dest = self._options["dest"]
        entries = [
            {"name": file.name, "path": os.path.join(dest, file.name), "bytes": file.size, "sha256": file.sha256,
             "changed": file in wanted}
            for file in files
        ]  # fmt: skip
        changed = bool(wanted) or self._options["remove"]
        return {"changed": changed, "dest": dest, "files": entries, "bytes": 0, "resumed_bytes": 0}

    def _at_once(self) -> dict[str, t.Any]:
        """Where nothing of it is here yet, a dump that fits into one batch is laid out as it is listed."""
        if self.check_mode or os.path.isdir(self._options["dest"]):
            return {}
        return {"into": self._remote_folder(), "limit": self._options["chunk_bytes"]}

    def _laid_out(self, listing: Mapping[str, t.Any]) -> list[str]:
        """Where the pieces of the only batch are on the host, if that has laid them out."""
        path, join = self._options["path"], self._connection._shell.join_path
        names = [file["name"] for file in listing["files"] if file["size"]]
        if listing.get("laid_out") == IN_PLACE:
            return [join(path, name) if listing["folder"] else path for name in names]
        if listing.get("laid_out") == COPIES:
            return [join(self._remote_folder(), f"chunk-{number}") for number in range(len(names))]
        return []

    def _bring(self, wanted: Sequence[SourceFile], laid_out: Sequence[str]) -> dict[str, t.Any]:
        dest, chunk_bytes = self._options["dest"], self._options["chunk_bytes"]
        receive.check_room(dest, receive.missing_bytes(wanted, dest, chunk_bytes), chunk_bytes)
        receive.prepare_folder(dest)
        with receive.claimed(dest):
            return self._assemble(wanted, laid_out)

    def _assemble(self, wanted: Sequence[SourceFile], laid_out: Sequence[str]) -> dict[str, t.Any]:
        dest, chunk_bytes = self._options["dest"], self._options["chunk_bytes"]
        incoming = {file.name: receive.begin(file, dest, chunk_bytes) for file in wanted}
        missing = [piece for each in incoming.values() for piece in each.missing]
        resumed = sum(each.resumed_bytes for each in incoming.values())
        meter = Meter(sum(piece.length for piece in missing), self.progress)
        if resumed:
            self.progress(f"{resumed} bytes are here from an earlier attempt")
        for batch in batches(missing, chunk_bytes):
            if len(batch) == len(laid_out):
                self._bring_laid_out(batch, incoming, laid_out)
            else:
                self._bring_batch(batch, incoming)
            meter.advance(sum(piece.length for piece in batch), batch[-1].name)
        for each in incoming.values():
            each.finish()
        return {"bytes": meter.done, "resumed_bytes": resumed}

    def _bring_batch(self, batch: Sequence[Chunk], incoming: Mapping[str, receive.Incoming]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._try_batch(batch, incoming)
            except TransferError as error:
                if attempt == _ATTEMPTS:
                    raise
                self.progress(f"{error.message}; asking for it again")

    def _try_batch(self, batch: Sequence[Chunk], incoming: Mapping[str, receive.Incoming]) -> None:
        into = self._remote_folder()
        answer = self._ask(
            "stage",
            files=[incoming[name].file.as_dict() for name in sorted({piece.name for piece in batch})],
            pieces=[{"name": piece.name, "offset": piece.offset, "length": piece.length} for piece in batch],
            into=into,
        )
        digests = answer.get("digests", [])
        if len(digests) != len(batch):
            raise KdumpError(f"Cannot bring {batch[0].name}: the host laid out {len(digests)} of {len(batch)} pieces")
        for number, (piece, digest) in enumerate(zip(batch, digests)):
            source = self._connection._shell.join_path(into, f"chunk-{number}")
            self._fetch(piece, source, str(digest), incoming)

    def _bring_laid_out(
        self, batch: Sequence[Chunk], incoming: Mapping[str, receive.Incoming], laid_out: Sequence[str]
    ) -> None:
        """Fetch whole files; what arrives damaged is asked for piece by piece as any other."""
        try:
            for piece, source in zip(batch, laid_out):
                self._fetch(piece, source, incoming[piece.name].file.sha256, incoming)
        except TransferError as error:
            self.progress(f"{error.message}; asking for it again")
            self._bring_batch(batch, incoming)

    def _fetch(self, piece: Chunk, source: str, digest: str, incoming: Mapping[str, receive.Incoming]) -> None:
        staged = os.path.join(self._options["dest"], ".chunk")
        try:
            receive.make_private(staged)
            self._connection.fetch_file(source, staged)
            incoming[piece.name].accept(piece, staged, digest)
        finally:
            receive.forget(staged)

    def _remote_folder(self) -> str:
        """The task's temporary folder on the host, which belongs to the login user."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        return str(self._connection._shell.tmpdir)

    def _ask(self, step: str, **request: t.Any) -> dict[str, t.Any]:
        return self.module(_MODULE, {**self._options, "_request": {"step": step, **request}}, self._task_vars)
