# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry of the reservation's bar."""

from __future__ import annotations

DOCUMENTATION = r"""
name: memory_bar
short_description: Lay out reservation and peak use as a bar
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Divides the memory that was reserved for the capture kernel into what that kernel takes before anything runs, the
    peak use of the save environment on top of it, and what was left over.
positional: _input
options:
  _input:
    description: The V(memory) of the document made by P(linux.kdump.proof#filter).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say how much of the reservation was left
  ansible.builtin.debug:
    msg: "{{ (proof.memory | linux.kdump.memory_bar | last).size }} left"
"""

RETURN = r"""
_value:
  description:
    - The parts V(kernel), V(peak) and V(free) with their place on a bar of 100 units.
    - Empty where the record lacks the figures.
  type: list
  elements: dict
  sample:
    - {name: kernel, x: 0, width: 32.1, size: "20.5 MiB", percent: 32}
"""

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.proof.picture import draw_memory


def memory_bar_filter(memory: object) -> list[dict[str, object]]:
    """The parts of the bar."""
    return draw_memory(memory)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"memory_bar": memory_bar_filter}
