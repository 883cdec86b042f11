# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reboot a host once for one purpose: documentation; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reboot
short_description: Reboot a host once for one purpose and wait until its new boot has settled
version_added: 0.1.0
description:
  - Reboots the host through its boot loader and waits until its boot id has changed, it is not in a capture kernel and
    systemd has settled.
  - Notes the purpose on the host. A second reboot for the same purpose is refused until the note is gone, so that a
    value which cannot take effect does not lead to a reboot loop. M(linux.kdump.crashkernel) removes its note when
    another value is asked for and when it sees that the value has come into force, the roles P(linux.kdump.deploy#role)
    and P(linux.kdump.system_kernel#role) theirs when the reboot has brought it. A host that did not go down may be told
    again.
  - Needs C(become) where the login user is not root.
options:
  purpose:
    description: What the reboot is to bring about, in a few words.
    type: str
    required: true
  subject:
    description:
      - What the purpose is about. Each subject has a note of its own, so that a host that is rebooted for a reservation
        is not rebooted again for a kernel that it has been rebooted for before.
    type: str
    choices: [crashkernel, kernel]
    default: crashkernel
  timeout:
    description: Seconds within which the host must be back.
    type: int
    default: 600
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run is a reboot, or a refusal.
  platform:
    support: full
    platforms: Linux
seealso:
  - module: linux.kdump.crashkernel
author:
  - The linux.kdump maintainers (@linux-kdump)
"""

EXAMPLES = r"""
- name: Bring a reservation into force
  linux.kdump.reboot:
    purpose: crashkernel=64M
  become: true
"""

RETURN = r"""
seconds:
  description: How long the host was away, from the command until systemd had settled.
  returned: when the host was rebooted
  type: float
  sample: 24.6
"""
