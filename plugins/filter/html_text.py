# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text nobody can vouch for, for an HTML page."""

from __future__ import annotations

DOCUMENTATION = r"""
name: html_text
short_description: Make hostile text safe to show on an HTML page
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Escapes the characters HTML gives a meaning to, shows control characters as visible signs, replaces what reverses or
    hides text, and cuts the rest off after a number of characters.
  - What a crashed kernel's memory, its console or its log holds is whatever the crash left there.
positional: _input
options:
  _input:
    description: The value; a missing one (V(none) or an empty string) becomes a dash.
    type: raw
    required: true
  limit:
    description: The greatest number of characters, before escaping.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: A panic reason for a page
  ansible.builtin.debug:
    msg: "<p>{{ proof.panic.reason | linux.kdump.html_text }}</p>"
"""

RETURN = r"""
_value:
  description: Text for the content of an element or a quoted attribute.
  type: str
  sample: "BUG: unable to handle page fault for address: &lt;0&gt;"
"""

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.proof.text import DEFAULT_LIMIT, html_text


def html_text_filter(value: object, limit: int = DEFAULT_LIMIT) -> str:
    """The safe text."""
    return html_text(value, limit=limit)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"html_text": html_text_filter}
