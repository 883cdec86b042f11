# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin wiring around module_utils.vmcore.examine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmcore_info
short_description: Read, verify and triage a vmcore
version_added: 0.1.0
author:
  - The linux.kdump maintainers (@linux-kdump)
description:
  - Tells whether a vmcore is complete, sound, and from the expected host, kernel and crash,
    and what its kernel died of.
  - Needs no debug information and no tools. It reads the file in place, its headers and a few hundred pages of it,
    in constant memory. Only with O(depth=full) it reads all.
  - Reads ELF cores as C(/proc/vmcore) exports them and C(makedumpfile -E) writes them, and the compressed format of
    makedumpfile, versions 1 to 6, each also flattened (C(makedumpfile -F)) and as QEMU's C(dump-guest-memory) writes
    them, of 32 and 64 bits, little and big endian; all parts of a split dump together; and raw memory where its
    VMCOREINFO is given. Any of these may be compressed with gzip, bzip2, xz, zstd or lz4.
  - A bad dump is a verdict, not a failure. The module fails only where the file cannot be read at all.
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent:
    support: full
  platform:
    support: full
options:
  path:
    description:
      - The vmcore.
      - Its format is found out from its contents. A name that ends in C(.incomplete), C(-incomplete) or C(.part)
        makes the verdict C(incomplete).
    type: path
    required: true
  parts:
    description:
      - Further files of the same dump, where it was split (C(makedumpfile --split)). Their order does not matter.
      - A part alone is C(incomplete).
    type: list
    elements: path
    default: []
  vmcoreinfo:
    description:
      - A text file with the VMCOREINFO of the kernel, as C(makedumpfile -g) writes it. It is used where the dump itself
        has none, as a dump by QEMU of a guest without C(-device vmcoreinfo).
      - A file of no known format is then read as raw memory, its first byte as that at physical address 0.
    type: path
  machine:
    description:
      - Whose memory a raw image is, where its VMCOREINFO does not tell.
    type: str
    choices: [aarch64, arm, i386, ppc, ppc64, ppc64le, riscv64, s390x, x86_64]
  unpack_limit:
    description:
      - How much a compressed file may hold, in bytes or with a unit as in V(16G).
      - It is unpacked once, into a temporary file without a name in O(unpack_dir), where zeros take no room; that takes
        time in proportion to the dump. A finding tells how large it was.
      - By default 4 GiB, and no more than 256 times the size of the file unless that is less than 256 MiB.
    type: bytes
  unpack_dir:
    description: Where to make that file. 64 MiB are left free there.
    type: path
    default: /var/tmp
  expect:
    description:
      - What is known about the crash. A dump that does not agree, or does not tell, is a C(mismatch).
    type: dict
    suboptions:
      nonce:
        description:
          - The nonce of the drill, as M(linux.kdump.panic) returned it. It must be in the kernel log inside the dump.
          - The log is then read even with O(depth=structure).
        type: str
      release:
        description: The kernel's release, as C(uname -r) prints it.
        type: str
      nodename:
        description: The host's name, as C(uname -n) prints it.
        type: str
      not_before:
        description:
          - The crash was not before this moment, by the clock of the crashed host.
          - Seconds since 1970, or an ISO 8601 date, in UTC where it has no zone.
        type: str
      cpus:
        description: How many CPUs saved their registers.
        type: int
      compression:
        description:
          - How its pages, or the whole file, were to be packed. C(makedumpfile) that was built without a method says
            nothing and writes raw pages, as Debian's 1.7.2 does for zstd and snappy.
        type: str
        choices: [zlib, lzo, snappy, zstd, gzip, bzip2, xz, lz4]
  depth:
    description: How closely to look.
    type: str
    choices:
      structure: Headers, notes, and where every page lies in the file.
      identity: Also find the kernel's memory, and in it the name of the host.
      content: Also read the kernel log and find in it what crashed, and test the kernel's table of symbols.
      full: Also read and unpack every page, and digest the file. Takes time in proportion to the size of the dump.
    default: content
  log:
    description: Return the kernel log in RV(vmcore.log).
    type: bool
    default: false
seealso:
  - module: linux.kdump.panic
  - module: linux.kdump.vmcore_fetch
