# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first half of the save script: its paths and defaults, how it speaks, how it reads its settings and runs tools.

The whole is put together in `script`, which also says what shapes it.
"""

from __future__ import annotations

import typing as t

BASE: t.Final = r"""#!/bin/sh
# Saves the memory of the crashed kernel, then ends as told. Runs as /init in the capture kernel.

PATH=/bin:/sbin
LD_LIBRARY_PATH=/lib
LC_ALL=C
export PATH LD_LIBRARY_PATH LC_ALL
umask 077

proc=/proc
sys=/sys
dev=/dev
temporary=/tmp
etc=/etc/kdump
target=/target
makedumpfile=/bin/makedumpfile
reserve_kib=64

uuid='' label='' fstype='' path='' path_given='' readers='' final=reboot on_failure=''
limit_target=30 limit_log=60 limit_core=1800 limit_sync=60 hooks_time=0
makedumpfile_version=''

failure='' reason='' earlier='' earlier_reason='' tried='' described='' attempted='' sent=''
nonce='' crashed='' steps='' removed='' folder='' id='' started=0 core_saved='' mounted='' mount_options='' devtmpfs=''
# What a tool says where its target is a server's folder and the server is gone.
lost=''
uptime=0.00

# --- telling -----------------------------------------------------------------------------------------------------

now() {
    { read -r uptime _ <"$proc/uptime"; } 2>/dev/null
}

# Through the kernel log, so that every console gets it, and whole lines only; standard output where that is closed.
say() {
    now
    text="linux.kdump: [$uptime] $*"
    { echo "<2>$text" >"$dev/kmsg"; } 2>/dev/null || echo "$text"
}

fail() {
    say "$@"
    [ -z "$failure" ] || return 0
    failure=$1
    shift
    reason=$*
}

# What a tool said of its end: the cause where it is a known one, else its last line that is not about progress.
last_words() {
    tr '\r' '\n' <"$temporary/out" >"$temporary/words"
    words=$(grep -m 1 -i -e 'No space left on device' -e 'allocate memory' -e '^fatal error: ' "$temporary/words" ||
        grep -v -e '^ *$' -e '^Copying data' -e '^Checking for' -e ' Failed\.$' "$temporary/words" | tail -n 1)
    # What makedumpfile says of an error may follow its progress on the same line.
    words=${words#Copying data*eta: *s}
    echo "${words:-it said nothing}"
}

# --- settings ----------------------------------------------------------------------------------------------------

setting() {
    case $1=$2 in
        kdump.target=UUID=?*) matches "${2#UUID=}" '0-9A-Fa-f-' && uuid=${2#UUID=} ;;
        kdump.fstype=?*) matches "$2" 'a-z0-9' && fstype=$2 ;;
        kdump.path=/*) matches "$2" 'A-Za-z0-9/._@%+=:,-' && path=${2%/} path_given=1 ;;
        kdump.final=reboot | kdump.final=halt | kdump.final=poweroff | kdump.final=shell) final=$2 ;;
        kdump.on_failure=reboot | kdump.on_failure=halt | kdump.on_failure=poweroff | kdump.on_failure=shell)
            on_failure=$2 ;;
        kdump.limit_target=?*) seconds "$2" && limit_target=$2 ;;
        kdump.limit_log=?*) seconds "$2" && limit_log=$2 ;;
        kdump.limit_core=?*) seconds "$2" && limit_core=$2 ;;
        kdump.limit_sync=?*) seconds "$2" && limit_sync=$2 ;;
        kdump.makedumpfile_version=?*) matches "$2" '0-9.' && makedumpfile_version=$2 ;;
        *) other_setting "$1" "$2" ;;
    esac || say "note-setting ignored, not understood: $(printf '%s' "$1=$2" | printable)"
}

# Parts of the script add readers of their own words.
other_setting() {
    for reader in $readers; do
        ! "$reader" "$1" "$2" || return 0
    done
    return 1
}

matches() {
    case $1 in
        *[!$2]*) return 1 ;;
    esac
}

seconds() {
    case $1 in
        0* | *[!0-9]* | ??????*) return 1 ;;
    esac
}

read_settings() {
    set -f
    # Words, not lines: both files are one command line.
    # shellcheck disable=SC2013
    for word in $(cat "$etc/settings" "$proc/cmdline" 2>/dev/null); do
        case $word in
            kdump.*=*) setting "${word%%=*}" "${word#*=}" ;;
        esac
    done
    set +f
}

# --- running under limits ----------------------------------------------------------------------------------------

# The kernel's out-of-memory killer shall take the tool, never the script or its watcher.
spare() {
    { echo -1000 >"$proc/self/oom_score_adj"; } 2>/dev/null
}

limited() {
    limit=$1
    shift
    (
        { echo 1000 >"$proc/self/oom_score_adj"; } 2>/dev/null
        exec timeout -k 5 "$limit" "$@"
    ) >"$temporary/out" 2>&1
}

# Why a tool ended with status $1 after starting at $2 under limit $3; $4 is the tag where nothing else explains it.
blame() {
    now
    elapsed=$((${uptime%.*} - ${2%.*}))
    if grep -qi 'No space left on device' "$temporary/out"; then
        tag=fail-space
    elif [ "$1" -eq 143 ] || { [ "$1" -eq 137 ] && [ "$elapsed" -gt "$3" ]; }; then
        tag=fail-timeout
    elif [ "$1" -eq 137 ] || grep -qi -e 'allocate memory' -e 'out of memory' "$temporary/out"; then
        tag=fail-memory
    elif [ -n "$lost" ] && grep -qi "$lost" "$temporary/out"; then
        tag=fail-network
    else
        tag=$4
    fi
}

# Peak memory, and the overall limit: a process stuck in the kernel ignores every signal, and the shell waits for it.
watch() {
    peak=0 total=0 available=0
    while :; do
        while read -r key value _; do
            case $key in
                MemTotal:) total=$value ;;
                MemAvailable:) available=$value ;;
            esac
        done <"$proc/meminfo"
        if [ $((total - available)) -gt "$peak" ]; then
            peak=$((total - available))
            echo "$total $peak" >>"$temporary/memory"
        fi
        now
        if [ "${uptime%.*}" -ge "$1" ]; then
            fail fail-timeout "the save environment did not finish by itself"
            [ -e "$temporary/saved" ] || final=${on_failure:-$final}
            [ "$final" != shell ] || final=reboot
            end
        fi
        sleep 0.2
    done
}

step() {
    now
    began=$uptime
    "$2"
    rc=$?
    now
    steps="$steps${steps:+,}{\"name\":\"$1\",\"rc\":$rc,\"started\":$began,\"ended\":$uptime}"
    return "$rc"
}
"""
