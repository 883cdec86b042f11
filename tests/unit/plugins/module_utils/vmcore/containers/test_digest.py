# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest of a file, which may be of any size and may change."""

from __future__ import annotations

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import digest
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import unreadable


def test_a_file_that_shrinks_has_no_digest() -> None:
    class Shrinking:
        size = 2 << 20

        def read(self, offset: int, length: int, what: str) -> bytes:
            raise unreadable("truncated", what=what, end=offset + length, size=0)

        def extents(self) -> list[tuple[int, int]]:
            return []

    assert digest(Shrinking()) is None