notes:
  - LZO pages are unpacked with liblzo2 where it is installed, else by code of this collection, which is slow enough
    to matter with O(depth=full).
  - Pages packed with snappy need the Python package cramjam; pages and files packed with zstd need Python 3.14 or the
    package backports.zstd; files packed with lz4 need the package lz4; C(requirements/codecs.txt) of the collection
    pins all three. Without them the structure can still be checked,
    except that of a compressed file.
"""

EXAMPLES = r"""
- name: Is this dump complete and sound?
  linux.kdump.vmcore_info:
    path: artifacts/db1/20261122T214719Z-1b2c3d4e/vmcore
  register: dump
  delegate_to: localhost

- name: It must be from the crash that we made
  linux.kdump.vmcore_info:
    path: "{{ fetched.dest }}/vmcore"
    expect:
      nonce: "{{ crash.nonce }}"
      release: "{{ crash.before.release }}"
      nodename: "{{ crash.before.nodename }}"
      not_before: "{{ crash.started }}"
  register: dump
  delegate_to: localhost
  failed_when: dump.vmcore.verdict != 'ok'

- name: What did the kernel say last?
  linux.kdump.vmcore_info:
    path: /var/crash/20261122T214719Z-1b2c3d4e/vmcore
    log: true
  register: dump

- name: Show it
  ansible.builtin.debug:
    msg: "{{ dump.vmcore.log[-20:] | map(attribute='text') }}"
"""

RETURN = r"""
msg:
  description: The verdict in at most six lines. What the dump is worth, what crashed and where, and what to do next.
  returned: success
  type: str
  sample: |-
    The dump is complete and sound: Linux 6.1.0 (x86_64) of host db1, crashed at 2026-11-22T21:47:19Z after 5.3 s.
    Crash: a crash on request: sysrq triggered crash (on CPU 1, in sh (pid 412))
    Where: sysrq_handle_crash < __handle_sysrq < write_sysrq_trigger < proc_reg_write; signature 237bf7d6164ee02b
