# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold a drill's documents against their schemas, and our reading of its vmcore against makedumpfile's.

usage: check_drill.py FOLDER
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile
import typing as t

import jsonschema

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.dmesg import MAKEDUMPFILE, comparable, dmesg_lines
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import LogRecord

SCHEMAS = pathlib.Path(__file__).parents[4] / "docs" / "schemas"
DOCUMENTS = {"kdump.json": "record", "proof.json": "proof", "verdict.json": "verdict"}


def check_documents(folder: pathlib.Path) -> None:
    """Every document is valid, and the drill's verdict is ok."""
    for name, schema in DOCUMENTS.items():
        document = json.loads((folder / name).read_text(encoding="utf-8"))
        jsonschema.validate(document, json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8")))
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    if verdict["verdict"] != "ok" or not verdict["nonce_found"]:
        sys.exit(f"the verdict is {verdict['verdict']}, nonce found: {verdict['nonce_found']}")


def peer_log(vmcore: pathlib.Path) -> list[str]:
    """The log as makedumpfile reads it, a line each."""
    with tempfile.TemporaryDirectory() as scratch:
        target = pathlib.Path(scratch) / "log"
        argv = ["makedumpfile", "--dump-dmesg", str(vmcore), str(target)]
        subprocess.run(argv, check=True, capture_output=True, timeout=120)
        return comparable(target.read_bytes())


def own_log(vmcore: pathlib.Path) -> list[str]:
    """The log as we read it, written the way makedumpfile writes it."""
    return list(dmesg_lines(map(_record, examine(str(vmcore), log=True)["log"]), MAKEDUMPFILE))


def _record(shown: dict[str, t.Any]) -> LogRecord:
    ts_nsec = None if shown["ts"] is None else round(shown["ts"] * 1e9)
    return LogRecord(shown["seq"], ts_nsec, shown["level"], 0, shown["caller"], shown["text"])


def check_log(folder: pathlib.Path) -> None:
    """Line by line the same."""
    ours, theirs = own_log(folder / "vmcore"), peer_log(folder / "vmcore")
    for number, (our, their) in enumerate(zip(ours, theirs, strict=False), 1):
        if our != their:
            sys.exit(f"line {number} differs:\n  ours   {our!r}\n  theirs {their!r}")
    if len(ours) != len(theirs) or not ours:
        sys.exit(f"we read {len(ours)} lines, makedumpfile {len(theirs)}")
    print(f"{len(ours)} lines, all the same")


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    check_documents(folder)
    check_log(folder)


if __name__ == "__main__":
    main()
