# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: human_size
short_description: Show a number of bytes in binary units
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Shows a number of bytes with the unit that its value has (KiB, MiB and so on, powers of 1024).
positional: _input
options:
  _input:
    description: The number of bytes; what is no number becomes a dash.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Size of a dump
  ansible.builtin.debug:
    msg: "{{ 50436505 | linux.kdump.human_size }}"
"""

RETURN = r"""
_value:
  description: The size and its unit.
  type: str
  sample: 48.1 MiB
"""

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.proof.text import human_size


def human_size_filter(octets: object) -> str:
    """The size and its unit."""
    return human_size(octets)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"human_size": human_size_filter}