vmcore:
  description: The verdict document. Its JSON Schema is C(docs/schemas/verdict.schema.json).
  returned: success
  type: dict
  contains:
    schema:
      description: Name and version of this document's schema.
      type: dict
      sample: {name: linux.kdump/verdict, version: 1}
    container:
      description:
        - The format of the file. C(elf), C(kdump), C(flattened-elf), C(flattened-kdump), C(raw) or C(unknown).
      type: str
      sample: kdump
    compression:
      description: How the whole file is compressed. Null where it is not.
      type: str
      sample: zstd
    bytes:
      description: The size of the file.
      type: int
      sample: 52444363
    sha256:
      description: The digest of the file as it lies on disk. Null unless O(depth=full).
      type: str
      sample: 5c0e1ba4a4dbd51f3bd8f8e5d7ad9cf5a2fcf0a3d2f74ad3f6bb5a6a9f2a6c11
    machine:
      description: The machine the kernel ran on, as C(uname -m) prints it. Null where unknown.
      type: str
      sample: x86_64
    dump_level:
      description: The level of filtering that makedumpfile used (C(-d)). Null where the format does not tell.
      type: int
      sample: 31
    page_compression:
      description:
        - How many pages are packed by each method. C(raw), C(zlib), C(lzo), C(snappy) or C(zstd). A page that does not
          shrink is raw whatever the method. Null where pages are not packed one by one.
      type: dict
      sample: {raw: 2210, lzo: 27662}
    verdict:
      description:
        - C(ok) means complete, sound as deep as was looked, and as expected.
        - C(incomplete) means cut short, or never finished.
        - C(corrupt) means that parts contradict each other.
        - C(mismatch) means a sound dump, but of another crash, host or kernel than expected, or packed in another way.
        - C(unrecognised) means no kernel dump, or one of a kind that cannot be read here.
      type: str
      sample: ok
    findings:
      description: What was found out, in the order it was. Empty where all is well.
      type: list
      elements: dict
      contains:
        id:
          description: What kind of finding. Never changes its meaning.
          type: str
          sample: truncated
        severity:
          description: C(error) where it decides the verdict, else C(warning) or C(info).
          type: str
          sample: error
        message:
          description: The finding in words.
          type: str
          sample: The file ends at byte 26222181, but the last page would end at byte 52444363. Fetch it again.
      sample:
        - id: truncated
          severity: error
          message: The file ends at byte 26222181, but the last page would end at byte 52444363. Fetch it again.
    release:
      description: The kernel's release. Null where the dump does not tell.
      type: str
      sample: 6.1.0-56-cloud-amd64
    build_id:
      description: The build ID of its C(vmlinux). Null where the dump does not tell.
      type: str
      sample: 3b43fad5034874490492495d552c0af6a5fab235
    crash_time:
      description: When it crashed, by its own clock, in UTC. Null where the dump does not tell.
      type: str
      sample: "2026-11-22T21:47:19Z"
    nodename:
      description: The name of the host, from the dead kernel's memory. Null where the dump does not tell.
      type: str
      sample: db1
    cpus:
      description: How many CPUs saved their registers. Null where no dump was recognised.
      type: int
      sample: 2
    panic:
      description: What the log says about the crash. Null where it says nothing.
      type: dict
      contains:
        class:
          description:
            - What kind of crash. C(oops), C(bug), C(die) (other traps), C(soft_lockup), C(hard_lockup), C(hung_task),
              C(rcu_stall), C(warning), C(nmi), C(mce), C(out_of_memory), C(sysrq), or C(panic) for any other panic.
            - C(unknown) where the kernel's variables say that it crashed, and its log does not say why.
          type: str
          sample: sysrq
        reason:
          description: The first line of the report of the crash, or what the kernel said when it panicked.
          type: str
          sample: sysrq triggered crash
        cpu:
          description: The CPU that died.
          type: int
          sample: 1
        pid:
          description: The process that ran on it.
          type: int
          sample: 412
        comm:
          description: The name of that process.
          type: str
          sample: sh
        taint:
          description: The letters of the kernel's taint. Empty where it is not tainted.
          type: str
          sample: GE
        taint_meanings:
          description: What these letters stand for.
          type: list
          elements: str
          sample: [an unsigned module]
        backtrace:
          description: The call trace, innermost first. A frame that begins with C(?) is a guess.
          type: list
          elements: str
          sample: [dump_stack_lvl+0x44/0x5c, panic+0x118/0x2f4, sysrq_handle_crash+0x16/0x20]
        backtrace_source:
          description:
            - Where the call trace is from. C(log) where the kernel printed one, C(stack) where it is of the stack
              of the CPU that died, and may hold frames of calls long gone. Null where there is none.
          type: str
          sample: log
      sample:
        class: sysrq
        reason: sysrq triggered crash
        cpu: 1
        pid: 412
        comm: sh
        taint: ""
        taint_meanings: []
        backtrace: [panic+0x118/0x2f4]
        backtrace_source: log
    signature:
      description: Sixteen hex digits, the same for the same bug on any host. Null where there is no panic.
      type: str
      sample: 7fe91168026c81c4
    uptime:
      description: Seconds since boot when it crashed. Null where the log does not tell.
      type: float
      sample: 5.256713
    modules:
      description: The modules that were loaded. Null where the log does not tell; not every panic lists them.
      type: list
      elements: str
      sample: [ext4, virtio_net]
    command_line:
      description: The command line of the crashed kernel. Null where the dump does not tell.
      type: str
      sample: root=/dev/vda1 ro crashkernel=64M
    banner:
      description: The first line of its log, which names its builder and compiler. Null where the dump does not tell.
      type: str
      sample: "Linux version 6.1.0-56-cloud-amd64 (gcc-12 12.2.0) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2"
    registers:
      description:
        - The registers that each CPU saved, of 256 CPUs at most. Their order is not that of CPU numbers. Empty
          where the log was not looked at, as at O(depth=structure) and O(depth=identity).
      type: list
      elements: dict
      contains:
        pid:
          description: The process that ran on it; 0 where it was idle.
          type: int
          sample: 412
        pc:
          description: The instruction pointer.
          type: str
          sample: "0xffffffffadf6475a"
        sp:
          description: The stack pointer.
          type: str
          sample: "0xffffd40f00013998"
        function:
          description: The function the CPU was in. Null where the symbols do not tell.
          type: str
          sample: __crash_kexec+0x11a/0x130
        values:
          description: All registers, by the names they have on this machine.
          type: dict
          sample: {ip: "0xffffffffadf6475a", sp: "0xffffd40f00013998"}
      sample:
        - pid: 412
          pc: "0xffffffffadf6475a"
          sp: "0xffffd40f00013998"
          function: __crash_kexec+0x11a/0x130
          values: {ip: "0xffffffffadf6475a", sp: "0xffffd40f00013998"}
    symbols:
      description:
        - The kernel's own table of symbols, where it puts C(_stext) where VMCOREINFO says it is. Null where
          VMCOREINFO does not tell where it is; kernels do since Linux 6.0.
      type: dict
      contains:
        layout:
          description: How addresses are stored. C(absolute), C(percpu), C(relative) or C(self-relative).
          type: str
          sample: percpu
        count:
          description: How many symbols there are.
          type: int
          sample: 87347
      sample: {layout: percpu, count: 87347}
    nonce:
      description: The last nonce of a drill in the log. Null where there is none.
      type: str
      sample: fab62ecee536f2230c8c1fa63c10c9a0
    nonce_found:
      description: Whether the expected nonce is in the log. Null where none was expected.
      type: bool
      sample: true
    log_summary:
      description: How complete the log is. Null where it was not or could not be read.
      type: dict
      contains:
        generation:
          description:
            - What kind of log it is. C(lockless) since Linux 5.10, C(records) since 3.5, C(characters) before.
          type: str
          sample: lockless
        records:
          description: Records that were read.
          type: int
          sample: 377
        lost:
          description: Records whose text found no room in the ring.
          type: int
          sample: 0
        gaps:
          description: Records in the middle that were begun, but never finished.
          type: int
          sample: 0
        overwritten:
          description:
            - Records that newer ones had overwritten before the crash. Null where there were some, but a kernel before
              5.10 does not tell how many.
          type: int
          sample: 0
        unread:
          description: Older records that were left out because there are over 100000 of them, or over 32 MiB.
          type: int
          sample: 0
      sample: {generation: lockless, records: 377, lost: 0, gaps: 0, overwritten: 0, unread: 0}
    log:
      description: The kernel log, oldest first. Null unless O(log=true).
      type: list
      elements: dict
      contains:
        seq:
          description: The record's number since boot; before Linux 5.10, since the oldest record that is left.
          type: int
          sample: 376
        ts:
          description: Seconds since boot. Null where the line does not tell, which only happens before Linux 3.5.
          type: float
          sample: 4.086119
        level:
          description: The level, 0 (emergency) to 7 (debug). Null where the line does not tell.
          type: int
          sample: 0
        caller:
          description: Who wrote it. C(T) and a thread, or C(C) and a CPU. Null where the kernel did not store it.
          type: str
          sample: T412
        text:
          description:
            - The message. Bytes that are no UTF-8, and control characters other than line feeds and tabs, are written
              as C(\xNN), so that the text is harmless to a terminal.
          type: str
          sample: "Kernel panic - not syncing: sysrq triggered crash"
      sample:
        - {seq: 376, ts: 4.086119, level: 0, caller: T412, text: "Kernel panic - not syncing: sysrq triggered crash"}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import (
    MACHINE_NAMES,
    PACKINGS,
    parse_aids,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.packed import FOLDER
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import DEPTHS, examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.identity import parse_expectation
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.summary import summarise
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "parts": {"type": "list", "elements": "path", "default": []},
            "vmcoreinfo": {"type": "path"},
            "machine": {"type": "str", "choices": MACHINE_NAMES},
            "unpack_limit": {"type": "bytes"},
            "unpack_dir": {"type": "path", "default": FOLDER},
            "expect": {
                "type": "dict",
                "options": {
                    "nonce": {"type": "str"},
                    "release": {"type": "str"},
                    "nodename": {"type": "str"},
                    "not_before": {"type": "str"},
                    "cpus": {"type": "int"},
                    "compression": {"type": "str", "choices": PACKINGS},
                },
            },
            "depth": {"type": "str", "choices": list(DEPTHS), "default": "content"},
            "log": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    options = module.params

    def look() -> dict[str, object]:
        document = examine(
            options["path"],
            expected=parse_expectation(options["expect"] or {}),
            depth=options["depth"],
            log=options["log"],
            aids=parse_aids(options),
        )
        return {"changed": False, "msg": summarise(document), "vmcore": document}

    conclude(module, look)


if __name__ == "__main__":
    main()
