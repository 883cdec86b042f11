# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part for a server that takes dumps by ssh; what they say to each other is in `targets`.

The client is dropbear's: a tenth of OpenSSH's size with its libraries. It pins host keys strictly as long as it is not
told otherwise and there is no terminal to ask on, which there never is here.
"""

from __future__ import annotations

import typing as t

#: Where the key and the pinned host keys lie in the image.
KEY_PATH: t.Final = "etc/kdump/ssh_key"
KNOWN_HOSTS_PATH: t.Final = "etc/kdump/known_hosts"
CLIENT_PATH: t.Final = "bin/dbclient"
APPLETS: t.Final = ("sha256sum",)

SSH: t.Final = r"""
# --- a server, by ssh --------------------------------------------------------------------------------------------

kinds="$kinds ssh"
ssh_client=/bin/dbclient

read_ssh() {
    next_field
    user=${field%%@*} host=${field#*@}
    port=${host##*:} host=${host%:*} path=$fields
    case $field in
        ?*@?*:[1-9]*)
            matches "$user" 'a-z0-9_.-' && matches "$host" '0-9.' && matches "$port" '0-9' && [ -n "$path" ] ;;
        *) return 1 ;;
    esac
}

# Ready is a server that has taken the record's first version: it tells of a dump that never came to its end. It is sent
# first for one more reason: asked whether to trust an unknown server, the client reads the answer from the stream when
# there is no terminal, and a record does not begin with a "y".
open_ssh() {
    if ! pin_keys; then
        fail fail-login "$user@$host:$port: no host key is pinned for the server"
        return 1
    fi
    open_network || return 1
    new_id
    as_stream
    now
    give_up=$((${uptime%.*} + limit_target))
    while :; do
        record >"$folder/kdump.json"
        send record_stream "$limit_target" kdump.json && break
        now
        if [ "$tag" != fail-network ] || [ "${uptime%.*}" -ge "$give_up" ]; then
            folder=''
            fail "$tag" "$user@$host:$port: $why"
            return 1
        fi
        sleep 1
    done
    say "target-ready $user@$host:$port $path/$id"
}

# The client looks below $HOME, for the plain host, whatever the port is, and takes the first key of a type that it
# finds: it gets to see only the keys of this very server. As with OpenSSH, a host without a port is for every port that
# has no keys of its own.
pin_keys() {
    own='' plain=''
    while read -r name key; do
        case $name in
            "[$host]:$port") own="$own$host $key
" ;;
            "$host") plain="$plain$host $key
" ;;
        esac
    done <"$etc/known_hosts"
    mkdir -p "$temporary/.ssh"
    printf '%s' "${own:-$plain}" >"$temporary/.ssh/known_hosts"
    [ -n "$own$plain" ]
}

put_ssh() {
    sealed | (
        export HOME="$temporary"
        storing "$2" "$ssh_client" -T -K 10 -i "$etc/ssh_key" -p "$port" "$user@$host" "kdump-receive $id $1 $path"
    ) >"$temporary/answer" 2>"$temporary/said"
    judge_answer "$?" "$2"
}

# Only a stream that came to its end gets the trailer, by which the server knows that it did.
sealed() {
    teed sha256sum
    produced=1
    { read -r produced <"$temporary/produced"; } 2>/dev/null
    read -r digest _ <"$temporary/sha256sum"
    [ "$produced" -ne 0 ] || printf '\nlinux.kdump-end %s\n' "$digest"
}

judge_answer() {
    word='' reply='' text=''
    read -r word reply text <"$temporary/answer"
    case $1:$word:$reply in
        0:ok:[0-9]*) outcome ok "$reply" ;;
        # What the server called complete before the connection was lost: nothing else is ever given this dump's id.
        *:error:exists)
            case $text in
                [0-9]*) outcome exists "$text" ;;
                *) outcome fail-target "the server says: $reply $text" ;;
            esac
            ;;
        *:error:space) outcome fail-space "the server says: $text" ;;
        *:error:incomplete) outcome incomplete "$text" ;;
        *:error:refused) outcome fail-login "the server says: $text" ;;
        *:error:*) outcome fail-target "the server says: $reply $text" ;;
        *) judge_silence "$1" "$2" ;;
    esac
}

judge_silence() {
    if grep -qi -e 'host key mismatch' "$temporary/said"; then
        outcome fail-login 'the server has another host key than the pinned one'
    elif grep -qi -e 'not in the trusted hosts' -e "didn't validate host key" "$temporary/said"; then
        outcome fail-login 'no host key is pinned for the server'
    # Where the server takes passwords too, the client asks for one, and is shown the door for what it got.
    elif grep -qi -e 'auth methods' -e 'permission denied' -e 'failed.*identity' -e password: "$temporary/said"; then
        outcome fail-login 'the server does not accept the key'
    elif [ "$1" -eq 143 ] || [ "$1" -eq 137 ]; then
        outcome fail-timeout "no end within $2 seconds"
    else
        outcome fail-network "$(last_said)"
    fi
}

document_ssh() {
    printf '{"kind":"ssh","server":"%s:%s","user":"%s","path":"%s"}' "$host" "$port" "$user" "$path"
}
"""
