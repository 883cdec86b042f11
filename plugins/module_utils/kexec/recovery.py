# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit that turns dumps on raw partitions into folders like those of every other dump, at the next boot.

One POSIX shell script, for the same reason as the loader's. A dump gets its name when all of it is on the disk, and
only then is the partition free for the next one; a dump that does not fit stays where it is and makes the unit fail.
"""

from __future__ import annotations

import shlex
import typing as t
from collections.abc import Sequence

from ..capture.save.target_raw import BLOCK_BYTES, HEADER_BYTES, LOG_BLOCK, MAGIC, RECORD_BLOCK
from ..host import paths

#: For rearranging one dump.
_SECONDS: t.Final = 4 * 3600
_BY_PARTUUID: t.Final = "/dev/disk/by-partuuid"

_SCRIPT: t.Final = r"""#!/bin/sh
# Turns dumps on raw partitions into folders. Written by linux.kdump.kexec_crash, which undoes any change.
set -u
umask 077
PATH=@search_path@
LC_ALL=C
export PATH LC_ALL

partitions=@partitions@
dumps=@dumps@
by_partuuid=@by_partuuid@

say() {
    printf 'linux.kdump: %s\n' "$*"
}

field() {
    printf '%s\n' "$header" | sed -n "s/^$1=//p" | head -n 1
}

# A field that is a number.
number() {
    value=$(field "$1")
    case $value in
        '' | *[!0-9]*) value=0 ;;
    esac
    printf '%s\n' "$value"
}

# $1 bytes from block $2 on.
part() {
    dd if="$device" bs=@block@ skip="$2" 2>/dev/null | head -c "$1"
}

plain() {
    case $1 in
        '' | .* | *[!A-Za-z0-9._-]*) return 1 ;;
    esac
}

recover() {
    device=$by_partuuid/$1
    if [ ! -e "$device" ]; then
        say "Cannot look for a dump on the partition $1: it did not appear. Plug it in and start this unit again."
        return 1
    fi
    header=$(dd if="$device" bs=@header@ count=1 2>/dev/null | tr -d '\000')
    [ "$(printf '%s\n' "$header" | head -n 1)" = @magic@ ] && [ "$(field partuuid)" = "$1" ] || return 0
    state=$(field state)
    case $state in
        writing | failed | complete) ;;
        *) return 0 ;;
    esac
    id=$(field id) log=$(field log) core=$(field core)
    if ! plain "$id" || ! plain "$log" || ! plain "$core"; then
        say "Cannot recover the dump on $device: its header is damaged."
        return 1
    fi
    if [ "$state" != complete ] && [ "$(number record_bytes)" -eq 0 ] && [ "$(number log_bytes)" -eq 0 ]; then
        say "Cannot recover the dump $id on $device: the capture kernel ended before it had saved anything."
        return 1
    fi
    if [ ! -e "$dumps/$id" ]; then
        work=$dumps/.recovering
        rm -rf "$work"
        if ! { mkdir -p "$work" && unpack && sync && mv "$work" "$dumps/$id" && sync; }; then
            rm -rf "$work"
            say "Cannot recover the dump on $device into $dumps/$id. Make room there and start this unit again."
            return 1
        fi
        say "recovered $dumps/$id from $device ($state)"
    fi
    clear_header "$1"
}

unpack() {
    incomplete=''
    [ "$(number record_bytes)" -eq 0 ] || part "$(number record_bytes)" @record_block@ >"$work/kdump.json" || return
    [ "$(number log_bytes)" -eq 0 ] || part "$(number log_bytes)" @log_block@ >"$work/$log" || return
    if [ "$state" = complete ]; then
        unpack_core || return
    elif [ "$(number core_bytes)" -ne 0 ]; then
        part "$(number core_bytes)" "$(number core_block)" >"$work/$core.incomplete" || return
        incomplete=$core.incomplete:core_bytes
    fi
    # A pipe tells the status of its end only; what is short was not read or not written.
    for file in kdump.json:record_bytes "$log:log_bytes" $incomplete; do
        [ "$(number "${file#*:}")" -eq 0 ] || [ "$(wc -c <"$work/${file%:*}")" -eq "$(number "${file#*:}")" ] || return
    done
}

# Into the file that makedumpfile would have written by itself; what is no flattened stream of its stays as it is.
unpack_core() {
    size=$(number core_bytes) block=$(number core_block)
    if [ "$(part 12 "$block")" = makedumpfile ] && command -v makedumpfile >/dev/null; then
        # It has been seen to wait for ever for the rest of a stream that ends too early.
        part "$size" "$block" | timeout -k 10 @seconds@ makedumpfile -R "$work/$core" >/dev/null && [ -s "$work/$core" ]
    else
        part "$size" "$block" >"$work/$core" && [ "$(wc -c <"$work/$core")" -eq "$size" ]
    fi
}

clear_header() {
    printf '%s\npartuuid=%s\nstate=empty\n' @magic@ "$1" |
        dd of="$device" bs=@header@ count=1 conv=sync,notrunc,fsync 2>/dev/null
}

status=0
for partition in $partitions; do
    recover "$partition" || status=1
done
exit "$status"
"""

_UNIT: t.Final = f"""# Written by linux.kdump.kexec_crash, which undoes any change.
[Unit]
Description=Recover dumps from raw partitions (linux.kdump)
@devices@After=local-fs.target
Before=multi-user.target

[Service]
Type=oneshot
ExecStart={paths.RECOVERY}
TimeoutStartSec=infinity
"""


def render(
    partitions: Sequence[str], *, dumps: str, root: str = "", search_path: str = "/usr/sbin:/usr/bin:/sbin:/bin"
) -> str:
    """The script for these partitions."""
    values = {
        "search_path": shlex.quote(search_path),
        "partitions": shlex.quote(" ".join(partitions)),
        "dumps": shlex.quote(root + dumps),
        "by_partuuid": shlex.quote(f"{root}{_BY_PARTUUID}"),
        "magic": shlex.quote(MAGIC),
        "seconds": str(_SECONDS),
        "block": str(BLOCK_BYTES),
        "header": str(HEADER_BYTES),
        "record_block": str(RECORD_BLOCK),
        "log_block": str(LOG_BLOCK),
    }
    text = _SCRIPT
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def unit(partitions: Sequence[str]) -> str:
    """The unit, which waits for the partitions: on a slow bus they come after the local file systems."""
    # As systemd-escape --path writes them.
    devices = [f"{_BY_PARTUUID[1:]}/{partition}".replace("-", "\\x2d").replace("/", "-") for partition in partitions]
    lines = "".join(f"Wants={device}.device\nAfter={device}.device\n" for device in devices)
    return _UNIT.replace("@devices@", lines)
