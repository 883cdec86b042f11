# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's part that finds, mounts and opens the dump target."""

from __future__ import annotations

import typing as t

TARGET: t.Final = r"""
# --- the target --------------------------------------------------------------------------------------------------

load_modules() {
    while read -r need name; do
        limited "$limit_target" insmod "/lib/modules/$name.ko"
        rc=$?
        [ "$rc" -eq 0 ] || [ "$need" = optional ] || grep -q 'File exists' "$temporary/out" ||
            fail fail-module "$name: status $rc: $(last_words)"
    done <"$etc/modules"
}

find_target() {
    device=''
    now
    give_up=$((${uptime%.*} + limit_target))
    while :; do
        [ -n "$devtmpfs" ] || mdev -s
        # A disk that does not answer must not use up the others' time.
        limited 10 findfs "${uuid:+UUID=$uuid}${label:+LABEL=$label}" && read -r device <"$temporary/out" &&
            [ -b "$device" ] && return 0
        now
        [ "${uptime%.*}" -lt "$give_up" ] || return 1
        sleep 0.1
    done
}

open_target() {
    if [ -z "$uuid$label" ] || [ -z "$path_given" ]; then
        fail fail-target "kdump.target=UUID=... and kdump.path=... must be on the kernel command line"
        return 1
    fi
    case $path/ in
        */../* | */./* | *//*) fail fail-target "kdump.path is not a plain path: $path"; return 1 ;;
    esac
    if ! find_target; then
        wanted="${uuid:+UUID $uuid}${label:+label $label}"
        fail fail-target "no file system with $wanted appeared within $limit_target seconds"
        return 1
    fi
    # The path is the one from the top of a btrfs, whatever subvolume is its default.
    [ "$fstype" != btrfs ] || mount_options=,subvolid=5
    limited "$limit_target" mount ${fstype:+-t "$fstype"} -o "rw,noatime,nodev,nosuid,noexec$mount_options" \
        "$device" "$target"
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
    # The umask counts for nothing on NFS in a kernel without ACLs (Linux 6.1, tiny): modes are said.
    # shellcheck disable=SC2174
    if ! mkdir -p -m 700 "$target$path" 2>"$temporary/out"; then
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
        new_id
        folder=$real/$id
        mkdir -m 700 "$folder" 2>"$temporary/out" && break
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

new_id() {
    id=$(date -u +%Y%m%dT%H%M%SZ)-$(random_hex)
}

random_hex() {
    read -r random <"$proc/sys/kernel/random/uuid"
    echo "${random%%-*}"
}

# The seconds that everything may take.
longest() {
    echo $((limit_target * 3 + limit_log + limit_core + limit_sync * 6 + hooks_time))
}

log_saver=save_log core_saver=save_core record_saver=write_record

save() {
    if step target open_target; then
        save_all
    else
        [ -z "$folder" ] || save_record
    fi
}

save_all() {
    if [ -s "$proc/vmcore" ]; then
        crashed=$(head -c 1048576 "$proc/vmcore" | strings | sed -n '/^OSRELEASE=/{s///p;q}')
        step log "$log_saver"
        # Where not even the log had room, the core has none.
        [ "$failure" = fail-space ] || step core "$core_saver"
    else
        fail fail-vmcore "there is no $proc/vmcore: this kernel was not started by a crash"
    fi
    save_record
    [ -z "$core_saved" ] || after_saving
}

close_target() {
    [ -n "$mounted" ] || return 0
    mounted=''
    limited "$limit_sync" umount "$target" ||
        limited "$limit_sync" mount -o remount,ro "$target" || say "note-target it cannot be unmounted: $(last_words)"
}
"""
