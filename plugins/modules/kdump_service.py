# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin wiring around module_utils.engine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kdump_service
short_description: Arm, configure or disarm the kdump of the distribution
version_added: 0.1.0
author:
  - The linux.kdump maintainers (@linux-kdump)
description:
  - Arms the kdump that the distribution brings, instead of this collection's own capture kernel. That is C(kdump-tools)
    of Debian and Ubuntu, C(kdump-utils) of Fedora, RHEL and their kin, or C(kdump) of SUSE.
  - Changes single settings in its files. Everything else in them stays as it is, byte by byte. A setting that the tool
    does not have, and a value that it would not take, are refused before anything is written.
  - Afterwards, systemd, the kernel and the tool itself are asked. The module fails unless all of them say that it is
    armed. SUSE's has no command that says so.
  - Where this collection's own image is loaded, it is unloaded first, and its loader is removed once the other is
    armed. Where that fails, the own one is loaded again. M(linux.kdump.kexec_crash) does the same the other way round.
  - What would make it fail later is told before anything is changed. That is a masked unit, a
    C(kernel.kexec_load_disabled) in sysctl.d that is in force before the service runs, a locked down kernel, and no
    reserved memory.
options:
  state:
    description:
      - V(armed) means configured, started at each boot, and loaded now.
      - V(enabled) means the same but for loading, for a host that has yet to boot with its reservation.
      - V(disarmed) means stopped and never started. Files that this module set up are as they were before, unless
        somebody else has changed them since. Packages stay.
    type: str
    choices: [armed, enabled, disarmed]
    default: armed
  engine:
    description: Whose kdump. With V(auto) it is the one that is installed. More than one is an error.
    type: str
    choices: [auto, kdump-tools, kdump-utils, suse]
    default: auto
  settings:
    description:
      - Settings by the names that they have in its files, such as C(KDUMP_NUM_DUMPS) in C(/etc/default/kdump-tools),
        C(core_collector) in C(/etc/kdump.conf), or C(KDUMP_SAVEDIR) in C(/etc/sysconfig/kdump).
      - A value of V(null) takes a setting out. What is not named is left alone.
      - A target in C(/etc/kdump.conf), such as C(nfs), takes the place of the one that is there, since there can be one
        only.
      - C(USE_KDUMP) of C(kdump-tools) is set without being named.
      - Use C(no_log) for the task if there is a password among them.
    type: dict
    default: {}
  timeout:
    description: How many seconds the service may take to start. Some build their initramfs then, which takes minutes.
    type: int
    default: 900
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
    details: The tool is not asked, since some of them write when they are. Where none is installed, RV(engine) is null.
  diff_mode:
    support: full
    details: Passwords in the files are not shown.
  idempotent:
    support: full
  platform:
    support: full
    platforms: Linux with systemd
notes:
  - Made from the reading of their scripts, and tested against their files. No host of the Red Hat or SUSE families has
    been crashed with it.
  - Neither installs a package nor reserves memory. See M(linux.kdump.crashkernel).
  - What the files were before is kept in C(/var/lib/linux-kdump/service.json), for V(disarmed).
seealso:
  - module: linux.kdump.kexec_crash
  - module: linux.kdump.crashkernel
"""

EXAMPLES = r"""
- name: Arm Debian's kdump-tools and have it keep three dumps
  linux.kdump.kdump_service:
    settings:
      KDUMP_NUM_DUMPS: 3
      MAKEDUMP_ARGS: -l -d 31

- name: Have Fedora's kdump write to an NFS server
  linux.kdump.kdump_service:
    settings:
      nfs: dumps.example.com:/srv/kdump
      path: /web1
      failure_action: poweroff

- name: Hand over to this collection's own capture kernel
  linux.kdump.kexec_crash:

- name: Have no kdump at all
  linux.kdump.kdump_service:
    state: disarmed
"""

RETURN = r"""
engine:
  description: Whose kdump it is. Null where none is installed.
  returned: success
  type: str
  sample: kdump-tools
unit:
  description: Its systemd unit.
  returned: success
  type: str
  sample: kdump-tools.service
enabled:
  description: Whether each boot starts it. In check mode this and the next are as they are now.
  returned: success
  type: bool
  sample: true
active:
  description: Whether systemd has started it.
  returned: success
  type: bool
  sample: true
loaded:
  description: Whether the kernel says that an image is loaded.
  returned: success
  type: bool
  sample: true
reserved_bytes:
  description: What the running kernel has reserved. Null if it cannot say.
  returned: success
  type: int
  sample: 268435456
status:
  description:
    - What the tool said when it was asked. Null in check mode, with another O(state) than V(armed), and for SUSE.
  returned: success
  type: str
  sample: "current state   : ready to kdump"
ready:
  description: V(true) where the tool said that it is ready. Null where it was not asked; anything else is an error.
  returned: success
  type: bool
  sample: true
replaced:
  description: Whether this collection's own loader was, or in check mode would be, replaced.
  returned: success
  type: bool
  sample: false
settings:
  description:
    - Every setting in its files, as they are now or in check mode would be. Null for one that is made by shell code.
    - Passwords are not shown.
  returned: success
  type: dict
  sample: {USE_KDUMP: "1", KDUMP_COREDIR: /var/crash}
log:
  description: The last lines of the service's journal.
  returned: when it could not be started
  type: list
  elements: str
  sample: ["kdump-config: failed to load kdump kernel"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.engine.carry_out import produce
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def main() -> None:
    """Wire options, work and result."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["armed", "enabled", "disarmed"], "default": "armed"},
            "engine": {"type": "str", "choices": ["auto", "kdump-tools", "kdump-utils", "suse"], "default": "auto"},
            "settings": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 900},
        },
        supports_check_mode=True,
    )
    options = module.params
    conclude(
        module,
        lambda: produce(
            state=options["state"],
            choice=options["engine"],
            settings=options["settings"],
            timeout=options["timeout"],
            host=Host(),
            runner=ModuleRunner(module),
            check_mode=module.check_mode,
            warn=module.warn,
        ),
    )


if __name__ == "__main__":
    main()
