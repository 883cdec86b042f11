# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every configuration model answers."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..errors import KdumpError


class ConfigError(KdumpError):
    """The configuration of the distribution's kdump cannot be read, or not be set as asked."""


class Document(t.Protocol):
    """One configuration file: read, edited, and written with everything else as it was."""

    @property
    def text(self) -> str:
        """The file as it is to be written."""

    @property
    def values(self) -> Mapping[str, t.Optional[str]]:
        """Each setting; None where it cannot be told without running the file."""

    @property
    def lines(self) -> Mapping[str, int]:
        """The line that counts for each setting."""

    def with_value(self, key: str, value: str) -> Document:
        """The same file with this setting."""

    def without(self, key: str) -> Document:
        """The same file without it."""
