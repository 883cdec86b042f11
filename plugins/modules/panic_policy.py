# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin wiring around module_utils.policy.panic."""

from __future__ import annotations

DOCUMENTATION = r"""
module: panic_policy
short_description: Decide which faults end in a panic, now and at every boot
version_added: 0.1.0
author:
  - The linux.kdump maintainers (@linux-kdump)
description:
  - There is a dump of what ends in a panic, and only of that. By default most kernels go on after an oops, a lockup or
    a hung task. This module sets the kernel's settings for that in C(/etc/sysctl.d/zz-linux-kdump.conf), sets them in
    the running kernel too, and reads them back.
  - The file is read after those of others. One that is read even later and says otherwise is an error that names it,
    before anything is changed.
  - Every setting that is taken out of the policy, or all of them with O(state=absent), goes back to what the other
    files say, and otherwise to what it was before this module first set it.
options:
  state:
    description: Whether there is a policy. V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  settings:
    description:
      - The whole policy. Required if O(state=present). What is not named is left to others.
      - C(panic_on_oops), C(panic_on_warn), C(softlockup_panic), C(hardlockup_panic), C(hung_task_panic),
        C(unknown_nmi_panic), C(panic_on_io_nmi), C(panic_on_unrecovered_nmi) and C(panic_on_rcu_stall) are V(1) for a
        fault that is to end in a panic, and V(0) for one that is not.
      - For C(panic_on_oom), V(1) panics when all memory is used up, and V(2) when that of a group is used up, too.
      - C(hung_task_timeout_secs) says how long a task has to hang.
      - C(panic) is the number of seconds after which the kernel reboots by itself where no capture kernel is loaded.
        V(0) never does that, V(-1) does at once.
      - C(sysrq) is V(0), V(1) for all of its keys, or the sum of what is allowed. Dumps on purpose take V(8).
      - A setting that the running kernel does not have is an error. C(hardlockup_panic) needs its detector.
    type: dict
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
notes:
  - The crash that the role P(linux.kdump.crash_test#role) causes needs none of these settings.
  - The kdump of Debian and its kin boots its capture kernel into the same system, where the policy applies too.
seealso:
  - name: Documentation for /proc/sys/kernel
    description: What each setting does.
    link: https://docs.kernel.org/admin-guide/sysctl/kernel.html
"""

EXAMPLES = r"""
- name: Have a dump of every oops, and of CPUs and tasks that hang
  linux.kdump.panic_policy:
    settings:
      panic_on_oops: 1
      softlockup_panic: 1
      hung_task_panic: 1
      hung_task_timeout_secs: 300

- name: Leave all of it to others again
  linux.kdump.panic_policy:
    state: absent
"""

RETURN = r"""
path:
  description: The file that holds the policy.
  returned: success
  type: str
  sample: /etc/sysctl.d/zz-linux-kdump.conf
settings:
  description: Each setting that is, or was, part of the policy, by the kernel's name, with its value before and after.
  returned: success
  type: dict
  sample: {kernel.panic_on_oops: {before: "0", after: "1"}}
converged:
  description: Whether nothing had to be changed, or in check mode would have to be.
  returned: success
  type: bool
  sample: true
overruled:
  description: Files of others that set one of them to another value, and are read before.
  returned: success
  type: list
  elements: str
  sample: [/etc/sysctl.d/99-sysctl.conf]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.policy.panic import produce
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def main() -> None:
    """Wire options, work and result."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "settings": {"type": "dict"},
        },
        required_if=[("state", "present", ["settings"])],
        supports_check_mode=True,
    )
    options = module.params
    conclude(
        module,
        lambda: produce(options["state"], options["settings"] or {}, host=Host(), check_mode=module.check_mode),
    )


if __name__ == "__main__":
    main()
