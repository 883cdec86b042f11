#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument spec and wiring; the work is in module_utils/capture/chosen.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capture_drivers
short_description: Choose the drivers that a capture kernel needs for given hosts
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Takes what M(linux.kdump.kdump_info) found between the dump targets of hosts and the root of their buses. Chooses
    by it what a capture kernel has to have.
  - With O(fragment), writes one kconfig fragment for all of the hosts, with everything built in, for
    M(linux.kdump.kernel_build). The symbol that builds a driver is read from the Makefiles of the kernel source, and
    what it depends on from its Kconfig files.
  - With O(module_tree), names the modules of that tree that the image of each host has to hold, for
    M(linux.kdump.capture_initramfs).
  - A driver that the kernel does not have is an error that names the host and the device, since that host would lose
    its dump.
notes:
  - Runs on the build host, usually the controller (C(hosts) set to V(localhost)). No privileges are needed.
  - For a source tarball, O(cache_dir) keeps its Makefiles and Kconfig files, about 35 MB. Taking them out takes as long
    as reading the whole tarball.
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
  hosts:
    description: The hosts.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The host's name, for messages and results.
        type: str
        required: true
      evidence:
        description: RV(linux.kdump.kdump_info#module:evidence) about the host.
        type: dict
        required: true
      interfaces:
        description:
          - The network interfaces that dumps leave the host by, each as its MAC address, or V(default) for those of the
            default route.
          - Empty where dumps stay on local disks.
        type: list
        elements: str
        default: []
      nfs:
        description: The versions of NFS by which the host's dump targets are mounted.
        type: list
        elements: str
        choices: ["3", "4", "4.0", "4.1", "4.2"]
        default: []
  fragment:
    description: The file to write the kconfig fragment to. Its folder is made where it is missing.
    type: path
  module_tree:
    description: A capture kernel's module tree, RV(linux.kdump.kernel_build#module:modules).
    type: path
  source:
    description:
      - The kernel source for O(fragment), a tarball or a folder.
      - Without it, the newest C(linux-source-*.tar.xz) in C(/usr/src).
    type: path
  architecture:
    description: The architecture for O(fragment). Without it, that of the build host.
    type: str
  cache_dir:
    description:
      - Where the part of a source tarball that is read for O(fragment) is kept, in the folder C(outlines) below it.
      - Without it, E(KDUMP_CACHE), or else C(linux-kdump) in E(XDG_CACHE_HOME), or else C(~/.cache/linux-kdump).
    type: path
seealso:
  - module: linux.kdump.kdump_info
  - module: linux.kdump.kernel_build
  - module: linux.kdump.capture_initramfs
"""

EXAMPLES = r"""
- name: Choose what one kernel for two hosts needs
  linux.kdump.capture_drivers:
    fragment: /srv/kdump/fleet.config
    hosts:
      - name: db1
        evidence: "{{ hostvars['db1']['db1_look']['evidence'] }}"
      - name: web1
        evidence: "{{ hostvars['web1']['web1_look']['evidence'] }}"
        interfaces: [default]

- name: Build that kernel
  linux.kdump.kernel_build:
    fragments: [/srv/kdump/fleet.config]

- name: Choose the modules of the image for a host, of a kernel that was built with the fragment server
  linux.kdump.capture_drivers:
    module_tree: "{{ server_kernel.modules }}"
    hosts:
      - name: db1
        evidence: "{{ hostvars['db1']['db1_look']['evidence'] }}"
  register: chosen
"""

RETURN = r"""
path:
  description: The fragment.
  returned: with O(fragment)
  type: str
  sample: /srv/kdump/fleet.config
symbols:
  description: What was chosen, by kernel module.
  returned: with O(fragment)
  type: list
  elements: dict
  contains:
    module:
      description: The kernel module of a driver.
      returned: with O(fragment)
      type: str
      sample: megaraid_sas
    symbols:
      description: The kconfig symbols that no module before has turned on.
      returned: with O(fragment)
      type: list
      elements: str
      sample: [MEGARAID_SAS, SCSI_LOWLEVEL, SCSI]
    hosts:
      description: The hosts that need it.
      returned: with O(fragment)
      type: list
      elements: str
      sample: [db1]
  sample:
    - {module: megaraid_sas, symbols: [MEGARAID_SAS, SCSI_LOWLEVEL, SCSI], hosts: [db1]}
modules:
  description: The modules of each host. What they depend on is not among them.
  returned: with O(module_tree)
  type: dict
  sample: {db1: [ext4, megaraid_sas, sd_mod], db2: [ext4, megaraid_sas, sd_mod]}
images:
  description: The distinct sets of modules, and which hosts need each.
  returned: with O(module_tree)
  type: list
  elements: dict
  contains:
    modules:
      description: Names of modules, sorted.
      returned: with O(module_tree)
      type: list
      elements: str
      sample: [ext4, megaraid_sas, sd_mod]
    hosts:
      description: The hosts that need just these.
      returned: with O(module_tree)
      type: list
      elements: str
      sample: [db1, db2]
  sample:
    - {modules: [ext4, megaraid_sas, sd_mod], hosts: [db1, db2]}
"""

import os
import platform
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.capture import chosen, hosts
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.capture.save.targets import NFS_VERSIONS
from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude

HOST = {
    "name": {"type": "str", "required": True},
    "evidence": {"type": "dict", "required": True},
    "interfaces": {"type": "list", "elements": "str", "default": []},
    "nfs": {"type": "list", "elements": "str", "choices": list(NFS_VERSIONS), "default": []},
}


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """A fragment or modules."""
    options = module.params
    paths = hosts.read(options["hosts"])
    if options["module_tree"]:
        return chosen.choose_modules(paths, options["module_tree"])
    request = chosen.FleetRequest(
        path=options["fragment"],
        hosts=paths,
        source=options["source"],
        architecture=architectures.find(options["architecture"] or platform.machine()),
        cache=options["cache_dir"] or default_cache(os.environ),
    )
    return chosen.write_fragment(request, ModuleRunner(module), check_mode=module.check_mode)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "hosts": {"type": "list", "elements": "dict", "required": True, "options": HOST},
            "fragment": {"type": "path"},
            "module_tree": {"type": "path"},
            "source": {"type": "path"},
            "architecture": {"type": "str"},
            "cache_dir": {"type": "path"},
        },
        mutually_exclusive=[("fragment", "module_tree")],
        required_one_of=[("fragment", "module_tree")],
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
