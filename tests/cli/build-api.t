#!/bin/sh
# What a job can ask its own build: params, outputs, jobs, events; and what it may not.
. "${0%/*}/lib.sh"

need jq nc
events() {
	jq -c "select($1)" "$out"
}
printf '#!/bin/sh\ncat specs\n' >script
chmod +x script

cat >specs <<'JOBS'
{"id":"maker","script":["mci output set KEY=value","echo OTHER=2 >>$MCI_OUTPUT"]}
{"id":"taker","script":["mci param get V","mci output get maker KEY","mci output get maker","mci jobs"],"depends-on":["maker"]}
{"id":"adder","script":["mci add extra -- sh -c 'echo made; exit 0'","mci add last --after extra -- true"]}
{"id":"poster","script":["mci post test/passed name=one count:=3","echo '{\"type\":\"note/raw\",\"text\":\"hi\"}' | nc -NU \"$MCI_BUILD\""]}
{"id":"caller","script":["mci call build/get | jq -r .id","printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"param/get\",\"params\":{\"name\":\"V\"}}\\n' | nc -NU \"$MCI_BUILD\""]}
JOBS
exits 0 "jobs talk to their build" timeout 30 mci-build --json -p V=seven ./script
folder=$(jq -r 'select(.type=="build/start").folder' "$out")
is "$(sed -n 1,2p "$folder/logs/taker.log" | tr '\n' ' ')" "seven value " "param get, output get"
has "$folder/logs/taker.log" 'OTHER' "all outputs of a job"
has "$folder/logs/taker.log" 'success.*maker' "mci jobs"
is "$(events '.type=="job/end" and .job=="maker"' | jq -c .outputs)" '{"KEY":"value","OTHER":"2"}' "outputs in the end"
is "$(events '.type=="job/end"' | jq -r .job | grep -c 'extra\|last')" 2 "added jobs ran"
is "$(cat "$folder/logs/extra.log")" made "with their arguments"
is "$(events '.type=="test/passed"' | jq -c '[.name,.count,.run]')" '["one",3,1]' "posted events are in the log"
is "$(events '.type=="note/raw"' | jq -r .text)" hi "also through nc"
is "$(events '.type=="note/raw"' | jq -r '.time|type')" string "and get a time"
has "$folder/logs/caller.log" '^local/work/1$' "mci call"
has "$folder/logs/caller.log" '"result":\{"value":"seven"\}' "a request through nc gets one reply"

cat >specs <<'JOBS'
{"id":"a","script":["mci post job/end job=a status=success"],"allow-failure":true}
{"id":"b","script":["mci param get NOPE"],"allow-failure":true}
{"id":"c","script":["mci call no/method"],"allow-failure":true}
{"id":"d","script":["mci add a -- true"],"allow-failure":true}
{"id":"e","script":["mci call param/get nome=V"],"allow-failure":true}
{"id":"f","script":["(printf 'garbage\\n{\"type\":\\n\\377\\376\\n'; head -c 1200000 /dev/zero | tr '\\0' x; echo; echo '{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"job/list\"}') | timeout 5 nc -NU \"$MCI_BUILD\" | tail -n 1"]}
{"id":"g","script":["mci output get f X"],"allow-failure":true}
{"id":"h","script":["mci call output/set job=nobody name=A value=1"],"allow-failure":true}
JOBS
exits 0 "bad calls" timeout 30 mci-build --json ./script
folder=$(jq -r 'select(.type=="build/start").folder' "$out")
is "$(events '.type=="job/end" and .job=="a"' | wc -l)" 1 "nobody may end a job but mci-build"
has "$folder/logs/a.log" 'job/end' "and the poster is told"
for job in b c d e g h; do
	is "$(events ".type==\"job/end\" and .job==\"$job\"" | jq -r '.exit != 0')" true "$job fails"
	ok "$job says why" test -s "$folder/logs/$job.log"
done
has "$folder/logs/f.log" '"id":9,.*"jobs"' "after garbage the connection goes on at the next line"

# a job that watches its own build
cat >specs <<'JOBS'
{"id":"w","script":["mci call event/subscribe | head -n 1 | jq -r .type"]}
JOBS
exits 0 "a job can read its build's events" timeout 30 mci-build --json ./script
is "$(cat "$(jq -r 'select(.type=="build/start").folder' "$out")/logs/w.log")" build/start "from the first one"

# many connections and no leaks
cat >specs <<'JOBS'
{"id":"many","script":["for i in $(seq 200); do mci param get V; done | sort | uniq -c"]}
JOBS
exits 0 "many calls" timeout 60 mci-build --json -p V=1 ./script
is "$(tr -s ' ' <"$(jq -r 'select(.type=="build/start").folder' "$out")/logs/many.log")" " 200 1" "are all answered"

