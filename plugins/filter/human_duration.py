# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: human_duration
short_description: Show a number of seconds as a length of time
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Shows seconds with as many digits as matter, in minutes and hours once there are many.
positional: _input
options:
  _input:
    description: The number of seconds; what is no number becomes a dash.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: From panic to back in service
  ansible.builtin.debug:
    msg: "{{ proof.timeline.panic_to_back | linux.kdump.human_duration }}"
"""

RETURN = r"""
_value:
  description: The length of time with its unit.
  type: str
  sample: 1 min 12 s
"""

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.proof.text import human_duration


def human_duration_filter(seconds: object) -> str:
    """The length of time with its unit."""
    return human_duration(seconds)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"human_duration": human_duration_filter}
