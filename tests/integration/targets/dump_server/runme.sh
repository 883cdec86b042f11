#!/usr/bin/env bash
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The receiver under a real sshd, on a port of the loopback interface. The account exists in a mount namespace only, so
# that this machine has no other accounts afterwards than before.
set -euo pipefail

if [ -z "${KDUMP_INSIDE:-}" ]; then
    exec env KDUMP_INSIDE=1 unshare --mount --propagation private "$0" "$@"
fi

# sshd trusts no file below a folder that others may write to, as /tmp is.
mount -t tmpfs -o mode=0755 tmpfs /run
place=/run/place
mkdir -m 0755 /run/sshd "$place"
finish() {
    status=$?
    if [ -s "$place/sshd.pid" ]; then
        kill "$(cat "$place/sshd.pid")" || :
    fi
    if [ "$status" -ne 0 ]; then
        tail -n 40 "$place/sshd.log" "$place/said" >&2 || :
    fi
}
trap finish EXIT

for file in passwd shadow group; do
    cp -a "/etc/$file" "$place/$file"
done
echo "kdump-it:x:64123:64123::$place/dumps:$place/receive" >>"$place/passwd"
echo "kdump-it:*:19000:0:99999:7:::" >>"$place/shadow"
echo "kdump-it:x:64123:" >>"$place/group"
for file in passwd shadow group; do
    mount --bind "$place/$file" "/etc/$file"
done

ansible-playbook playbook.yml --extra-vars "place=$place" "$@"

port=$(cat "$place/port")
/usr/sbin/sshd -f "$place/sshd.conf" -E "$place/sshd.log"

id=20261123T051500Z-0badcafe
command="kdump-receive $id"

# A connection as the save environment makes it: its own key, the pinned server key, and nothing of this machine's.
call() {
    ssh -F /dev/null -i "${key:-$place/keys/web1}" -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR \
        -o UserKnownHostsFile="${known_hosts:-$place/keys/web1.known_hosts}" -o GlobalKnownHostsFile=/dev/null \
        -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -p "$port" "$@"
}

seal() {
    cat "$1"
    printf '\nlinux.kdump-end %s\n' "$(sha256sum <"$1" | cut -d ' ' -f 1)"
}

# A line of what the call says must fit a pattern, and its status be as said.
must() {
    expected_status=$1 pattern=$2
    shift 2
    status=0
    "$@" >"$place/said" 2>&1 </dev/null || status=$?
    if [ "$status" -ne "$expected_status" ] || ! grep --quiet --extended-regexp "$pattern" "$place/said"; then
        echo "status $status where $expected_status and '$pattern' were expected: $*" >&2
        exit 1
    fi
}

send() {
    seal "$1" | call kdump-it@127.0.0.1 "$command $2 ${3:-web1}"
}

head --bytes 5000001 /dev/urandom >"$place/core"
size=$(stat --format %s "$place/core")
digest=$(sha256sum <"$place/core" | cut -d ' ' -f 1)

must 0 "^ok $size $digest\$" send "$place/core" vmcore
cmp "$place/core" "$place/dumps/web1/$id/vmcore"
[ "$(stat --format '%U %a' "$place/dumps/web1/$id/vmcore")" = "kdump-it 600" ]
[ "$(stat --format '%U %a' "$place/dumps/web1/$id")" = "kdump-it 700" ]

# Nothing is replaced, nothing is read, nothing else is run, no folder but the own one is entered.
must 1 '^error exists ' send "$place/core" vmcore
must 1 '^error refused ' send "$place/core" vmcore web2
must 1 '^error refused ' send "$place/core" vmcore ../web2
must 1 '^error refused ' call kdump-it@127.0.0.1
must 1 '^error refused ' call kdump-it@127.0.0.1 "cat $place/dumps/web1/$id/vmcore"
must 1 '^error refused ' call kdump-it@127.0.0.1 "$command vmcore web1; id"
must 1 '^error refused ' call kdump-it@127.0.0.1 "/bin/sh -c id"
must 255 'PTY allocation request failed' call -tt kdump-it@127.0.0.1
must 1 '.' call -s kdump-it@127.0.0.1 sftp
must 255 'forwarding|prohibited|open failed|refused' call -W 127.0.0.1:"$port" kdump-it@127.0.0.1

# Half a file is no file, and the next attempt is not in its way.
cut_off() {
    head --bytes 3000000 "$place/core" | call kdump-it@127.0.0.1 "$command other web1"
}
must 1 '^error incomplete ' cut_off
[ "$(stat --format %s "$place/dumps/web1/$id/other.incomplete")" = 3000000 ]
must 0 "^ok $size $digest\$" send "$place/core" other
[ ! -e "$place/dumps/web1/$id/other.incomplete" ]

# A client that dies in the middle.
mkfifo "$place/pipe"
call kdump-it@127.0.0.1 "$command dying web1" <"$place/pipe" >"$place/said" 2>&1 &
client=$!
exec 9>"$place/pipe"
head --bytes 2000000 "$place/core" >&9
for _ in $(seq 600); do
    arrived=$(stat --format %s "$place/dumps/web1/$id/dying.incomplete" 2>/dev/null || echo 0)
    [ "$arrived" -lt 1900000 ] || break
    sleep 0.1
done
kill -KILL "$client"
exec 9>&-
wait "$client" || :
must 0 "^ok " send "$place/core" dying

# Two at once.
send "$place/core" one >"$place/one" &
first=$!
send "$place/core" two >"$place/two"
wait "$first"
grep --quiet '^ok ' "$place/one"
grep --quiet '^ok ' "$place/two"

# Bytes that changed on the way.
changed() {
    { head --bytes 100 /dev/zero; printf '\nlinux.kdump-end %064d\n' 0; } | call kdump-it@127.0.0.1 "$command bad web1"
}
must 1 '^error incomplete .*sha256' changed
[ -e "$place/dumps/web1/$id/bad.incomplete" ]

# A key that is let in from elsewhere only, and one that is not let in at all.
key=$place/keys/web2 must 255 'Permission denied' call kdump-it@127.0.0.1 "$command vmcore web2"
ssh-keygen -q -t ed25519 -N '' -f "$place/stranger"
key=$place/stranger must 255 'Permission denied' call kdump-it@127.0.0.1 "$command x web1"

# A server that is not the one that was pinned.
ssh-keygen -q -t ed25519 -N '' -f "$place/other_host_key"
echo "[127.0.0.1]:$port $(cut -d ' ' -f 1,2 "$place/other_host_key.pub")" >"$place/pinned_elsewhere"
known_hosts=$place/pinned_elsewhere must 255 'Host key verification failed' send "$place/core" never
[ ! -e "$place/dumps/web1/$id/never.incomplete" ]

# The role with state absent gives all dumps to root; whoever is let in anew can send again.
chown -R 0:0 "$place/dumps"
chmod 0755 "$place/dumps"
must 1 '^error failed ' send "$place/core" back
ansible localhost --connection local --module-name linux.kdump.dump_client \
    --args "name=web1 root=$place/dumps owner=kdump-it authorized_keys=$place/etc/authorized_keys exports=$place/etc \
    host_keys=$place/etc/host_key.pub floor=1M addresses=127.0.0.1 public_key='$(cut -d ' ' -f 1,2 "$place/keys/web1.pub")'"
must 0 '^ok ' send "$place/core" back

# Nobody left anything outside of the folder, or running.
[ "$(find "$place/dumps" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')" = "web1 web2 " ]
for _ in $(seq 100); do
    running=$(pgrep --uid 64123 || :)
    [ -n "$running" ] || break
    sleep 0.1
done
[ -z "$running" ]