# outputs from the file and by call, as many as fit
cat >sets <<'END'
seq -f 'F%g=file' 4000 >"$MCI_OUTPUT"
seq 5000 | sed 's|.*|{"jsonrpc":"2.0","id":&,"method":"output/set","params":{"job":"a","name":"F&","value":"call"}}|' |
	timeout 20 nc -NU "$MCI_BUILD" | jq -r '.error.data.name // .error.message // "taken"' | sort | uniq -c
END
cat >specs <<'JOBS'
{"id":"a","script":["sh ./sets"]}
JOBS
exits 0 "outputs in thousands" timeout 60 mci-build --json ./script
taken=$(mci log @/a | awk '$2 == "taken" { print $1 }')
ok "are taken up to 64 KiB by call" test "${taken:-0}" -gt 4000 -a "${taken:-0}" -lt 5000
has "$(mci path @/a)" "^ *$((5000 - taken)) .*65536" "and what is more is refused"
is "$(events '.type=="job/end" and .job=="a"' | jq -r '.outputs | [length, .F1, .F4000, .["F'"$taken"'"]] | join(" ")')" \
	"$taken call call call" "those set by call win over the file's"

# texts that no text may hold
cat >specs <<'JOBS'
{"id":"a","script":["printf 'A=x\\000y\\nnot a pair\\nC=ok\\n' >$MCI_OUTPUT"],"allow-failure":true}
{"id":"b","script":["mci output get a C","mci output get a"],"depends-on":["a"]}
{"id":"c","script":["mci call output/set job=c name=N 'value:=\"\\u0000\"' || mci output set OK=1"]}
{"id":"d","script":["mci add late -- printf 'a' && mci call job/add 'spec:={\"id\":\"z\",\"script\":\"\\u0000\"}' || true"]}
JOBS
exits 0 "U+0000" timeout 30 mci-build --json ./script
is "$(events '.type=="job/end" and .job=="a"' | jq -r '[.status,.reason,.error] | join(" ")')" \
	"failure limit:outputs MCI_OUTPUT line 1: A: a value may not hold a NUL byte" "in an output fails the job that set it"
is "$(mci log @/b | tr '\n' ' ')" "ok C=ok " "and the others stay"
has "$(mci path @/c)" 'value: a string may not hold U\+0000' "in a call is refused"
has "$(mci path @/d)" 'script: a string may not hold U\+0000' "as in a spec"
unlike "$(cat "$out")" '[^\]u0000' "so that it is in no event"

# a secret with a = in it, where the shell makes a word of its own of it
cat >specs <<'JOBS'
{"id":"s","params":["T","U"],"script":["sh post.sh"]}
JOBS
cat >post.sh <<'END'
mci post a/b "$T"
mci call event/post type=a/b "$T"
mci post a/b "$U"
mci post a/b t="$T"
END
export T=5tr0ng=12345678 U=5tr0ng:=12345679
exits 0 "a split secret" timeout 30 mci-build --json --secret T --secret U ./script
unset T U
unlike "$(cat "$out")" '5tr0ng|1234567' "is in no event"
is "$(grep -c 'a secret stands where NAME=VALUE was expected' "$(mci path @/s)")" 3 "and said"
is "$(events '.type=="a/b"' | jq -c '[.t]')" '["***"]' "a named one is masked"

# nothing is taken once the end is written, however long a reader of the events keeps the build
cat >job.sh <<'END'
echo "$MCI_BUILD" >address
i=0
while [ $((i += 1)) -le 1500 ]; do echo "{\"n\":$i,\"pad\":\"$(printf %060d 0)\"}"; done >"$MCI_NOTES"
END
echo '{"id":"a","script":["sh job.sh"]}' >specs
mkfifo slow
mci-build --json - <specs >slow 2>"$err" &
build=$!
started="$started $build"
exec 5<slow
wait_until "its job runs" test -s address
log=$(mci path)/events.ndjson
wait_for_line "$log" '"build/end"'
refuses() {
	exits 1 "after the end there is no $1" timeout 10 mci call -a "$(cat address)" "$@"
	has "$err" 'the build has ended' "which is said"
}
refuses job/add 'spec:={"id":"late","script":["touch late"]}'
refuses event/post type=a/b
refuses output/set job=a name=A value=1
refuses mask/add value=5tr0ng-token
echo '{"type":"a/b"}' | timeout 10 nc -NU "$(cat address)" >"$out"
has "$out" '"error":"refused","text":"the build has ended"' "nor an event without a call"
exits 1 "and nothing to cancel" timeout 10 mci cancel
is "$(mci call -a "$(cat address)" build/get | jq -r .status)" success "what is asked for is answered"
cat <&5 >"$out"
exec 5<&-
wait_end "$build"
is "$status" 0 "the build ends as its log says"
is "$(tail -n 1 "$log" | jq -r '.type + " " + .status')" "build/end success" "which ends with that"
ok "and the reader has all of it" cmp "$out" "$log"

ok "no socket is left" sh -c '! ls "$XDG_RUNTIME_DIR"/mci/* 2>/dev/null'
finish
