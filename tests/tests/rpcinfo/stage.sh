# Runs inside namespaces of its own, with a registry that is its first word: `rpcbind -f -w` or `matchmaker --rpcbind`. The second
# word is the scene. What is said goes to standard output, each command before its answer.
set -u
registry=$1 scene=$2
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p /run/rpcbind /run/netns

# Until the other side of the pipe says its first word, or ends.
begin() {
    mkfifo /run/said
    $registry >/run/said 2>&1 &
    server=$!
    exec 9<>/run/said
    case $registry in
    *matchmaker*) read -r _ <&9 ;;
    esac
    until rpcinfo >/dev/null 2>&1; do
        kill -0 $server || exit 1
    done
}

say() {
    echo "\$ $*"
    timeout 60 "$@" 2>&1
    echo "exit $?"
}

root() { say ./registrar "$@"; }
user() { say setpriv --reuid 1000 --clear-groups ./registrar "$@"; }

registrations() {
    root local set 3 500 1 tcp 0.0.0.0.8.1
    root local set 3 500 1 tcp 0.0.0.0.8.1
    root local set 3 500 1 tcp 0.0.0.0.8.2
    root local set 3 500 2 udp 0.0.0.0.8.1
    root local set 3 500 2 tcp6 ::.8.1
    root local set 3 501 1 tcp 10.5.0.1.8.1
    root local set 4 502 1 local /run/bank.sock
    root local set 3 503 1 x25 anything
    root local set 3 504 1 tcp nonsense
    root udp set 2 505 1 tcp 2049
    root tcp set 2 505 1 udp 2049
    root udp set 2 506 1 99 2049
    root tcp set 4 507 1 tcp 0.0.0.0.8.1
    user local set 3 600 1 tcp 0.0.0.0.8.1
    user local set 2 601 1 udp 700
    user tcp set 3 602 1 tcp 0.0.0.0.8.1
    user udp set 2 603 1 udp 2049
}

questions() {
    for how in "tcp getaddr 4" "udp getaddr 3" "local getaddr 3" "tcp getversaddr 4"; do
        for what in "500 1" "500 2" "500 9" "501 1" "502 1" "504 1" "505 1" "999 1"; do
            root $how $what tcp
        done
    done
    root tcp getaddr 3 501 1 tcp 127.0.0.1.0.111
    root udp getport 2 500 1 tcp
    root tcp getport 2 500 9 udp
    root udp getport 2 504 1 tcp
    root tcp getport 2 505 1 udp
    root tcp getport 2 505 1 77
    root tcp u2t 3 0 0 tcp 127.0.0.1.3.77
    root udp u2t 4 0 0 udp nonsense
    root local u2t 4 0 0 local /run/bank.sock
}

removals() {
    user local unset 3 500 1 tcp
    user local unset 3 600 1 tcp
    user tcp unset 3 600 9 tcp
    user tcp unset 3 601 1 udp
    user udp unset 3 602 1 tcp
    user local unset 3 100000 4 tcp
    root local unset 3 500 2 udp
    root udp unset 2 505 1 tcp
    say rpcinfo -d 507 1
    say setpriv --reuid 1000 --clear-groups rpcinfo -d 500 1
    say rpcinfo -d -T tcp 500 1
}

show() {
    for words in "" "-p" "-s" "-p 127.0.0.1" "-s 127.0.0.1" "127.0.0.1" "-l 127.0.0.1 100000 3" "-l 127.0.0.1 500 2" \
        "-l 127.0.0.1 999 2" "-l ::1 100000 4" "-m" "-m 127.0.0.1"; do
        say rpcinfo $words
    done
}

