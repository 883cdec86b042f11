#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument spec and wiring; the work is in module_utils/capture/kernel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_build
short_description: Build a capture kernel or a production kernel from source
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Builds a small C(-kdump) kernel that does nothing but save the memory of a crashed one.
    Everything is off in it (C(allnoconfig)) but what the kconfig fragments ask for.
  - Or builds a production kernel (O(kind=system)) from the configuration of a distribution, with what kexec, kdump and
    the analysis of dumps need, and packs it with its modules into an archive for M(linux.kdump.kernel_install).
  - After the configuration each symbol that was asked for is compared with what it became. A symbol that was lost
    is an error that names the dependency it lacks, and a misspelt one is an error too.
  - The source is never changed where it lies. In what is unpacked from a tarball for a capture kernel of x86_64, a few
    numbers are edited that cost it megabytes and that no option changes, which are the borders at which its code and
    data begin, and the size of the pieces of memory for which it has page descriptors. The manifest's C(edits) names
    those that were made. A folder is built as it is.
  - The build happens in a private folder inside O(cache_dir), and the finished kernel is
    moved from there into the cache as a whole. What was interrupted leaves nothing behind.
  - A kernel is built once for each set of inputs, which are the content of the source, the fragments, the
    architecture and the versions of the tools. Time, user, host and the environment do not enter it, and the same
    inputs give the same bytes.
  - While it runs, lines on the terminal tell how many objects of an estimate are compiled.
    When the playbook is interrupted, the build is stopped.
notes:
  - Runs on the build host, usually the controller (C(hosts) set to V(localhost)). No privileges are needed.
  - The first build from a tarball takes about 1.9 GB of disk space for a while and leaves about 18 MB.
    A production kernel from a distribution's configuration takes 10 GB, with debug info 32 GB, and hours.
  - For another architecture than the build host's own it takes Debian's cross compiler, such as the package
    C(gcc-s390x-linux-gnu). A missing one is an error that names the package.
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: Linux
    support: full
  action:
    support: partial
    details: The action plugin shows the progress and stops an interrupted build; the build itself is the module's.
  async:
    support: none
  bypass_host_loop:
    support: none
