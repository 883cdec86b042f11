# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture kernel's command line: made from the running one by a table for each architecture.

The running line is kept but for what is known to be wrong in a capture kernel, since it may hold what this very
machine needs to boot at all (``no_timer_check``, ``pci=``, ``console=``, ``acpi=``).
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import KdumpError


class CommandLineError(KdumpError):
    """A command line that the capture kernel could not be started with."""


@dataclass(frozen=True)
class Argument:
    """One argument of a kernel command line, spelled as it was written."""

    text: str

    @property
    def name(self) -> str:
        """The name as the kernel compares it: no quotes, and a dash is an underscore (kernel/params.c, parameq)."""
        return self.text.lstrip('"').partition("=")[0].rstrip('"').replace("-", "_")


#: What the kernel's isspace() takes for a blank, in ASCII.
_BLANKS: t.Final = " \t\n\v\f\r"


def tokenise(line: str) -> tuple[Argument, ...]:
    """Split a line as the kernel's next_arg() does: at blanks outside double quotes, up to a lone ``--``.

    A quote that is never closed reaches to the end, as it does for the kernel; what follows ``--`` is for init.
    """
    tokens: list[str] = []
    token, quoted = "", False
    for character in line:
        if character == '"':
            quoted = not quoted
        if character in _BLANKS and not quoted:
            tokens.append(token)
            token = ""
        else:
            token += character
    words = [word for word in [*tokens, token] if word]
    return tuple(Argument(word) for word in (words[: words.index("--")] if "--" in words else words))


def parse_given(line: str, *, what: str) -> tuple[Argument, ...]:
    """Arguments that a person wrote: what the kernel would silently misread is refused."""
    if line.count('"') % 2:
        raise CommandLineError(f"Cannot use {what} {line!r}: a double quote is never closed. Close it.")
    if not line.isascii() or not all(character.isprintable() or character == " " for character in line):
        raise CommandLineError(
            f"Cannot use {what} {line!r}: it holds a character that is not printable ASCII. Write it on one line."
        )
    return tokenise(line)


@dataclass(frozen=True)
class Policy:
    """What one architecture's capture kernel wants on its command line."""

    #: Added, but for those that the caller sets himself.
    append: tuple[str, ...]
    #: Dropped from the running line besides `REMOVE`.
    remove: frozenset[str] = frozenset()
    #: The kernel's COMMAND_LINE_SIZE, which counts the closing NUL.
    size: int = 2048


#: Dropped from the running line on every architecture; a name that ends in "." stands for all that begin with it.
REMOVE: t.Final = frozenset({
    # what the production system boots from and how: the save environment is its own root
    "BOOT_IMAGE", "initrd", "noinitrd", "root", "rootflags", "rootfstype", "rootdelay", "rootwait", "ro", "rw",
    "resume", "resume_offset", "noresume", "init", "rdinit", "netroot", "systemd.", "rd.", "ignition.", "single",
    # reservations and pools that would eat the few megabytes there are
    "crashkernel", "fadump", "cma", "hugetlb_cma", "hugepages", "hugepagesz", "default_hugepagesz", "log_buf_len",
    "swiotlb", "slub_debug", "slab_debug", "page_owner", "init_on_alloc", "init_on_free", "mem", "numa_balancing",
    # a capture kernel must speak, and a warning must not end it
    "quiet", "splash", "loglevel", "vt.", "panic", "panic_on_warn", "panic_on_oops", "oops",
    "crash_kexec_post_notifiers",
    # CPUs that it will not start
    "nr_cpus", "maxcpus", "nosmp", "possible_cpus", "isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity",
    # left by another kdump, or by the boot before
    "kdump.", "elfcorehdr", "memmap", "irqpoll", "reset_devices",
})  # fmt: skip

#: What every architecture wants. The save environment is unpacked into the root file system, which is a tmpfs unless
#: rootfstype= says otherwise (init/do_mounts.c), and a tmpfs takes at most half of the little memory there is.
#: The other two end a capture kernel that itself dies, after time to read the console: a hang would cost the machine.
_EVERY: t.Final = ("rootfstype=ramfs", "oops=panic", "panic=10")

#: A distribution's kernel as capture kernel keeps more memory free for huge pages than a small reservation has; the
#: kernels built here have none, and on x86 none are this large.
_NO_POOLS: t.Final = ("transparent_hugepage=never",)

