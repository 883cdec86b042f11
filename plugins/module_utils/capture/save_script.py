# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script: /init of the save environment, the one program that runs after the crash.

POSIX shell for busybox ash. It lives in a Python file, since only those travel with a module. What a single host
wants (which file system, which folder, what to do at the end) comes from the kernel command line, and is only ever
compared and matched, never evaluated.

Three rules shape it. It never hangs: each step runs under a time limit, and a watcher with an overall limit ends
the machine's wait even where a process can no longer be killed. It never dies of memory: the collector is what the
kernel shall kill first, the script and its watcher last. It leaves room for its story: some space is set aside
before anything is saved, and a core that did not fit is removed, since it often lies on the root file system and a
machine that comes back to a full disk has failed twice.
"""

from __future__ import annotations

import typing as t

from .save_base import BASE

#: Where the script and its data lie in the image.
SCRIPT_PATH: t.Final = "init"
SETTINGS_PATH: t.Final = "etc/kdump/settings"
COLLECTOR_PATH: t.Final = "etc/kdump/collector"
MODULES_PATH: t.Final = "etc/kdump/modules"
MODULES_FOLDER: t.Final = "lib/modules"
MAKEDUMPFILE_PATH: t.Final = "bin/makedumpfile"
TARGET_PATH: t.Final = "target"
#: Must sort after every other member: its absence tells the script that the unpacking was cut short.
LAST_PATH: t.Final = "tmp"

#: The busybox applets that the script calls, beside the shell itself.
APPLETS: t.Final = (
    "cat", "cttyhack", "date", "dd", "findfs", "grep", "halt", "head", "insmod", "kill", "mdev", "mkdir", "mount",
    "mv", "poweroff", "readlink", "reboot", "rm", "rmdir", "sed", "setsid", "sh", "sleep", "stat", "strings", "sync",
    "tail", "timeout", "tr", "umount", "uname",
)  # fmt: skip

SCRIPT: t.Final = (
    BASE
    + r"""
# --- the target --------------------------------------------------------------------------------------------------

load_modules() {
    while read -r need name; do
        limited "$limit_target" insmod "/lib/modules/$name.ko" || [ "$need" = optional ] ||
            grep -q 'File exists' "$temporary/out" || fail fail-module "$name: $(last_words)"
    done <"$etc/modules"
}

find_target() {
    device=''
    now
    give_up=$((${uptime%.*} + limit_target))
    while :; do
        [ -n "$devtmpfs" ] || mdev -s
        # A disk that does not answer must not use up the others' time.
        limited 10 findfs "UUID=$uuid" && read -r device <"$temporary/out" && [ -b "$device" ] && return 0
        now
        [ "${uptime%.*}" -lt "$give_up" ] || return 1
        sleep 0.1
    done
}

