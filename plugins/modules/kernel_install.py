#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument spec and wiring; the work is in module_utils/system_kernel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_install
short_description: Install a production kernel and enter it into the boot menu
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Puts a production kernel that M(linux.kdump.kernel_build) built and packed where a distribution's package puts its
    own, which is C(/boot) and C(/lib/modules). Then it runs the distribution's hooks (C(/etc/kernel/postinst.d), or
    else C(kernel-install)), which make the initramfs and the entry in the boot menu.
  - Takes such a kernel away again with O(state=absent), with the hooks for that.
  - A capture kernel is refused. It is loaded beside the running kernel and never booted.
  - The kernel that the host runs on is neither replaced nor removed.
  - A kernel without a driver that the host needs is refused, since the next boot would take it. Needed are those of the
    file systems that a boot mounts and of the interfaces of the default route, down to the root of the buses, as far
    as the running kernel has them as modules, built in or not.
notes:
  - Needs C(become) where the login user is not root.
  - Which entry of the menu is booted is the boot loader's business. GRUB takes the highest version by default.
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
    platforms: Linux
    support: full
options:
  state:
    description: Whether the host is to have the kernel.
    type: str
    choices: [present, absent]
    default: present
  src:
    description:
      - The archive on the host, the RV(linux.kdump.kernel_build#module:archive) of M(linux.kdump.kernel_build).
      - Where the host has this kernel already it may be missing, if O(release) and O(sha256) tell which one is meant.
        In check mode it may always be missing then, and the drivers are not compared.
    type: path
  release:
    description: The kernel's release, as C(uname -r) says it. Required for O(state=absent).
    type: str
  sha256:
    description: The digest of the archive.
    type: str
  may_lack:
    description:
      - Names of modules that the kernel may lack although the host seems to need them, such as that of a card that is
        about to be replaced, or of a driver that has another name in this kernel.
    type: list
    elements: str
    default: []
seealso:
  - module: linux.kdump.kernel_build
  - module: linux.kdump.kexec_crash
"""

EXAMPLES = r"""
- name: Install a kernel that was copied to the host
  linux.kdump.kernel_install:
    src: /var/tmp/install.tar.gz
  become: true
  register: installed

- name: Take it away
  linux.kdump.kernel_install:
    state: absent
    release: 6.1.192-system
  become: true
"""

RETURN = r"""
release:
  description: The kernel's release.
  returned: success
  type: str
  sample: 6.1.192-system
image:
  description: The kernel's image. None with O(state=absent).
  returned: success
  type: str
  sample: /boot/vmlinuz-6.1.192-system
reason:
  description: Why something was done, or why not.
  returned: success
  type: str
  sample: the host has this kernel
reboot_required:
  description: Whether the host runs on another kernel than the one it is to have.
  returned: success
  type: bool
  sample: true
lacks:
  description: The modules that the kernel lacks.
  returned: when it is refused for that
  type: list
  elements: str
  sample: [dm_mod, megaraid_sas]
diff:
  description: Release and digest, before and after.
  returned: success
  type: dict
  sample: {before: "", after: "6.1.192-system 0c2f5d6c1f0a1e0d8b2f3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081\n"}
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.system_kernel import install
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Desired, current, plan, apply."""
    wanted = install.desired(install.Request(**module.params))
    found = install.current(wanted, host=Host(), running=os.uname().release)
    step = install.plan(wanted, found)
    if step.change and not module.check_mode:
        install.apply(wanted, host=Host(), runner=ModuleRunner(module))
    return install.result(wanted, step, found)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "src": {"type": "path"},
            "release": {"type": "str"},
            "sha256": {"type": "str"},
            "may_lack": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
