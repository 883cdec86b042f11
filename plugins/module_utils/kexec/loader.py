# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loader: one POSIX shell script that loads the crash image, at each boot and for the module alike.

A script and not Python, since it runs early in the boot of hosts whose Python nobody has promised.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import typing as t
from dataclasses import dataclass

from ..host import paths
from . import hotplug, kernel_hook, own, recovery
from .state import BOOT_ID, CRASH_LOADED, CRASH_SIZE, LOAD_DISABLED, LOAD_SCHEMA

#: Each way to load, and how kexec(8) is told to take it.
SYSCALLS: t.Final = {"kexec_file_load": "-s", "kexec_load": "-c"}

#: Why an image cannot be loaded, and what to do about it; said by the loader and by the module in the same words.
REASONS: t.Final = {
    "unsupported": "the running kernel has no kexec for crashes. Boot one built with CONFIG_KEXEC or "
    "CONFIG_KEXEC_FILE, and CONFIG_CRASH_CORE.",
    "unreserved": "no memory is reserved for it. Set crashkernel= with the module crashkernel and reboot; if it is "
    "set already, look for 'crashkernel' in the kernel log.",
    "disabled": "kernel.kexec_load_disabled is 1, and stays 1 until the next boot. Install it with state=enabled and "
    "reboot: the unit loads it before sysctl settings are applied.",
    "kexec": "kexec is not installed. Install the package kexec-tools.",
    "too-big": "it does not fit into the memory reserved for it. Reserve more with the module crashkernel and reboot.",
    "unsigned": "the kernel refuses its signature. Sign it with a key that this host trusts, or turn Secure Boot off.",
    "denied": "the kernel does not permit it (lockdown, kexec_load_disabled or a security policy). Look for 'kexec' "
    "and 'Lockdown' in the kernel log.",
}

