# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away QEMU guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: qemu_guest
short_description: Start, stop and remove throw-away QEMU guests
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Makes a guest from an image of M(linux.kdump.qemu_image), starts it, waits for its ssh server, stops and removes it.
  - A guest's disk is an overlay; the image itself is never written to.
  - Its ssh server is reached through a free port of the loopback interface. Each lab has its own ssh key, each guest
    its own host key, and the host key is pinned before the guest ever starts.
  - No guest outlives O(lifetime), and a guest that cannot be brought up leaves no process behind.
options:
  name:
    description: The guest's name, which becomes its host name.
    type: str
    required: true
  lab_dir:
    description: The folder of the lab, holding its ssh key and a folder for each guest.
    type: path
    required: true
  state:
    description:
      - V(present) means that the guest exists and runs, V(stopped) that it exists and does not run.
      - V(restarted) stops it if it runs and starts it, V(absent) stops it if it runs and removes its files.
    type: str
    choices: [present, stopped, restarted, absent]
    default: present
  image:
    description: The image to make the guest from. Required unless O(state=absent).
    type: path
  memory:
    description: The size of its memory.
    type: str
    default: 1G
  cpus:
    description: How many processors it has.
    type: int
    default: 2
  firmware:
    description:
      - V(bios) is the BIOS that comes with QEMU. V(efi) is OVMF from Debian's package C(ovmf), without secure boot;
        each guest has EFI variables of its own.
      - Images that boot by EFI need V(efi), those that boot by a BIOS V(bios).
    type: str
    choices: [bios, efi]
    default: bios
  disk_size:
    description: The size of its disk, if larger than the image's; the file system grows into it at the first boot.
    type: str
  disks:
    description: Sizes of more, empty disks. They appear as C(/dev/vdb) and so on, with the serials C(lab1) and so on.
    type: list
    elements: str
    default: []
  accel:
    description:
      - V(tcg) emulates and works everywhere.
      - V(kvm) insists on hardware virtualisation and V(auto) takes it where it works. Both boot a kernel first to find
        out, since a device that is there may still not work; the answer is kept until this machine reboots.
    type: str
    choices: [tcg, kvm, auto]
    default: tcg
  cpu:
    description: The processor model, as QEMU names it. The default suits the accelerator.
    type: str
  port:
    description: The loopback port that leads to the guest's ssh server. By default a free one is chosen at each start.
    type: int
  networks:
    description:
      - Networks between guests, at most four. Guests of the same O(lab_dir) that name the same network share one
        Ethernet segment, and nothing else is in it.
      - Names decide over everything. A guest has the same MAC address and the same static address in a network
        whenever it is made, and RV(guest.addresses) tells them before the guest has ever run.
      - A segment is a multicast group of this machine's loopback interface. No packet leaves this machine, but other
        users of it could listen.
    type: list
    elements: str
    default: []
  extra_args:
    description: More arguments for QEMU.
    type: list
    elements: str
    default: []
  lifetime:
    description:
      - Seconds, at least 1, after which a started guest is ended whatever it does. Applies from the next start on.
    type: int
    default: 7200
  recreate:
    description:
      - Make a guest anew whose image, memory, processors, firmware, disks, networks, accelerator, port or arguments
        differ from those asked for. Its disk is lost.
      - When V(false), such a difference is an error.
    type: bool
    default: false
  wait:
    description: Wait until one can log in to a guest that is to run.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for that.
    type: int
    default: 300
  stop_timeout:
    description: Seconds a guest that is to be stopped has to shut down by itself before it is ended by force.
    type: int
    default: 60
notes:
  - Runs on the controller, with C(ansible_python_interpreter) set to C(ansible_playbook_python).
  - Each start of QEMU begins a new console file. What the guest does by itself afterwards goes on in that file, reboots
    and crashes with their capture kernel too, so that the story of a crash is in one piece and in one place.
  - A folder in O(lab_dir) that holds something else than a guest is never removed.
  - To start several guests side by side, start each with O(wait=false), then run the same tasks with O(wait=true).
requirements:
  - qemu.qmp (Python library)
  - QEMU for x86
  - ovmf, for O(firmware=efi)
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: O(state=restarted) restarts each time.
  platform:
    platforms: Debian
    support: full
seealso:
  - module: linux.kdump.qemu_image
  - plugin: linux.kdump.lab
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Have a guest
  linux.kdump.qemu_guest:
    name: alpha
    lab_dir: /var/tmp/lab
    image: "{{ lab_image.path }}"
    memory: 1G
    cpus: 2

- name: Have one with a second, small disk to fill up
  linux.kdump.qemu_guest:
    name: beta
    lab_dir: /var/tmp/lab
    image: "{{ lab_image.path }}"
    disks:
      - 64M

