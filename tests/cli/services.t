#!/bin/sh
# Services beside a job: on this machine, and in containers.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/podman-lib.sh"
podman_ready
need python3

field() {
	jq -rs "$1" "$out"
}
job() {
	printf '%s\n' "$1" >spec
	run timeout 100 mci-job --log-dir logs <spec
}
ended() {
	field 'last | [.reason, .exit // .signal // empty, .error // empty] | map(tostring) | join(" ")'
}
cat >"$ROOTFS/bin/serve" <<'E'
#!/bin/sh
echo "serving on $1"
while :; do echo "hello from $1" | nc -l -p "$1"; done
E
chmod +x "$ROOTFS/bin/serve"
image serve

job '{"id":"a","image":"localhost/serve","services":[{"id":"web-1","script":"serve 8000","expose":[8000]},{"id":"two","image":"localhost/serve","script":"serve 9000","ready":{"log":"serving on"},"expose":9000}],"script":["echo $MCI_SERVICE_WEB_1_HOST:$MCI_SERVICE_WEB_1_PORT","nc $MCI_SERVICE_TWO_HOST $MCI_SERVICE_TWO_PORT","ip link show tap0 >&2 || :"]}'
is "$status $(ended)" '0 exit 0' 'a job with two services in containers'
is "$(head -n 2 logs/a.log)" "$(printf '127.0.0.1:8000\nhello from 9000')" 'finds them by its variables'
is "$(field 'map(select(.type | startswith("container/")) | .type[10:] + " " + (.service // "-")) | .[:7] + (.[7:] | sort) | join(",")')" \
	'pending web-1,start web-1,pending two,start two,pending -,start -,end -,end two,end web-1' \
	'events tell of each container'
has "logs/a+web-1.log" '^serving on 8000$' 'each has a log of its own'
wait_for_none 'no container is left'
job '{"id":"cmd","image":"localhost/serve","services":[{"id":"s","script":["serve 8000"],"ready":"test -e /tmp/there || { touch /tmp/there; exit 1; }"}],"script":"true"}'
is "$(ended)" 'exit 0' 'a command says when it is ready'
job '{"id":"two","image":"localhost/serve","services":[{"id":"s","script":"sleep 1000","ready":{"port":1,"within":"500ms"}}],"script":"echo never"}'
is "$status" 125 'a service that is never ready is an error'
is "$(ended)" 'service services: s: 500ms are over, and it is not ready; its log is two+s' 'that says so'
job '{"id":"dead","image":"localhost/serve","services":[{"id":"s","script":["echo why","exit 3"],"ready":{"port":1}}],"script":"echo never"}'
is "$(ended) $(cat logs/dead+s.log)" 'service services: s: it ended before the job did; its log is dead+s why' \
	'and so is one that ends'
job '{"id":"no","image":"localhost/serve","services":[{"id":"s","image":"localhost/none"}],"pull":"never","script":"true"}'
like "$(ended)" '^service services: s: image: localhost/none: podman could not run it' 'or has no image'
job '{"id":"fin","image":"localhost/serve","services":[{"id":"s","script":"serve 8000","expose":8000}],"script":"exit 1","finally":["nc 127.0.0.1 8000"]}'
is "$(cat logs/fin.log)" 'hello from 8000' 'finally still has it'
job '{"id":"slow","image":"localhost/serve","timeout":"1s","services":[{"id":"s","script":"serve 8000","expose":8000}],"script":"sleep 1000 & wait"}'
is "$(field last.reason)" timeout 'a job that takes too long'
wait_for_none 'leaves none of its services'

# on this machine
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
service='{"id":"s","script":"echo up; exec python3 -m http.server --bind 127.0.0.1 '$port'","expose":['$port']}'
job '{"id":"host","services":['"$service"'],"script":"test $MCI_SERVICE_S_PORT = '"$port"' && python3 -c \"import urllib.request as u; u.urlopen(\\\"http://127.0.0.1:$MCI_SERVICE_S_PORT\\\")\""}'
is "$status $(ended)" '0 exit 0' 'a service on this machine is a script'
like "$(cat logs/host+s.log)" '^up$' 'with a log as well'
unlike "$(cat /proc/net/tcp)" "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$port") [0-9A-F:]+ 0A" 'and is gone'
python3 -c 'import socket,time,sys
s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(("127.0.0.1",int(sys.argv[1]))); s.listen(); print("up",flush=True); time.sleep(100)' "$port" >taken &
started="$started $!"
wait_for_line taken up
job '{"id":"used","services":['"$service"'],"script":"true"}'
is "$status $(ended)" "125 service services: s: port $port is used already on this machine" 'a port that is used is an error'
port2=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
job '{"id":"mixed","services":[{"id":"s","image":"localhost/serve","script":"serve '$port2'","expose":['$port2']}],"script":"busybox nc $MCI_SERVICE_S_HOST $MCI_SERVICE_S_PORT"}'
is "$(cat logs/mixed.log)" "hello from $port2" 'a job on this machine has a service in a container'
wait_for_none 'which is gone with it'
MCI_JOB_RUNNER=host job '{"id":"named","services":[{"id":"s","image":"localhost/serve"}],"script":"true"}'
like "$(ended)" '^service services: s: without containers it needs a script' 'but not where all is to be on this machine'

# in a sandbox
if timeout 20 mci-job --sandbox -- true 2>/dev/null; then
	port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
	cat >server.py <<-'E'
	import os, socket, sys
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind(("127.0.0.1", int(sys.argv[1])))
	s.listen()
	while True:
	    c = s.accept()[0]
	    c.send(b"%s\n" % os.environ["HOME"].encode())
	    c.close()
	E
	run timeout 60 mci-job --sandbox --log-dir logs <<-J
		{"id":"boxed","services":[{"id":"s","script":"exec python3 server.py $port","ready":{"command":"test -d /home/build","port":$port}}],"shell":"bash","script":"exec 3<>/dev/tcp/\$MCI_SERVICE_S_HOST/\$MCI_SERVICE_S_PORT; cat <&3"}
	J
	is "$status $(ended) $(cat logs/boxed.log)" '0 exit 0 /home/build' \
		"a sandboxed job's service is in a sandbox of its own, and so is what asks whether it is ready"
	run timeout 60 mci-job --sandbox --network none --log-dir logs <<-J
		{"id":"none","services":[{"id":"s","script":"exec python3 server.py","expose":[$port]}],"script":"true"}
	J
	like "$status $(ended)" '^125 service services: s: a sandbox without a network reaches none; give the job "network":"host"' \
		'without a network there is none, and the way out is said'
else
	skip 2 'no sandbox here'
fi
job '{"id":"bad","script":"true","services":[{"id":"s"}]}'
like "$(field last.text)" 'services.0.: needs an image or a script' 'a service of nothing'
finish
