# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the makedumpfile of an image knows a kernel, as a Jinja filter."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.linux.kdump.plugins.module_utils.host.collector import support

DOCUMENTATION = r"""
name: collector_support
short_description: Whether the makedumpfile of a save environment knows a kernel
version_added: 0.1.0
author:
  - The linux.kdump maintainers (@linux-kdump)
description:
  - makedumpfile looks into the kernel's own structures, which change. One that is too old fails, or keeps what it was
    told to leave out. This tells before the crash, from a table of versions; nothing is run.
positional: release
options:
  _input:
    description: The manifest of an initramfs, as M(linux.kdump.capture_initramfs) returns it.
    type: dict
    required: true
  release:
    description: The release of the kernel whose memory is to be saved. Without it nothing is known.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Refuse an image whose makedumpfile fails on this kernel
  ansible.builtin.assert:
    that: support.state != 'broken'
    fail_msg: "{{ support.message }}"
  vars:
    support: "{{ image.manifest | linux.kdump.collector_support(ansible_facts['kernel']) }}"
"""

RETURN = r"""
_value:
  description:
    - C(state) is V(ok), V(newer) where the kernel is newer than what this makedumpfile knows, V(broken) where it is
      known to fail, or V(unknown). C(latest) is the newest kernel that it knows, C(message) what to do.
  type: dict
  sample: {state: ok, latest: "6.0", message: null}
"""


def collector_support(manifest: t.Any, release: str = "") -> dict[str, t.Any]:
    """The filter."""
    if not isinstance(manifest, Mapping):
        raise AnsibleFilterError("Cannot tell whether makedumpfile knows the kernel: the manifest is not a dictionary.")
    if str(manifest.get("collector", "")).split()[:1] == ["dd"]:
        return {"state": "ok", "latest": None, "message": None}
    tools = manifest.get("tools")
    version = tools.get("makedumpfile") if isinstance(tools, Mapping) else None
    return asdict(support(None if version is None else str(version), str(release)))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters by name."""
        return {"collector_support": collector_support}