- name: Have a dump server, which others reach at guest.addresses.dumps
  linux.kdump.qemu_guest:
    name: server
    lab_dir: /var/tmp/lab
    image: "{{ lab_image.path }}"
    networks: [dumps]

- name: Remove it
  linux.kdump.qemu_guest:
    name: beta
    lab_dir: /var/tmp/lab
    state: absent
"""

RETURN = r"""
guest:
  description: The guest as it is now, null when there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
      sample: alpha
    state:
      description: V(running) or V(stopped).
      returned: always
      type: str
      sample: running
    directory:
      description: The folder with all of its files.
      returned: always
      type: str
      sample: /var/tmp/lab/alpha
    image:
      description: The image it was made from.
      returned: always
      type: str
      sample: /home/operator/.cache/linux-kdump/images/098d18bb9e16bc4a/image.qcow2
    memory:
      description: Its memory in bytes.
      returned: always
      type: int
      sample: 1073741824
    cpus:
      description: How many processors it has.
      returned: always
      type: int
      sample: 2
    host:
      description: The address to reach it at.
      returned: always
      type: str
      sample: 127.0.0.1
    port:
      description: The port of its ssh server, null while it does not run.
      returned: always
      type: int
      sample: 40123
    addresses:
      description: Its address in each of its networks.
      returned: always
      type: dict
      sample: {dumps: 10.44.13.170}
    interfaces:
      description: All about its places in its networks.
      returned: always
      type: list
      elements: dict
      sample: [{network: dumps, mac: "52:54:00:9f:f5:0e", address: 10.44.13.170, prefix: 16}]
    user:
      description: The user to log in as.
      returned: always
      type: str
      sample: root
    key:
      description: The private key to log in with.
      returned: always
      type: str
      sample: /var/tmp/lab/id_ed25519
    known_hosts:
      description: The file with its pinned host key, filed under the guest's name.
      returned: always
      type: str
      sample: /var/tmp/lab/alpha/known_hosts
    ssh_args:
      description: The arguments ssh needs to use nothing but the lab's own key and the guest's pinned host key.
      returned: always
      type: str
      sample: -F /dev/null -o 'HostKeyAlias="alpha"' -o 'StrictHostKeyChecking="yes"'
    qmp:
      description: The socket of QEMU's monitor.
      returned: always
      type: str
      sample: /var/tmp/lab/alpha/qmp.sock
    console:
      description: The file with everything its serial console has shown since its last start, null before the first.
      returned: always
      type: str
      sample: /var/tmp/lab/alpha/console-1.log
    boots:
      description: How often it has been started.
      returned: always
      type: int
      sample: 1
    pid:
      description: The process that holds it, null while it does not run.
      returned: always
      type: int
      sample: 4711
    accel:
      description: The accelerator it runs under, null while it does not run.
      returned: always
      type: str
      sample: tcg
    started:
      description: When it was started, in seconds since the epoch, null while it does not run.
      returned: always
      type: int
      sample: 1763848800
    expires:
      description: When it will be ended whatever it does, null while it does not run.
      returned: always
      type: int
      sample: 1763856000
steps:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [create, start]
console:
  description: The last lines of the console of a guest that did not come up.
  returned: failure
  type: list
  elements: str
  sample: ["Kernel panic - not syncing: Attempted to kill init!"]
console_path:
  description: The file with all of them.
  returned: failure
  type: str
  sample: /var/tmp/lab/alpha.failed.log
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.lab.guest import produce
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "lab_dir": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "stopped", "restarted", "absent"], "default": "present"},
            "image": {"type": "path"},
            "memory": {"type": "str", "default": "1G"},
            "cpus": {"type": "int", "default": 2},
            "firmware": {"type": "str", "choices": ["bios", "efi"], "default": "bios"},
            "disk_size": {"type": "str"},
            "disks": {"type": "list", "elements": "str", "default": []},
            "accel": {"type": "str", "choices": ["tcg", "kvm", "auto"], "default": "tcg"},
            "cpu": {"type": "str"},
            "port": {"type": "int"},
            "networks": {"type": "list", "elements": "str", "default": []},
            "extra_args": {"type": "list", "elements": "str", "default": []},
            "lifetime": {"type": "int", "default": 7200},
            "recreate": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 300},
            "stop_timeout": {"type": "int", "default": 60},
        },
        required_if=[("state", state, ["image"]) for state in ("present", "stopped", "restarted")],
        supports_check_mode=True,
    )
    runner = ModuleRunner(module)
    conclude(module, lambda: produce(module.params, runner=runner, check=module.check_mode))


if __name__ == "__main__":
    main()
