# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of every error this collection raises.

A message reads "Cannot <do> <what>: <cause>. <what to do next>", so that it stands alone in a task's output.
"""

from __future__ import annotations

import typing as t


class KdumpError(Exception):
    """Something could not be done; the message says what, to what, why and what to do next.

    Keyword arguments are facts for the task's result (``cmd``, ``rc``, ``stderr``, a log's last lines ...).
    """

    def __init__(self, message: str, /, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def as_result(self) -> dict[str, t.Any]:
        """Arguments for C(fail_json), or the body of a failed action result."""
        return {**self.facts, "msg": self.message}