#: How kexec(8) and the kernel word what is wrong: patterns of a shell's case, and the reason.
_SYMPTOMS: t.Final = (
    ("*'Cannot assign requested address'*|*'Could not find a free area of memory'*|*locate_hole*"
     "|*'Cannot allocate memory'*|*'ot enough memory'*|*'overlaps'*", "too-big"),
    ("*'Key was rejected'*|*'Required key not available'*|*'Package not installed'*|*'Bad message'*"
     "|*'No data available'*|*'Accessing a corrupted shared library'*", "unsigned"),
    ("*'Operation not permitted'*|*'Permission denied'*", "denied"),
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """All that one way of loading consists of."""

    kernel: str
    initramfs: str
    command_line: str
    #: In the order in which they are tried.
    syscalls: tuple[str, ...]
    #: Partitions that a dump may have been written to, by PARTUUID, and where it becomes a folder.
    partitions: tuple[str, ...] = ()
    dumps: str = paths.DUMPS
    #: The path of the kexec to load with; None for the distribution's.
    kexec: str | None = None
    #: Load anew when CPUs or memory have come or gone, where the kernel does not keep up with that by itself.
    hotplug: bool = True


@dataclass(frozen=True)
class Surroundings:
    """Where the script finds things; a test's folder stands in for a host."""

    root: str = ""
    search_path: str = "/usr/sbin:/usr/bin:/sbin:/bin"
    #: How often a busy file is asked, with a pause between, and how long kexec may take: a second on most hosts,
    #: most of a minute has been seen in an emulated guest on a machine with no time for it.
    tries: int = 50
    pause: str = "0.2"
    seconds: int = 120


_SCRIPT = r"""#!/bin/sh
# Loads the crash kernel into the memory reserved for it. Written by linux.kdump.kexec_crash, which undoes any change.
# Usage: load [load|unload]
set -eu
umask 077
PATH=@search_path@
LC_ALL=C
export PATH LC_ALL

kexec=@kexec@
kernel=@kernel@
initramfs=@initramfs@
command_line=@command_line@
kernel_json=@kernel_json@
initramfs_json=@initramfs_json@
command_line_json=@command_line_json@
record=@record@
error=@error@
boot_id_file=@boot_id@
loaded_file=@loaded@
size_file=@size@
disabled_file=@disabled@

say() {
    printf 'linux.kdump: %s\n' "$1"
}

fail() {
    printf 'Cannot %s the crash image: %s\n' "$action" "$1" >"$error" || :
    printf 'linux.kdump: Cannot %s the crash image: %s\n' "$action" "$1" >&2
    exit 1
}

# Prints a kernel file; it answers EBUSY while another load is under way.
ask() {
    tries=0
    until value=$(cat "$1" 2>/dev/null); do
        tries=$((tries + 1))
        if [ ! -e "$1" ] || [ "$tries" -ge @tries@ ]; then
            return 1
        fi
        sleep @pause@
    done
    printf '%s\n' "$value"
}

digest() {
    sum=$(sha256sum <"$1")
    printf '%s\n' "${sum%% *}"
}

# Runs kexec, leaves what it said in $said.
kexec_limited() {
    said=$(timeout --kill-after=10 @seconds@ "$kexec" "$@" 2>&1) && return 0
    status=$?
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        said="kexec did not end within @seconds@ seconds"
    fi
    return 1
}

attempt() {
    say "trying $1"
    syscall=$1
    kexec_limited -p "$2" --command-line="$command_line" --initrd="$initramfs" "$kernel" && return 0
    say "$1 failed: $said"
    return 1
}

# The last words of kexec on one line, or what they mean.
explain() {
    case $said in
@symptoms@
        '') echo "kexec failed and printed nothing." ;;
        *) printf 'kexec says: %s\n' "$(printf '%s' "$said" | tail -n 1 | tr -d '\000-\037')" ;;
    esac
}

check() {
    kexec_path=$(command -v "$kexec") || fail @reason_kexec@
    reserved=$(ask "$size_file") || fail @reason_unsupported@
    [ "$reserved" -gt 0 ] || fail @reason_unreserved@
    [ "$(cat "$disabled_file" 2>/dev/null || echo 0)" = 0 ] || fail @reason_disabled@
    for file in "$kernel" "$initramfs"; do
        [ -s "$file" ] || fail "$file is missing or empty. Install it."
    done
    if [ $(($(wc -c <"$kernel") + $(wc -c <"$initramfs"))) -gt "$reserved" ]; then
        fail @reason_too_big@
    fi
}

remember() {
    kexec_limited --version || :
    version=$(printf '%s\n' "$said" | sed -n 's/^kexec-tools \([0-9][0-9A-Za-z.~+-]*\).*$/\1/p' | head -n 1)
    cat >"$record.new" <<END
{"schema": @schema@,
 "boot_id": "$(cat "$boot_id_file")",
 "kernel": {"path": $kernel_json, "sha256": "$kernel_sum"},
 "initramfs": {"path": $initramfs_json, "sha256": "$initramfs_sum"},
 "command_line": $command_line_json,
 "kexec": {"path": "$kexec_path", "version": "$version", "sha256": "$(digest "$kexec_path")"},
 "syscall": "$syscall", "reserved_bytes": $reserved, "loaded_at": $(date +%s)}
END
    sync "$record.new"
    mv -f "$record.new" "$record"
}

load() {
    mkdir -p "${record%/*}"
    rm -f "$error"
    check
    kernel_sum=$(digest "$kernel")
    initramfs_sum=$(digest "$initramfs")
    rm -f "$record"
    @attempts@ || fail "$(explain)"
    [ "$(ask "$loaded_file")" = 1 ] || fail "kexec reported success, yet the kernel says that nothing is loaded."
    remember
    say "loaded $kernel into $reserved reserved bytes with $syscall"
}

unload() {
    rm -f "$error" "$record"
    if [ "$(ask "$loaded_file" || echo 0)" = 1 ]; then
        kexec_limited -p -u || fail "$(explain)"
        say "unloaded"
    fi
}

action=${1:-load}
case $action in
    load | unload) "$action" ;;
    *)
        echo "usage: $0 [load|unload]" >&2
        exit 2
        ;;
esac
"""

_UNIT = f"""# Written by linux.kdump.kexec_crash, which undoes any change.
[Unit]
Description=Crash kernel in reserved memory (linux.kdump)
# As early as its files are there: a panic during the boot is caught too, and a hardened host may forbid any later
# load with kernel.kexec_load_disabled. Not stopped at shutdown, so that a panic on the way down is caught as well.
# A reload loads over the image in memory: what is refused before the kernel is asked costs nothing.
DefaultDependencies=no
After=local-fs.target
Before=systemd-sysctl.service sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={paths.LOADER} load
ExecReload={paths.LOADER} load
ExecStop={paths.LOADER} unload
TimeoutStartSec=5min

[Install]
WantedBy=sysinit.target
"""


#: Installed without a question asked, Debian's kexec-tools turns every reboot into a kexec of /vmlinuz with the running
#: command line: the boot loader is passed by, and with it a new crashkernel=.
_REBOOT_POLICY = """# Written by linux.kdump.kexec_crash, which undoes any change. Reboots go through the boot loader.
LOAD_KEXEC=false
"""


def render(recipe: Recipe, around: Surroundings | None = None) -> str:
    """The loader script for one recipe."""
    around = around or Surroundings()
    quoted = {
        "search_path": around.search_path,
        "kexec": around.root + recipe.kexec if recipe.kexec else own.NAME,
        "kernel": around.root + recipe.kernel,
        "initramfs": around.root + recipe.initramfs,
        "command_line": recipe.command_line,
        "record": around.root + paths.LOAD_RECORD,
        "error": around.root + paths.LOAD_ERROR,
        "boot_id": around.root + BOOT_ID,
        "loaded": around.root + CRASH_LOADED,
        "size": around.root + CRASH_SIZE,
        "disabled": around.root + LOAD_DISABLED,
        "kernel_json": json.dumps(recipe.kernel),
        "initramfs_json": json.dumps(recipe.initramfs),
        "command_line_json": json.dumps(recipe.command_line),
        **{f"reason_{name.replace('-', '_')}": text for name, text in REASONS.items()},
        **({"reason_kexec": own.missing(recipe.kexec)} if recipe.kexec else {}),
    }
    plain = {
        "schema": json.dumps(LOAD_SCHEMA),
        "tries": str(around.tries),
        "pause": around.pause,
        "seconds": str(around.seconds),
        "symptoms": "\n".join(
            f"        {pattern}) echo {shlex.quote(REASONS[name])} ;;" for pattern, name in _SYMPTOMS
        ),
        "attempts": " || ".join(f"attempt {name} {SYSCALLS[name]}" for name in recipe.syscalls),
    }
    return _filled(_SCRIPT, {**{name: shlex.quote(text) for name, text in quoted.items()}, **plain})


@dataclass(frozen=True)
class InstalledFile:
    """A file on the host that this collection writes whole."""

    path: str
    text: str
    mode: int = 0o644
    #: A folder of those who read it: where that is not there, nobody does.
    needs: str | None = None


def files_of(recipe: Recipe) -> tuple[InstalledFile, ...]:
    """What has to be on a host so that each boot loads the recipe."""
    files = (
        InstalledFile(paths.LOADER, render(recipe), mode=0o700),
        InstalledFile(paths.REBOOT_POLICY, _REBOOT_POLICY),
        *_hook_files(recipe),
        *(_HOTPLUG_FILES if recipe.hotplug else ()),
    )
    # Pulled in by the loader's unit, so that there is one unit to switch on and off.
    wants = [paths.HOTPLUG_PATH_NAME] if recipe.hotplug else []
    if recipe.partitions:
        wants.append(paths.RECOVERY_UNIT_NAME)
        files += (
            InstalledFile(paths.RECOVERY, recovery.render(recipe.partitions, dumps=recipe.dumps), mode=0o700),
            InstalledFile(paths.RECOVERY_UNIT, recovery.unit(recipe.partitions)),
        )
    lines = "".join(f"Wants={name}\n" for name in wants)
    return (*files, InstalledFile(paths.UNIT, _UNIT.replace("\n[Service]", f"{lines}\n[Service]", 1)))


def _hook_files(recipe: Recipe) -> tuple[InstalledFile, ...]:
    calls = {
        paths.KERNEL_HOOK_DEBIAN: kernel_hook.CALL_DEBIAN, paths.KERNEL_HOOK_SYSTEMD: kernel_hook.CALL_SYSTEMD,
    }  # fmt: skip
    return (
        InstalledFile(paths.KERNEL_HOOK, kernel_hook.render(recipe.kernel, recipe.initramfs), mode=0o755),
        *(InstalledFile(path, text, mode=0o755, needs=os.path.dirname(path)) for path, text in calls.items()),
    )


_HOTPLUG_FILES: t.Final = tuple(
    InstalledFile(path, text, needs=os.path.dirname(paths.HOTPLUG_RULE))
    for path, text in (
        (paths.HOTPLUG_RULE, hotplug.RULE), (paths.HOTPLUG_PATH, hotplug.PATH_UNIT),
        (paths.HOTPLUG_SERVICE, hotplug.SERVICE_UNIT),
    )
)  # fmt: skip


def _filled(template: str, values: dict[str, str]) -> str:
    """Put each value in its place in one pass, so that a value is never searched for places itself."""
    return re.sub(r"@([a-z_]+)@", lambda match: values[match.group(1)], template)
