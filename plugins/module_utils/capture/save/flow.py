# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's last part: from start to end, and the final action."""

from __future__ import annotations

import typing as t

FLOW: t.Final = r"""
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