try() {
    for words in "-t 127.0.0.1 100000" "-u 127.0.0.1 100000" "-t 127.0.0.1 100000 2" "-u 127.0.0.1 100000 3" \
        "-u 127.0.0.1 100000 9" "-t 127.0.0.1 999" "-n 111 -t 127.0.0.1 100000" "-n 111 -u 127.0.0.1 100000" \
        "-T tcp 127.0.0.1 100000" "-T udp 127.0.0.1 100000 4" "-T tcp6 ::1 100000" "-T udp6 ::1 100000" \
        "-T local 127.0.0.1 100000" "-a 127.0.0.1.0.111 -T tcp 100000" "-a 127.0.0.1.0.111 -T udp 100000 2" \
        "-a ::1.0.111 -T udp6 100000"; do
        say rpcinfo $words
    done
}

# A server that rpcgen made: it registers itself, is found by a client, and is gone after it was withdrawn.
counter() {
    ./counter-server &
    counter=$!
    until rpcinfo -s | grep 536873985 | grep -q local; do
        kill -0 $counter || exit 1
    done
    say sh -c 'rpcinfo | grep 536873985 | sed "s/[0-9]*\.[0-9]*  */PORT /"'
    say ./counter-client 127.0.0.1 tcp
    say ./counter-client 127.0.0.1 udp
    say ./counter-client ::1 tcp
    say rpcinfo -t 127.0.0.1 536873985
    say rpcinfo -u 127.0.0.1 536873985
    say rpcinfo -T local 127.0.0.1 536873985
    kill -9 $counter
    say rpcinfo -d 536873985 1
    say rpcinfo -d 536873985 2
    say sh -c 'rpcinfo | grep 536873985'
}

# Another host: a namespace behind a pair of interfaces.
another_host() {
    ip netns add other
    ip link add here address 02:00:00:00:00:01 type veth peer name there address 02:00:00:00:00:02 netns other
    # Else an address of IPv6 could not be sent from for a second.
    echo 0 >/proc/sys/net/ipv6/conf/here/accept_dad
    ip netns exec other sh -c "echo 0 >/proc/sys/net/ipv6/conf/there/accept_dad"
    ip addr add 10.5.0.1/24 brd + dev here
    ip link set here up
    ip netns exec other ip link set lo up
    ip netns exec other ip addr add 10.5.0.2/24 brd + dev there
    ip netns exec other ip link set there up
    until ip -6 route get ff02::202 oif here && ip netns exec other ip -6 route get ff02::202; do :; done >/dev/null 2>&1
}

there() { say ip netns exec other "$@"; }

from_another_host() {
    export HOST=10.5.0.1
    there rpcinfo -p 10.5.0.1
    there rpcinfo -l 10.5.0.1 100000 3
    there rpcinfo -u 10.5.0.1 100000
    there ./registrar tcp getaddr 3 500 1 tcp
    there ./registrar tcp getaddr 3 500 1 tcp 127.0.0.1.0.111
    there ./registrar tcp getaddr 3 501 1 tcp
    there ./registrar tcp unset 3 500 1 tcp
    there rpcinfo -m 10.5.0.1
    # Last: a broadcast is sent as often as rpcinfo has patience, and all of it is counted.
    there rpcinfo -b 100000 2
}

case $scene in
here)
    begin
    registrations
    show
    questions
    try
    removals
    show
    counter
    ;;
there)
    another_host
    begin
    root local set 3 500 1 tcp 0.0.0.0.8.1
    root local set 3 501 1 tcp 10.5.0.1.8.1
    from_another_host
    ;;
datagrams)
    another_host
    begin
    export HOST=10.5.0.1
    there ./registrar udp dump 2 0 0
    there ./registrar tcp dump 2 0 0
    say env HOST=127.0.0.1 ./registrar udp dump 2 0 0
    there ./registrar udp set 2 700 1 tcp 2049
    # The group of rpcbinds, at which Debian's rpcbind keeps quiet: there is nothing to compare.
    there env HOST=ff02::202 ./registrar udp6 u2t 4 0 0 udp6 ::1.3.77
    ;;
esac
kill $server
wait $server