POLICIES: t.Final = {
    "x86_64": Policy(
        ("irqpoll", "nr_cpus=1", "reset_devices", "cgroup_disable=memory", "mce=off", "numa=off", "nokaslr", *_EVERY),
        frozenset({"notsc"}),
    ),
    "i386": Policy(("irqpoll", "nr_cpus=1", "reset_devices", "numa=off", *_EVERY), frozenset({"notsc"})),
    # a reservation above 4 GiB would lose 64 MiB of its own to bounce buffers
    "arm64": Policy((
        "irqpoll", "nr_cpus=1", "reset_devices", "cgroup_disable=memory", "swiotlb=noforce", *_NO_POOLS, *_EVERY,
    )),
    # ppc64 counts hardware threads: nr_cpus=1 fails when the crashing thread is not the first of its core. A kernel
    # that could be a host of KVM sets one part in twenty of the memory aside.
    "ppc64le": Policy((
        "irqpoll", "maxcpus=1", "noirqdistrib", "reset_devices", "cgroup_disable=memory", "numa=off",
        "kvm_cma_resv_ratio=0", *_NO_POOLS, *_EVERY,
    )),
    # irqpoll and reset_devices mean nothing to channel I/O; 896 is the oldest parameter area, so it fits everywhere.
    # Commands to z/VM would have 4 MiB of their own.
    "s390x": Policy(
        ("nr_cpus=1", "cgroup_disable=memory", "numa=off", "vmcp_cma=0", *_NO_POOLS, *_EVERY),
        frozenset({"prot_virt", "zfcp.allow_lun_scan"}),
        size=896,
    ),
}  # fmt: skip

#: What uname(1) calls them.
MACHINES: t.Final = {
    "x86_64": "x86_64", "i386": "i386", "i486": "i386", "i586": "i386", "i686": "i386", "aarch64": "arm64",
    "arm64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x",
}  # fmt: skip

#: Room for what kexec and the kernel put before the line: elfcorehdr=, memmap=, acpi_rsdp=.
HEADROOM: t.Final = 192


def policy_of(machine: str) -> Policy:
    """The policy of a machine, by the name uname gives it."""
    try:
        return POLICIES[MACHINES[machine]]
    except KeyError:
        raise CommandLineError(
            f"Cannot make a capture command line for machine {machine!r}: its architecture is not known, "
            f"known are {', '.join(POLICIES)}. Give the whole line with the option command_line."
        ) from None


def derive(
    running: str,
    *,
    machine: str,
    append: str = "",
    remove: Iterable[str] = (),
    settings: Sequence[str] = (),
) -> str:
    """The capture kernel's line: the running one less the remove sets, the policy's, the caller's, the settings.

    ``settings`` are the save environment's own ``kdump.*`` arguments. An argument of the caller's takes the place
    of the policy's of the same name.
    """
    policy = policy_of(machine)
    given = parse_given(append, what="the arguments to append")
    taken = {argument.name for argument in given}
    dropped = REMOVE | policy.remove | {Argument(name).name for name in remove} | taken
    added = tuple(Argument(text) for text in policy.append)
    defaults = [argument for argument in added if argument.name not in taken]
    appended = {argument.name for argument in added}
    # a quote left open would swallow all that comes after it
    closed = [argument for argument in tokenise(running) if argument.text.count('"') % 2 == 0]
    kept = [argument for argument in closed if not _drops(argument, dropped | appended)]
    line = " ".join([argument.text for argument in (*kept, *defaults, *given)] + list(settings))
    return fitting(line, machine=machine)


def fitting(line: str, *, machine: str) -> str:
    """The line, unless it is too long for the kernel, which would cut it off without a word."""
    limit = policy_of(machine).size - 1 - HEADROOM if machine in MACHINES else 2047 - HEADROOM
    if len(line) > limit:
        raise CommandLineError(
            f"Cannot start a capture kernel with a command line of {len(line)} bytes: {machine} takes at most {limit} "
            "beside what kexec adds. Drop arguments with the option remove.",
            command_line=line,
        )
    return line


def setting(name: str, value: str) -> str:
    """One ``kdump.*`` argument for the save script, which takes plain characters only: it reads it with shell tools."""
    if not re.fullmatch(r"[A-Za-z0-9/._@%+=:,-]+", value):
        raise CommandLineError(
            f"Cannot pass kdump.{name}={value!r} to the capture kernel: only letters, digits and any of /._@%+=:,- are "
            "understood there. Choose another value."
        )
    return f"kdump.{name}={value}"


def _drops(argument: Argument, names: Iterable[str]) -> bool:
    return any(argument.name.startswith(name) if name.endswith(".") else argument.name == name for name in names)
