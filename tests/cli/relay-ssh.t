#!/bin/sh
# mci relay behind a real sshd on this machine: exec:ssh ci mci relay is an address like any other.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/ssh-lib.sh"
need jq
# itself, where python3 is a script that looks for it
python=$(python3 -c 'import sys; print(sys.executable)')

start_sshd

# peer BEHAVIOUR [FILE...]: a server at ./s, see relay-peer.py
peer() {
	rm -f s s.ready
	"$python" "$ROOT/tests/cli/relay-peer.py" s "$@" &
	peer=$! started="$started $!"
	wait_until "the server listens" test -e s.ready
}

python3 -c '
import random, sys
sys.stdout.buffer.write(bytes(range(256)) * 4 + b"x" * 2000000 + b"\n" + random.Random(1).randbytes(4000000))' >up
python3 -c '
import random, sys
sys.stdout.buffer.write(b"\n\0\r\n{" + random.Random(2).randbytes(5000000))' >down

peer both got-up down
ok "all goes up while all comes down" sh -c "$ssh mci relay 'unix:$PWD/s' <up >got-down"
wait_end "$peer"
ok "up, byte for byte" cmp up got-up
ok "down, byte for byte" cmp down got-down

peer answer
is "$(mci-relay "exec:$ssh mci relay unix:$PWD/s" <up)" "$(wc -c <up) $(sha256sum up | cut -d ' ' -f 1)" \
	"the end of input goes through two relays; the answer comes"

exits 75 "the status comes back when nobody is there" $ssh mci relay "unix:$PWD/nowhere"

mkdir -p project/.mci && cd project || exit 1
cat >.mci/build <<'END'
#!/bin/sh
echo '{"id":"wait","script":["echo $MCI_BUILD >../named && mv ../named ../door; while [ ! -e ../go ]; do sleep 0.05; done"]}'
END
chmod +x .mci/build
mci-build -q -p NAME=value >../build.out 2>&1 &
build=$! started="$started $!"
cd .. || exit 1
wait_until "the job runs" test -e door
is "$(mci call -a "exec:$ssh mci relay $(cat door)" param/get name=NAME)" '{"value":"value"}' \
	"a running build is called over there"
ln -s "$(cat door)" "$XDG_RUNTIME_DIR/mci/mci.sock"
is "$(mci call -a "exec:$ssh mci relay" param/get name=NAME)" '{"value":"value"}' \
	"without an address it is the server over there"
touch go
wait_end "$build"
is "$status" 0 "the build goes on as if nothing had been"

rm got-up
peer both got-up down
mkfifo open
background sh -c "exec $ssh mci relay 'unix:$PWD/s' <open"
link=$pid
exec 7>open
echo word >&7
wait_until "it is connected" test -s got-up
kill -KILL "$link"
exec 7>&-
wait_end "$peer"
is "$(cat got-up)" word "kill -9 of ssh ends the relay on the other side"

stop_sshd
finish
