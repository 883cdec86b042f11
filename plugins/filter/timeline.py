# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry of a drill's time line."""

from __future__ import annotations

DOCUMENTATION = r"""
name: timeline
short_description: Lay out the time line of a drill as a picture
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Turns the V(timeline) of a proof into plain numbers for a picture; a template has only to write them into SVG.
  - Every phase has a row of its own on a common scale, so labels never overlap, however short a phase is.
positional: _input
options:
  _input:
    description: The V(timeline) of the document made by P(linux.kdump.proof#filter).
    type: dict
    required: true
  width:
    description:
      - The width of the picture in user units, from 280 to 4000.
      - Below 600 the names of the phases are above their bars.
    type: int
    default: 960
seealso:
  - plugin: linux.kdump.proof
    plugin_type: filter
"""

EXAMPLES = r"""
- name: How high the picture is
  ansible.builtin.debug:
    msg: "{{ (proof.timeline | linux.kdump.timeline(width=360)).height }}"
"""

RETURN = r"""
_value:
  description: Size, axis, rows with bars and marks, and a description in words for those who cannot see the picture.
  type: dict
  sample:
    {width: 960, height: 220, narrow: false, left: 190, right: 864, top: 30, bottom: 210, ticks: [], rows: [],
     description: "Trigger 0.10 s; Panic and hand-over 1.1 s."}
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.proof.picture import draw_timeline


def timeline_filter(timeline: object, width: int = 960) -> dict[str, object]:
    """The layout, or a filter error."""
    try:
        return draw_timeline(timeline, width=width)
    except KdumpError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"timeline": timeline_filter}