open_target() {
    if [ -z "$uuid" ] || [ -z "$path_given" ]; then
        fail fail-target "kdump.target=UUID=... and kdump.path=... must be on the kernel command line"
        return 1
    fi
    case $path/ in
        */../* | */./* | *//*) fail fail-target "kdump.path is not a plain path: $path"; return 1 ;;
    esac
    if ! find_target; then
        fail fail-target "no file system with UUID $uuid appeared within $limit_target seconds"
        return 1
    fi
    limited "$limit_target" mount ${fstype:+-t "$fstype"} -o rw,noatime,nodev,nosuid,noexec "$device" "$target"
    rc=$?
    if [ "$rc" -ne 0 ]; then
        blame "$rc" "$began" "$limit_target" fail-target
        fail "$tag" "$device cannot be mounted: status $rc: $(last_words)"
        return "$rc"
    fi
    mounted=1
    while read -r _ point type _; do
        [ "$point" != "$target" ] || fstype=$type
    done <"$proc/mounts"
    make_folder
}

# A link inside the target may lead out of it, and then the dump would go into this very memory.
make_folder() {
    if ! mkdir -p "$target$path" 2>"$temporary/out"; then
        blame 1 0 0 fail-target
        fail "$tag" "$path cannot be made: $(last_words)"
        return 1
    fi
    real=$(readlink -f "$target$path")
    case $real/ in
        "$target"/*) ;;
        *) fail fail-target "$path leads out of the target by a symbolic link, to $real"; return 1 ;;
    esac
    attempt=0
    while [ "$attempt" -lt 10 ]; do
        attempt=$((attempt + 1))
        id=$(date -u +%Y%m%dT%H%M%SZ)-$(random_hex)
        folder=$real/$id
        mkdir "$folder" 2>"$temporary/out" && break
        folder=''
    done
    if [ -z "$folder" ]; then
        blame 1 0 0 fail-target
        fail "$tag" "a folder in $path cannot be made: $(last_words)"
        return 1
    fi
    if ! dd if=/dev/zero of="$folder/.reserve" bs=1024 count="$reserve_kib" conv=fsync 2>"$temporary/out"; then
        blame 1 0 0 fail-target
        fail "$tag" "$path has no room for even the record: $(last_words)"
        rm -f "$folder/.reserve"
        rmdir "$folder"
        folder=''
        return 1
    fi
    say "target-ready $device $path/$id"
}

random_hex() {
    read -r random <"$proc/sys/kernel/random/uuid"
    echo "${random%%-*}"
}

# --- saving ------------------------------------------------------------------------------------------------------

save_log() {
    now
    began_log=$uptime
    limited "$limit_log" "$makedumpfile" --dump-dmesg "$proc/vmcore" "$folder/dmesg.txt"
    rc=$?
    if [ "$rc" -ne 0 ]; then
        blame "$rc" "$began_log" "$limit_log" fail-log
        fail "$tag" "the kernel log: status $rc: $(last_words)"
        return "$rc"
    fi
    limited "$limit_sync" sync "$folder/dmesg.txt" "$folder"
    rc=$?
    nonce=$(grep -o 'linux\.kdump: drill nonce=[0-9a-f]*' "$folder/dmesg.txt" | tail -n 1)
    nonce=${nonce##*=}
    [ "${#nonce}" -eq 32 ] || nonce=''
    say "log-saved $(size "$folder/dmesg.txt") bytes${nonce:+, drill nonce $nonce}"
    return "$rc"
}

save_core() {
    set --
    while read -r word; do
        set -- "$@" "$word"
    done <"$etc/collector"
    now
    began_core=$uptime
    limited "$limit_core" "$makedumpfile" "$@" "$proc/vmcore" "$folder/vmcore.incomplete"
    rc=$?
    if [ "$rc" -eq 0 ]; then
        now
        began_core=$uptime
        limited "$limit_sync" sync "$folder/vmcore.incomplete"
        rc=$?
        blame_limit=$limit_sync
    else
        blame_limit=$limit_core
    fi
    if [ "$rc" -ne 0 ]; then
        blame "$rc" "$began_core" "$blame_limit" fail-core
        fail "$tag" "the vmcore: status $rc: $(last_words)"
        [ "$tag" != fail-space ] || remove_incomplete
        return "$rc"
    fi
    mv "$folder/vmcore.incomplete" "$folder/vmcore" && limited "$limit_sync" sync "$folder"
    rc=$?
    if [ "$rc" -ne 0 ]; then
        fail fail-core "the vmcore cannot be given its name: $(last_words)"
        return "$rc"
    fi
    core_saved=1
    say "core-saved $(size "$folder/vmcore") bytes"
}

remove_incomplete() {
    [ -f "$folder/vmcore.incomplete" ] || return 0
    removed="\"vmcore.incomplete\":$(size "$folder/vmcore.incomplete")"
    rm -f "$folder/vmcore.incomplete"
    say "note-removed the incomplete vmcore, so that the machine does not come back to a full disk"
}

size() {
    stat -c %s "$1"
}

# --- the record --------------------------------------------------------------------------------------------------

printable() {
    tr -cd '\040-\176'
}

string() {
    if [ -n "$1" ]; then
        printf '"%s"' "$(printf '%s' "$1" | printable | sed 's/[\\"]/\\&/g')"
    else
        printf null
    fi
}

files() {
    separator=''
    for name in dmesg.txt vmcore vmcore.incomplete; do
        [ -f "$folder/$name" ] || continue
        printf '%s"%s":%s' "$separator" "$name" "$(size "$folder/$name")"
        separator=,
    done
}

record() {
    # The last line that is whole: the watcher goes on writing.
    total=null used=null
    while read -r known_total known_used; do
        total=$known_total used=$known_used
    done <"$temporary/memory"
    now
    cat <<RECORD
{"schema":{"name":"linux.kdump/record","version":1},
"id":"$id","nonce":$(string "$nonce"),
"status":"$([ -n "$core_saved" ] && echo saved || echo failed)","failure":$(string "$failure"),
"kernel":{"capture":$(string "$(uname -r)"),"crashed":$(string "$crashed")},
"date":"$(date -u +%Y-%m-%dT%H:%M:%SZ)",
"uptime":{"start":$started,"end":$uptime},
"steps":[$steps],
"files":{$(files)},
"removed":{$removed},
"memory":{"total_kib":$total,"peak_used_kib":$used},
"tools":{"makedumpfile":$(string "$makedumpfile_version")},
"collector":$(string "makedumpfile $(tr '\n' ' ' <"$etc/collector" | sed 's/ $//')"),
"target":{"uuid":"$uuid","fstype":$(string "$fstype"),"path":"${path:-/}"},
"final":"$final"}
RECORD
}

save_record() {
    rm -f "$folder/.reserve"
    if record >"$folder/kdump.json.part" && limited "$limit_sync" sync "$folder/kdump.json.part" &&
        mv "$folder/kdump.json.part" "$folder/kdump.json" && limited "$limit_sync" sync "$folder"; then
        say "record-saved $path/$id/kdump.json"
    else
        fail fail-record "$path/$id/kdump.json cannot be written"
    fi
}

# --- from start to end -------------------------------------------------------------------------------------------

prepare() {
    mount -t proc proc "$proc"
    mount -t sysfs sys "$sys"
    mount -t devtmpfs dev "$dev" && devtmpfs=1
    [ -n "$devtmpfs" ] || mdev -s
}

save() {
    step target open_target || { [ -z "$folder" ] || save_record; return 1; }
    if [ -s "$proc/vmcore" ]; then
        crashed=$(head -c 1048576 "$proc/vmcore" | strings | sed -n '/^OSRELEASE=/{s///p;q}')
        step log save_log
        # Where not even the log had room, the core has none.
        [ "$failure" = fail-space ] || step core save_core
    else
        fail fail-vmcore "there is no $proc/vmcore: this kernel was not started by a crash"
    fi
    save_record
}

close_target() {
    [ -n "$mounted" ] || return 0
    limited "$limit_sync" umount "$target" ||
        limited "$limit_sync" mount -o remount,ro "$target" || say "note-target it cannot be unmounted: $(last_words)"
}

# Without a sync of its own, which could hang: all that matters is on the disk by now.
end() {
    say "final-action $final"
    case $final in
        halt) halt -n -f ;;
        poweroff) poweroff -n -f ;;
        shell) rescue ;;
    esac
    [ "$final" = halt ] || reboot -n -f
    sleep 5
    { echo b >"$proc/sysrq-trigger"; } 2>/dev/null
    sleep 5
    # The kernel panics when /init ends, and "panic=" on its command line makes that a reboot.
    exit 1
}

rescue() {
    setsid cttyhack sh </dev/console >/dev/console 2>&1
}

main() {
    prepare 2>/dev/null
    now
    started=$uptime
    spare
    read_settings
    say "save-start $(uname -r)"
    # The kernel goes on with what it could unpack before memory ran out; this folder is the archive's last member.
    if [ ! -d "$temporary" ]; then
        fail fail-memory "the initramfs could not be unpacked as a whole"
        end
    fi
    watch $((${uptime%.*} + limit_target * 3 + limit_log + limit_core + limit_sync * 6 + 30)) &
    watcher=$!
    load_modules
    save
    close_target
    [ "$final" != shell ] || kill "$watcher"
    end
}

case ${0##*/} in
    init) main ;;
esac
"""
)
