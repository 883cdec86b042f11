# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running lab guests as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lab
short_description: The running guests of a lab
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Lists the guests that M(linux.kdump.qemu_guest) has started in a lab and that run now.
  - All of them are in the group C(kdump_lab), with everything that is needed to connect to them.
  - A guest also has C(kdump_console), the file with what its serial console shows, and C(kdump_lab_guest), everything
    that is known about it. C(kdump_lab_guest.addresses) has its address in each of the networks it shares with others.
  - The inventory file's name must end in C(lab.yml) or C(lab.yaml). A lab without guests gives an empty inventory.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [linux.kdump.lab]
  lab_dir:
    description:
      - The folder of the lab.
      - The default is the folder C(labs) and O(lab_name) in it, below the cache folder of this collection, which is
        C($KDUMP_CACHE), or C(linux-kdump) in C($XDG_CACHE_HOME) or C(~/.cache).
    type: path
    env:
      - name: KDUMP_LAB_DIR
  lab_name:
    description: The name of the lab, where O(lab_dir) is not set.
    type: str
    default: default
    env:
      - name: KDUMP_LAB_NAME
  user:
    description: The user to log in as. V(lab) is an ordinary user who may use sudo.
    type: str
    choices: [root, lab]
    default: root
extends_documentation_fragment:
  - constructed
seealso:
  - module: linux.kdump.qemu_guest
"""

EXAMPLES = r"""
# lab.yml: the lab with the default name
plugin: linux.kdump.lab

# lab.yml: another one, with a group of the small guests
# plugin: linux.kdump.lab
# lab_dir: /var/tmp/lab
# groups:
#   small: kdump_lab_guest.memory < 1073741824
"""

import os

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

from ..module_utils.errors import KdumpError
from ..module_utils.lab.inventory import GROUP, default_lab_dir, hosts


class InventoryModule(BaseInventoryPlugin, Constructable):
    """The inventory of one lab."""

    NAME = "linux.kdump.lab"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("lab.yml", "lab.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        lab_dir = self.get_option("lab_dir") or default_lab_dir(os.environ, name=self.get_option("lab_name"))
        try:
            found = hosts(lab_dir, user=self.get_option("user"))
        except KdumpError as error:
            raise AnsibleParserError(error.message) from error
        inventory.add_group(GROUP)
        strict = self.get_option("strict")
        for name, variables in found.items():
            inventory.add_host(name, group=GROUP)
            for key, value in variables.items():
                inventory.set_variable(name, key, value)
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
