# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ``vmcore_fetch``, for the action plugin and for the module that works on the host for it."""

from __future__ import annotations

import typing as t

OPTIONS: t.Final[dict[str, t.Any]] = {
    "path": {"type": "str", "required": True},
    "dest": {"type": "path", "required": True},
    "incomplete": {"type": "bool", "default": False},
    "remove": {"type": "bool", "default": False},
    "chunk_bytes": {"type": "int", "default": 64 << 20},
}

#: What the action plugin asks the module for.
REQUEST: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "step": {"type": "str", "required": True, "choices": ["list", "stage", "remove"]},
        "files": {"type": "list", "elements": "dict", "default": []},
        "pieces": {"type": "list", "elements": "dict", "default": []},
        "into": {"type": "path"},
        "limit": {"type": "int", "default": 0},
    },
}
