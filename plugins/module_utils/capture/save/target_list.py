# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part that tries targets in their order, each with its own patience.

Every kind of target has a part of its own, which defines ``read_<kind>`` (takes the fields of its word apart),
``open_<kind>`` (makes it ready to be written to) and ``document_<kind>`` (tells the record what it is). Kinds that are
no folder set ``core_saver``, ``log_saver`` and ``record_saver`` while they open.

A target that failed keeps what it got, marked as incomplete, with a record that says so where it can be written. The
record on the target that worked lists every attempt before it.
"""

from __future__ import annotations

import typing as t

LIST: t.Final = r"""
# --- several targets ---------------------------------------------------------------------------------------------

targets='' kinds=local
readers="$readers read_target_word"

read_target_word() {
    case $1=$2 in
        kdump.target=[a-z]*,?*) matches "$2" 'A-Za-z0-9/._@%+=:,-' && targets="$targets $2" ;;
        *) false ;;
    esac
}

# The plain words name one target; the others stand before them.
all_targets() {
    [ -n "$targets" ] || [ -z "$uuid" ] || [ -z "$path_given" ] || targets="local,UUID=$uuid,${fstype:-auto},${path:-/}"
    echo "$targets"
}

# Takes a target's word apart: its kind, its own options, and the rest for its kind.
read_target() {
    kind=${1%%,*} fields=${1#*,} limit_target=$image_limit retries=0
    case $kind in
        ssh | nfs) retries=1 ;;
    esac
    while next_option; do
        :
    done
    described=$kind:$fields
}

next_option() {
    value=${fields%%,*}
    value=${value#*=}
    case $fields in
        limit=*,*) ! seconds "$value" || limit_target=$value ;;
        retries=[0-9],* | retries=[0-9][0-9],*) retries=${value#0} ;;
        *) return 1 ;;
    esac
    fields=${fields#*,}
}

# The next field into $field.
next_field() {
    field=${fields%%,*}
    case $fields in
        *,*) fields=${fields#*,} ;;
        *) fields='' ;;
    esac
}

longest() {
    image_limit=$limit_target whole=$hooks_time
    for entry in $(all_targets); do
        read_target "$entry"
        whole=$((whole + (${retries:-0} + 1) * (limit_target * 3 + limit_log + limit_core + limit_sync * 8)))
    done
    echo "$whole"
}

save() {
    # What went wrong before the first target, with a driver, is part of every target's story.
    image_limit=$limit_target earlier=$failure earlier_reason=$reason
    targets=$(all_targets)
    [ -n "$targets" ] || fail fail-target "there is no kdump.target=... on the kernel command line"
    for entry in $targets; do
        begin_target "$entry"
        try_target && return 0
        [ "$failure" != fail-vmcore ] || return 1
    done
    return 1
}

try_target() {
    case " $kinds " in
        *" $kind "*) ;;
        *) fail fail-target "this image was not built for targets of kind $kind: $described"; fall_back; return 1 ;;
    esac
    left=${retries:-0}
    while ! save_to; do
        case $failure in
            # What trying again would not change.
            fail-space | fail-memory | fail-login | fail-vmcore) return 1 ;;
        esac
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        begin_target "$entry"
    done
}

begin_target() {
    read_target "$1"
    failure='' reason='' steps='' removed='' folder='' core_saved='' sent='' mount_options='' lost=''
    log_saver=save_log core_saver=save_core record_saver=write_record
    now
    attempted=$uptime
}

save_to() {
    if ! "read_$kind"; then
        fail fail-target "the target's word is not understood: $described"
    elif step target "open_$kind"; then
        save_all
        [ -z "$core_saved" ] || return 0
    elif [ -n "$folder" ]; then
        save_record
    fi
    close_target
    fall_back
    return 1
}

fall_back() {
    tried="$tried${tried:+,}$(attempt)"
    say "note-fallback not saved to $described (${failure:-fail-core})"
}

# One dump has one name on all targets, unless that is taken.
new_id() {
    [ -n "$id" ] && [ "${attempt:-1}" -eq 1 ] || id=$(date -u +%Y%m%dT%H%M%SZ)-$(random_hex)
}

document_target() {
    "document_$kind"
}

read_local() {
    next_field
    uuid='' label=''
    case $field in
        UUID=?*) uuid=${field#UUID=} ;;
        LABEL=?*) label=${field#LABEL=} ;;
        *) return 1 ;;
    esac
    next_field
    fstype=$field path_given=1 path=${fields%/}
    [ "$fstype" != auto ] || fstype=''
    case $fields in
        /*) ;;
        *) return 1 ;;
    esac
}

open_local() {
    open_target
}

document_local() {
    document_filesystem
}
"""
