# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at each kernel that is installed on the host: would a crash of it be captured?

The capture kernel and its save environment are independent of the system's kernels, so that nothing has to be built.
What may be lost is the reservation in the new boot entry, a file of the image, or kexec itself, where the new kernel
was built without. The hook looks for these, says what it finds and notes it. It repairs nothing and fails no
installation.
"""

from __future__ import annotations

import json
import re
import shlex
import typing as t

from ..host import paths
from ..host.tree import Host, TooLargeError

CHECK_SCHEMA: t.Final = {"name": "linux.kdump/kernel-check", "version": 1}

#: Nothing that the script writes is longer.
_MOST: t.Final = 100

#: By the name of a problem: what is said about it.
PROBLEMS: t.Final = {
    "entry": "the kernel $release would boot without crashkernel=, and no memory would be reserved. Run the role that"
    " deployed kdump again, or the module crashkernel.",
    "image": "$file is missing or empty, and no boot would load it. Deploy kdump again.",
    "unit": "no boot would load the crash kernel, since its unit is not enabled. Deploy kdump again.",
    "kexec": "the kernel $release was built without kexec, and a crash of it would not be captured.",
}

_SCRIPT: t.Final = r"""#!/bin/sh
# Looks whether a crash of the kernel that was just installed would be captured. Written by linux.kdump.kexec_crash,
# which undoes any change. Says and notes what it finds, changes nothing, and always ends well.
# Usage: after-kernel RELEASE
set -u
umask 022
PATH=@search_path@
LC_ALL=C
export PATH LC_ALL

root=@root@
note=$root@note@
problems=''

case ${1:-} in
    '' | *[!A-Za-z0-9._+~-]*) exit 0 ;;
esac
release=$1

problem() {
    problems="$problems${problems:+, }\"$1\""
    printf 'linux.kdump: Warning: %s\n' "$2" >&2
    logger -t linux-kdump -p user.warning -- "$2" 2>/dev/null || :
}

# The words that each entry of this kernel passes to it, one entry a line, whatever boot loader it is of.
passed() {
    for menu in "$root"/boot/grub/grub.cfg "$root"/boot/grub2/grub.cfg; do
        [ -r "$menu" ] && awk -v end="-$release" '
            $1 ~ /^linux(16|efi)?$/ && substr($2, length($2) - length(end) + 1) == end' "$menu"
    done
    for entry in "$root"/boot/loader/entries/*.conf "$root"/boot/efi/loader/entries/*.conf \
        "$root"/efi/loader/entries/*.conf; do
        [ -r "$entry" ] && awk -v release="$release" '
            $1 == "version" && $2 == release { mine = 1 }
            $1 == "linux" && index($2 "/", "-" release "/") { mine = 1 }
            $1 == "linux" && index($2, "/" release "/") { mine = 1 }
            $1 == "options" { words = words " " $0 }
            END { if (mine) print "entry" words }' "$entry"
    done
    [ -r "$root/boot/extlinux/extlinux.conf" ] && awk -v end="-$release" '
        tolower($1) == "label" { if (mine) print "entry" words; mine = 0; words = "" }
        tolower($1) ~ /^(linux|kernel)$/ && substr($2, length($2) - length(end) + 1) == end { mine = 1 }
        tolower($1) == "append" { words = words " " $0 }
        END { if (mine) print "entry" words }' "$root/boot/extlinux/extlinux.conf"
}

# Fedora's entries may leave their words to a variable of GRUB.
expand() {
    kernelopts=$(cat "$root/boot/grub2/grubenv" "$root/boot/grub/grubenv" 2>/dev/null | sed -n 's/^kernelopts=//p')
    while IFS= read -r line; do
        case $line in
            *'$kernelopts'*) printf '%s %s\n' "$line" "$kernelopts" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done
}

entries=$(passed | expand)
count=$(printf '%s' "$entries" | grep -c '' || :)
if printf '%s' "$entries" | grep -qv '[[:space:]]crashkernel='; then
    problem entry @problem_entry@
fi
for file in @kernel@ @initramfs@ @loader@; do
    [ -s "$root$file" ] || problem image @problem_image@
done
[ -L "$root@wanted@" ] || problem unit @problem_unit@
for config in "$root/boot/config-$release" "$root/lib/modules/$release/config"; do
    if [ -r "$config" ]; then
        grep -Eq '^CONFIG_KEXEC(_FILE)?=y' "$config" || problem kexec @problem_kexec@
        break
    fi
done

if [ -d "${note%/*}" ]; then
    printf '{"schema": %s, "release": "%s", "checked_at": %s, "entries": %s, "problems": [%s]}\n' \
        @schema@ "$release" "$(date +%s)" "$count" "$problems" >"$note.new" && mv -f "$note.new" "$note"
fi
exit 0
"""

_CALL: t.Final = f"""\
# Written by linux.kdump.kexec_crash, which undoes any change. No kernel's installation fails by it.
if [ -x {paths.KERNEL_HOOK} ]; then
    timeout --kill-after=5 60 {paths.KERNEL_HOOK} "$release" || :
fi
exit 0
"""
#: Called by linux-image's postinst with the release and the image.
CALL_DEBIAN: t.Final = f"#!/bin/sh\nrelease=${{1:-}}\n{_CALL}"
#: Called by kernel-install with what it does, the release, the folder of the entry and the image.
CALL_SYSTEMD: t.Final = f'#!/bin/sh\nrelease=${{2:-}}\n[ "${{1:-}}" = add ] || exit 0\n{_CALL}'


def render(kernel: str, initramfs: str, *, root: str = "", search_path: str = "/usr/sbin:/usr/bin:/sbin:/bin") -> str:
    """The script for the image in these files; a test's folder stands in for the root."""
    quoted = {
        "search_path": search_path, "root": root, "kernel": kernel, "initramfs": initramfs, "loader": paths.LOADER,
        "schema": json.dumps(CHECK_SCHEMA),
    }  # fmt: skip
    values = {name: shlex.quote(text) for name, text in quoted.items()}
    values["note"] = paths.KERNEL_CHECK
    values["wanted"] = f"/etc/systemd/system/sysinit.target.wants/{paths.UNIT_NAME}"
    # The texts name what the script knows only when it runs.
    values.update({f"problem_{name}": f'"{text}"' for name, text in PROBLEMS.items()})
    return re.sub(r"@([a-z_]+)@", lambda match: values[match.group(1)], _SCRIPT)


def read_check(host: Host) -> dict[str, t.Any] | None:
    """What the script found at the last kernel; None where there was none yet, or the note is not its own."""
    try:
        found = json.loads(host.read(paths.KERNEL_CHECK) or "null")
        if found["schema"] != CHECK_SCHEMA:
            return None
        return {
            "release": str(found["release"])[:_MOST], "checked_at": int(found["checked_at"]),
            "entries": int(found["entries"]),
            "problems": [str(name) for name in found["problems"] if name in PROBLEMS][:_MOST],
        }  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError, TooLargeError):
        return None
