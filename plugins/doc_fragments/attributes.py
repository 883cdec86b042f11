# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every plugin of this collection says about itself."""

from __future__ import annotations


class ModuleDocFragment:
    """C(extends_documentation_fragment: [linux.kdump.attributes]), then C(attributes:) with a C(support) each."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing the target.
  diff_mode:
    description: Returns in diff mode what changed, or in check mode what would change.
  idempotent:
    description: Run again with the same options, and nothing else changed in between, it makes and reports no change.
  platform:
    description: The systems it works on.
    platforms: Linux
"""

    ACTION = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of the same name, so that part of it runs on the controller.
  async:
    description: Can be used with C(async).
  bypass_host_loop:
    description: Runs once for a play, not once for each host.
"""
