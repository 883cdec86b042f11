# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture kernel needs to be signed, as kconfig text."""

from __future__ import annotations

import typing as t

#: What a user calls it.
NAME: t.Final = "efi_stub"

#: The EFI stub is what makes an image of x86 or arm64 a PE image, and only that has a place for a signature.
EFI_STUB: t.Final = """\
CONFIG_EFI=y
CONFIG_EFI_STUB=y
"""
