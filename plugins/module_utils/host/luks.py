# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory it takes to open the encrypted disks that a folder is on: Argon2 asks for up to some GiB.

Read from the LUKS2 headers themselves: four KiB of binary, then a JSON text that says what each key slot asks for.
"""

from __future__ import annotations

import json
import os
import typing as t

from .devices import block_devices
from .tree import Host

_MAGIC: t.Final = b"LUKS\xba\xbe"
_JSON_START: t.Final = 4096
#: The largest header that cryptsetup makes.
_MAX_HEADER: t.Final = 4 << 20
_MAPPED: t.Final = "CRYPT-LUKS2-"


def key_memory(path: str, host: Host) -> int | None:
    """Bytes for the key slot that takes most; 0 where nothing is encrypted so, None where a header cannot be read."""
    sizes = [_of_header(host.path(f"/dev/{name}")) for name in _encrypted(path, host)]
    return None if None in sizes else max((size for size in sizes if size), default=0)


def slot_memory(header: bytes) -> int | None:
    """The same for one header; None where it is none of LUKS2, or damaged."""
    if header[:6] != _MAGIC or header[6:8] != b"\0\2":
        return None
    size = int.from_bytes(header[8:16], "big")
    try:
        document = json.loads(header[_JSON_START : min(size, _MAX_HEADER)].split(b"\0", 1)[0])
        kinds = [slot["kdf"] for slot in document["keyslots"].values()]
        return max((int(kind["memory"]) * 1024 for kind in kinds if kind["type"].startswith("argon2")), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _encrypted(path: str, host: Host) -> list[str]:
    """The devices below a folder that hold a LUKS2 header: those that an opened one is made of."""
    root = os.path.realpath(host.root)
    names = []
    for folder in block_devices(path, host):
        uuid = host.line(os.path.relpath(os.path.join(folder, "dm/uuid"), root)) or ""
        if uuid.startswith(_MAPPED):
            names += sorted(os.listdir(os.path.join(folder, "slaves")))
    return names


def _of_header(path: str) -> int | None:
    try:
        with open(path, "rb") as device:
            return slot_memory(device.read(_MAX_HEADER))
    except OSError:
        return None