options:
  kind:
    description:
      - What kind of kernel to build.
      - V(capture) is the kernel that saves the dump. It never gets into a boot menu.
      - V(system) is a production kernel, whose crashes can be captured and understood.
    type: str
    choices: [capture, system]
    default: capture
  architecture:
    description:
      - The architecture to build for, which is V(x86_64), V(i386), V(ppc64le), V(arm64) or V(s390x).
        What C(uname -m) says is understood as well.
      - Without it, that of the build host.
    type: str
  config:
    description:
      - What a production kernel (O(kind=system)) starts from.
      - The path of a configuration, which may be compressed with gzip or xz. What has a slash is a path.
      - A flavour of Debian's C(linux-config) package, such as V(amd64_none_cloud-amd64).
      - V(minimal) for none. Everything is off then but what the fragments ask for, as in a capture kernel, and
        several CPUs, modules and the network. It suits small virtual machines, and builds in minutes.
      - Without it, that of the kernel that the build host runs, from C(/boot/config-*) or C(/proc/config.gz).
    type: str
  debug_info:
    description:
      - Whether the file C(vmlinux) of a production kernel describes types and lines.
      - M(linux.kdump.vmcore_info) does without; C(crash) and C(drgn) do not.
    type: str
    choices: [dwarf, none]
    default: dwarf
  physical_start:
    description:
      - Makes a capture kernel that is not relocatable and runs at this physical address, such as V(16M),
        for machines or loaders that cannot place it elsewhere. Only V(x86_64) and V(i386) have such kernels.
      - The reservation has to lie there, as in C(crashkernel=64M@16M), and the image to load is C(vmlinux), since
        kexec-tools takes no such C(bzImage). It cannot be signed (O(sign)).
    type: str
  source:
    description:
      - A tarball of the kernel source, or a folder with an unpacked one that was never built in.
      - Without it, the newest C(linux-source-*.tar.xz) in C(/usr/src), where Debian's C(linux-source) packages put it.
    type: path
  fragments:
    description:
      - What the kernel is to support beyond the basic set, which is always part of it.
      - Each is the name of a shipped fragment or the path of a file of kconfig lines on the build host.
        What has a slash is a path. A later fragment overrules an earlier one.
      - V(tiny) stands for V(virtio), V(sata), V(nvme) and V(ext4). Others to add to it are V(xfs), V(btrfs), V(dm)
        (LVM and LUKS), V(md), V(network) (IPv4, with virtio, e1000 and e1000e), V(nfs), V(iommu) (for what runs with
        an IOMMU) and V(firmware) (quirks by a machine's name).
      - V(server) stands for the controllers, network cards and file systems of physical servers and the usual
        hypervisors, as modules, with V(modules), V(iommu) and V(firmware). An image needs those of its host, which
        M(linux.kdump.capture_drivers) chooses. Its parts are V(server_virtio), V(server_guests), V(server_storage),
        V(server_network) and V(server_filesystems).
      - Without it, V(tiny), and nothing for a production kernel that starts from a whole configuration.
      - A production kernel may have V(userland) as well, which is what a distribution's programs expect of a kernel
        that is made of fragments alone, and V(lkdtm), with which tests crash it in many ways.
    type: list
    elements: str
  local_version:
    description:
      - What is appended to the kernel's version. It must end in C(-kdump) for a capture kernel, and must not for a
        production kernel.
      - Without it, V(-kdump) for a capture kernel and V(-system) for a production kernel.
    type: str
  cache_dir:
    description:
      - Where built kernels are kept, in the folder C(kernels) below it.
      - Without it, E(KDUMP_CACHE), or else C(linux-kdump) in E(XDG_CACHE_HOME), or else C(~/.cache/linux-kdump).
    type: path
  sign:
    description:
      - Sign the kernel, and the modules it may have, with a key of one's own, so that a host under Secure Boot or
        lockdown loads it once that host trusts the certificate. Without this option nothing is signed.
      - On x86_64, i386 and arm64 the signature is inside the image, which is built with an EFI stub for that (the
        fragment V(efi_stub)) and signed by C(sbsign). On ppc64le and s390x, and for modules, it is appended.
      - What comes out is verified. The signed kernel lies beside the unsigned one in the cache, so that another key
        costs a signature and not another build.
      - Nothing of the key is kept, returned or logged. The manifest tells the certificate's fingerprint.
    type: dict
    suboptions:
      key:
        description: The private key, in PEM form and not encrypted, on the build host.
        type: path
        required: true
      certificate:
        description: Its certificate, in PEM form.
        type: path
        required: true
  jobs:
    description: How many compilers run at once. Without it, one for each CPU that the build may use.
    type: int
  timeout:
    description:
      - The most seconds that the build may take. Waiting for another build in the same cache may take as long before.
    type: int
    default: 7200
  progress:
    description:
      - A folder through which module and action plugin talk while the build runs.
      - Set by the action plugin; there is no reason to set it in a task.
    type: path
seealso:
  - module: linux.kdump.capture_initramfs
  - module: linux.kdump.kernel_install
"""

EXAMPLES = r"""
- name: Build the capture kernel from Debian's linux-source package
  linux.kdump.kernel_build:
  register: capture_kernel

- name: Build one for NVMe and ext4 only, with a driver of our own choice
  linux.kdump.kernel_build:
    source: /srv/src/linux-6.1.192.tar.xz
    fragments: [nvme, ext4, /srv/kdump/megaraid.config]
    local_version: -megaraid-kdump

- name: Build one that hosts under Secure Boot load, when they trust the certificate
  linux.kdump.kernel_build:
    sign:
      key: /srv/keys/kdump.key
      certificate: /srv/keys/kdump.pem

- name: Build one for a mainframe
  linux.kdump.kernel_build:
    architecture: s390x

- name: Build a production kernel with what Debian's has, and debug info
  linux.kdump.kernel_build:
    kind: system
    config: amd64_none_cloud-amd64
    local_version: -prod
    timeout: 43200
  register: system_kernel

- name: Tell whether a build is due
  linux.kdump.kernel_build:
  check_mode: true
  register: due
"""

RETURN = r"""
digest:
  description: The sha256 over all inputs of the build.
  returned: success
  type: str
  sample: 0c2f5d6c1f0a1e0d8b2f3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081
reason:
  description: Why it was built, or why not.
  returned: success
  type: str
  sample: the cache holds no kernel of these inputs
path:
  description: >-
    The folder that holds the kernel, or would hold it in check mode: the files C(bzImage), C(vmlinux), C(config),
    C(System.map) and C(manifest.json).
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/kernels/0c2f5d6c1f0a1e0d
image:
  description: The file that kexec loads, C(bzImage), C(Image) or C(vmlinux) as the architecture has it.
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/kernels/0c2f5d6c1f0a1e0d/bzImage
vmlinux:
  description: The kernel as an ELF file with its symbols.
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/kernels/0c2f5d6c1f0a1e0d/vmlinux
release:
  description: What C(uname -r) says in the capture kernel. None in check mode where it is not built yet.
  returned: success
  type: str
  sample: 6.1.192-kdump
archive:
  description: >-
    A production kernel with its configuration, symbols and modules, each at its place below C(/),
    for O(linux.kdump.kernel_install#module:src). None for a capture kernel.
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/kernels/3b0e7d3c4c4e9b0f/install.tar.gz
modules:
  description: >-
    The kernel's module tree, for O(linux.kdump.capture_initramfs#module:module_tree). None for a kernel without
    modules, and in check mode where it is not built yet.
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/kernels/7d1e0c9b8a796857/modules/lib/modules/6.1.192-kdump
manifest:
  description: >-
    The manifest document (kind C(kernel)): inputs, tools, and size and sha256 of every file.
    None in check mode where it is not built yet.
  returned: success
  type: dict
  sample: {"schema": {"name": "linux.kdump/manifest", "version": 1}, "kind": "kernel", "release": "6.1.192-kdump"}
log:
  description: The last lines that the failed step printed.
  returned: when a step of the build failed
  type: list
  elements: str
  sample: ["make[1]: *** [Makefile:1241: vmlinux] Error 2"]
log_path:
  description: The file with everything that the failed build printed, where it could be kept.
  returned: when the build fails
  type: str
  sample: /home/user/.cache/linux-kdump/kernels/0a1b2c3d4e5f6071.failed.log
lost:
  description: Every symbol that did not become what was asked for, and why.
  returned: when the configuration is not what was asked for
  type: list
  elements: str
  sample: ["CONFIG_XFS_FS=y (mine.config:3) became n: it depends on BLOCK, which is not met (fs/xfs/Kconfig:2)"]
missing:
  description: The packages that are missing.
  returned: when tools are missing
  type: list
  elements: str
  sample: [flex, bison]
"""

import os
import platform
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, signed
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import build as kernel_build
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import request as kernel_request
from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def requested(options: t.Mapping[str, t.Any]) -> kernel_request.Request:
    """The options as one value."""
    return kernel_request.of_options(
        kind=options["kind"],
        architecture=architectures.find(options["architecture"] or platform.machine()),
        source=options["source"],
        config=options["config"],
        debug_info=options["debug_info"],
        physical_start=options["physical_start"],
        fragments=options["fragments"],
        local_version=options["local_version"],
        cache=options["cache_dir"] or kernel_build.default_cache(os.environ),
        jobs=options["jobs"] or len(os.sched_getaffinity(0)),
        timeout=options["timeout"],
    )


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Desired, current, plan, apply."""
    options, runner = module.params, ModuleRunner(module)
    progress = Progress(options["progress"])
    with progress.alive():
        request = requested(options)
        progress.say("reading the source")
        if options["sign"]:
            return _signed(module, request, runner, progress)
        wanted = kernel_build.desired(request, runner)
        document = kernel_build.current(wanted)
        step = kernel_build.plan(wanted, document)
        if step.build and not module.check_mode:
            document = kernel_build.apply(request, wanted, runner, progress)
        return kernel_build.result(request, wanted, document, step)


def _signed(
    module: AnsibleModule, request: kernel_request.Request, runner: ModuleRunner, progress: Progress
) -> dict[str, t.Any]:  # fmt: skip
    """The same for a kernel with a signature."""
    request, sign = signed.signable(request), module.params["sign"]
    wanted = signed.desired(request, sign["key"], sign["certificate"], runner)
    document = signed.current(wanted)
    step = signed.plan(wanted, document)
    if step.build and not module.check_mode:
        document = signed.apply(request, wanted, runner, progress)
    return signed.result(request, wanted, document, step)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "kind": {"type": "str", "choices": ["capture", "system"], "default": "capture"},
            "architecture": {"type": "str"},
            "config": {"type": "str"},
            "debug_info": {"type": "str", "choices": ["dwarf", "none"], "default": "dwarf"},
            "physical_start": {"type": "str"},
            "source": {"type": "path"},
            "fragments": {"type": "list", "elements": "str"},
            "local_version": {"type": "str"},
            "cache_dir": {"type": "path"},
            "sign": {
                "type": "dict",
                "options": {
                    # A path: there is nothing to hide in it.
                    "key": {"type": "path", "required": True, "no_log": False},
                    "certificate": {"type": "path", "required": True},
                },
            },
            "jobs": {"type": "int"},
            "timeout": {"type": "int", "default": 7200},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
