# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What compressing and encrypting the dump as a whole adds to the image."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..save import levels
from ..save import recipients as save_recipients
from ..save.streams import Filter
from . import content, newc, tools

#: Where age is on the build host, unless told otherwise.
AGE: t.Final = "/usr/bin/age"
#: Where the programs lie that a stream may be compressed by.
_PROGRAMS: t.Final[Mapping[str, str]] = {"lz4": "bin/lz4", "zstd": "bin/zstd"}


def packing(pack: Filter | None, *, program: str | None) -> content.Addition:
    """The compressor: busybox's own, or the one at ``program`` on the build host."""
    if pack is None:
        return content.Addition()
    facts = {"stream_compression": pack.name}
    if pack.name in levels.STREAM_APPLETS:
        return content.Addition(applets=(pack.name,), facts=facts)
    source = program or f"/usr/bin/{pack.name}"
    tools.compressor(source, pack.name)
    return content.Addition(programs=(content.Program(_PROGRAMS[pack.name], source),), facts=facts)


def sealing(keys: Sequence[str], *, program: str) -> content.Addition:
    """age and the public keys that it encrypts to."""
    if not keys:
        return content.Addition()
    tools.age(program)
    return content.Addition(
        programs=(content.Program(save_recipients.AGE_PATH, program),),
        members=(newc.regular(save_recipients.RECIPIENTS_PATH, save_recipients.text(keys).encode()),),
        facts={"recipients": list(keys)},
    )
