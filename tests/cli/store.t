#!/bin/sh
# The data store: what people enter is there, is found, is changed and goes; secrets go in and do not come out.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/queue-lib.sh"
need jq python3 ssh-keygen
start_store || exit 1
export MCI_STORE="$store"

refused() {
	why=$1
	shift
	exits "$@"
	like "$(cat "$err")" "$why" "... and says why"
}

# ---- names

exits 0 "an organisation" mci org put acme
is "$(cat "$out" "$err")" "" "... without a word"
is "$(mci org put name='My Org!')" my-org "an id is made from a name"
is "$(mci org put name='my  org')" my-org-2 "... and is unique"
is "$(mci org put name='***')" org "... also where nothing of the name is left"
is "$(mci org put name=Local)" local-2 "local is where the builds of folders are"
refused "local" 1 "... and no organisation" mci org put local
is "$(mci org ls -q | tr '\n' ' ')" "acme local-2 my-org my-org-2 org " "they are listed by id"
for id in ../x -x 'a b' '' "$(printf '%0129d' 0)"; do
	run mci call org/put "id=$id" -a "$store"
	is "$status" 2 "no id: '$(printf %.10s "$id")'"
done
mci org put my-org max-builds=3
is "$(mci store get --json org my-org | jq -c '[.name,."max-builds"]')" '["My Org!",3]' "put changes what is given alone"
mci org put my-org name= max-builds=0
is "$(mci store get --json org my-org | jq -c 'del(.created)')" '{"id":"my-org"}' "what is empty is taken away"

# ---- repositories

exits 0 "a repository" mci repo put acme/app url=https://example.org/app.git labels=env=prod,team=a supersede=true
is "$(mci repo ls acme)" "acme/app	https://example.org/app.git	main	env=prod,team=a	" "... is listed, with main as its branch"
is "$(mci repo put acme/ name='The App')" the-app "its id is made from a name, too"
is "$(mci repo get --json acme/app | jq -c 'del(.created)')" \
	'{"org":"acme","id":"app","url":"https://example.org/app.git","main":"main","labels":{"env":"prod","team":"a"},"public":false,"supersede":true}' \
	"get shows all of it"
is "$(mci repo get acme/app | grep labels)" "labels	env=prod,team=a" "... as text as well"
is "$(mci repo ls url=https://example.org/app.git -q)" acme/app "they are found by what is indexed"
refused "no organisation none: 'mci org put none'" 1 "a repository of no organisation" mci repo put none/app
refused "no organisation none: 'mci org put none'" 1 "... nor is one listed" mci repo ls none
refused "'app': expected ORG/REPO" 2 "a name without organisation" mci repo put app
refused "has no colour; what can be given is name, url, main" 2 "a member that is none" mci repo put acme/app colour=red
refused "max-builds: 'x' is not a number" 2 "a number that is none" mci repo put acme/app max-builds=x
refused "created" 2 "what the store sets itself" mci repo put acme/app created=now
refused "did you mean repo" 2 "a wrong entity" mci store put repos acme/app
refused "main: no branch begins" 2 "a branch that is an option" mci repo put acme/app main=--upload-pack=x
for url in ext::sh -u --upload-pack=x 'ssh://-oProxyCommand=x/y' 'git@-x:y' 'a::b' relative/path 'https://'; do
	exits 2 "no address of a repository: $url" mci repo put acme/app "url=$url"
done
for url in https://h/p ssh://git@h:22/p git@h:p/q.git file:///srv/x /srv/x http://h/ git://h/p; do
	exits 0 "one: $url" mci repo put acme/app "url=$url"
done
refused "org acme is in use" 1 "what others stand on stays" mci org rm acme
exits 0 "a repository goes" mci repo rm acme/the-app
refused "there is no repo acme/the-app" 1 "... once" mci repo rm acme/the-app
exits 1 "what is not there is not got" mci repo get acme/the-app

# ---- pages

jq -cn 'range(250) | {jsonrpc:"2.0", id:., method:"repo/put", params:{org:"my-org", id:"r\(.)"}}' |
	timeout 20 nc -NU "$T/store" >replies
is "$(jq -s '[.[] | select(.result.created)] | length' replies)" 250 "250 repositories in one go"
mci call -a "$store" repo/list org=my-org limit:=100 >page
is "$(jq -c '[(.repos | length), .more, .repos[0].id]' page)" '[100,true,"r0"]' "a page of them"
mci call -a "$store" repo/list org=my-org limit:=200 "after=$(jq -r '.repos[-1].id' page)" >rest
is "$(jq -c '[(.repos | length), .more]' rest)" '[150,false]' "... and all behind it"
is "$(jq -r '.repos[].id' page rest | sort | uniq | wc -l)" 250 "no one comes twice"
is "$(mci repo ls -q | wc -l)" 251 "ls takes all pages"
exits 0 "a reader may leave early" sh -c 'mci repo ls | head -1'
for limit in 0 1001 -1; do
	exits 2 "no page has $limit rows" mci call -a "$store" repo/list "limit:=$limit"
done

# ---- parameters

echo 's3cr3t value' >typed
exits 0 "a secret from standard input" mci param put acme/TOKEN <typed
is "$(cat "$out" "$err")" "" "... without a word"
printf 'for production' >value
exits 0 "one for some repositories" mci param put acme/TOKEN -f value --only env=prod,team=a --only team=b
printf 'for production' | mci param put acme/TOKEN --only team=a,env=prod --only team=b
is "$(mci param ls -q acme | tr '\n' ' ')" "acme/token acme/token-2 " "a filter in another order is the same one"
exits 0 "one that is none" sh -c 'echo 1.2.13 | mci param put --plain acme/VERSION description="of the tool"'
is "$(mci param ls acme)" "acme/token	TOKEN	(secret)		
acme/token-2	TOKEN	(secret)	env=prod,team=a | team=b	
acme/version	VERSION	1.2.13		of the tool" "they are listed, and no secret is shown"
mci param ls --json acme >listed
is "$(jq -sc '[.[].only] | map(select(.))' listed)" '[[{"env":"prod","team":"a"},{"team":"b"}]]' "... as JSON as well"
hasnt listed 's3cr3t|production' "... without secrets"
is "$(mci call -a "$store" param/get org=acme id=token | jq -c 'has("value")')" false "no method tells one"
refused "2 parameters are called TOKEN" 1 "a name that two have" mci store get param acme/TOKEN
is "$(mci store get --json param acme/VERSION | jq -r .value)" 1.2.13 "a plain one is told"
refused "others can see what is on a command line" 2 "a value is no argument" mci param put acme/TOKEN value=x
refused "no digit first" 2 "a name that no variable has" sh -c 'echo x | mci param put acme/1A'
refused "it is sealed: to make it plain, give it again" 1 "a secret is not made plain by others" \
	mci call -a "$store" param/put org=acme id=token plain:=true
exits 0 "an id's description is changed without its value" mci param put --keep acme/TOKEN id=token description=old
is "$(mci store get --json param acme/token | jq -r .description)" old "... and is there"
refused "stays what it was" 1 "a name stays" mci call -a "$store" param/put org=acme id=token name=OTHER
refused "NUL|U.0000" 2 "a NUL byte" sh -c 'printf "a\0b" | mci param put acme/NUL'
refused "not UTF-8: encode it" 2 "bytes that are no text" sh -c 'printf "\377" | mci param put acme/BYTES'
refused 'value: a secret of less than 6 bytes cannot be masked.*; --plain says that it is none' 1 "a secret that no build could mask" \
	sh -c 'echo short | mci param put acme/SHORT'
refused 'value: a secret of less than 6 bytes' 1 "... nor an empty one" mci param put acme/SHORT -f /dev/null
exits 0 "what is none may be short" sh -c 'echo no | mci param put --plain acme/SHORT && mci param rm acme/SHORT'
refused "value: expected the text of a new param" 2 "a new one without a value" mci param put --keep acme/NEW

# what a claim could not carry
{ printf start; head -c 65000 /dev/zero | tr '\0' x; } >big
n=0
while [ "$n" -lt 8 ]; do
	mci param put "my-org/BIG_$n" -f big && n=$((n + 1))
done
refused "would take [0-9]+ bytes of a claim, together at most 524288" 1 "a parameter too many" \
	mci param put my-org/BIG_8 -f big
is "$(mci param ls -q my-org | wc -l)" 8 "... is not there"
{ printf start; head -c 65532 /dev/zero | tr '\0' x; } >big
refused "value: at most 65536 bytes" 2 "one that is too large" mci param put acme/BIG -f big
{ printf start; printf '\001%.0s' $(seq 20000); } >big
for name in A B C D; do
	mci param put "acme/$name" -f big
done
refused "bytes of a claim" 1 "what JSON makes of it counts" mci param put acme/E -f big
for name in A B C D; do
	mci param rm "acme/$name"
done

# a list put whole
printf '%s\n' '{"name":"VERSION"}' '{"name":"TOKEN"}' '{"name":"NEW","value":"n","plain":true}' >all
exits 0 "a list put whole" sh -c 'mci param put --all acme <all'
is "$(mci param ls acme | cut -f 2,3)" "NEW	n
TOKEN	(secret)
VERSION	1.2.13" "... is all there is, and those that were there keep their values"
printf '%s\n' '{"name":"OTHER","value":"first of two"}' '{"name":"BAD NAME","value":"second of two"}' >all
refused "element 2: name: expected letters" 2 "a list with a mistake" sh -c 'mci param put --all acme <all'
is "$(mci param ls -q acme | tr '\n' ' ')" "acme/new acme/token acme/version " "... changes nothing"
echo '[{"name":"VERSION"},{"name":"VERSION"}]' >all
refused "element 2: version is in the list before" 2 "one that comes twice" sh -c 'mci param put --all acme <all'

# ---- keys

ssh-keygen -q -t ed25519 -N '' -C '' -f key
exits 0 "an ssh key" mci key put acme/deploy -f key host=github.com "public=$(cat key.pub)"
printf 'github.com ssh-ed25519 AAAA\n' >hosts
exits 0 "... and the key of its host" mci key put --keep acme/deploy --known-hosts hosts
is "$(mci key get --json acme/deploy | jq -c 'del(.created, .public)')" \
	'{"org":"acme","id":"deploy","host":"github.com","known-hosts":"github.com ssh-ed25519 AAAA\n"}' \
	"what is private is not told"
refused "begins with -----BEGIN" 2 "what is no key" mci key put acme/none -f key.pub
refused "nothing for it" 2 "a key is never plain" mci key put acme/deploy -f key --plain
exits 0 "a key goes" mci key rm acme/deploy

# ---- tokens

token=$(mci token create --agent builder)
like "$token" '^mci_[A-Za-z0-9_-]{43}$' "a token is told once"
is "$(mci call -a "$store" token/check token="$token" | jq -r .agent)" builder "... and holds"
is "$(mci store ls agent -q)" builder "its agent is there"
mci token ls --json >listed
hasnt listed "$token" "it is not told again"
exits 0 "a token for a file" mci token create --agent builder -o token
is "$(stat -c %a token)" 600 "... that nobody else can read"
cp token kept
exits 0 "... is made once" mci token create --agent builder -o token
ok "... while it holds" cmp token kept
mci token rm "$(mci call -a "$store" token/check "token=$(cat token)" | jq -r .id)"
exits 0 "one that holds no more" mci token create --agent builder -o token
ok "... is made anew" sh -c '! cmp -s token kept'
exits 0 "one of another agent" mci token create --agent other -o token
is "$(mci call -a "$store" token/check "token=$(cat token)" | jq -r .agent)" other "... is, too"
exits 0 "an agent goes" mci store rm agent builder
refused "that token is nobody's" 1 "... with its tokens" mci call -a "$store" token/check token="$token"
exits 2 "a token is somebody's" mci token create

# ---- what a build gets

has_org
mci repo put o/r labels=env=prod,team=a
mci repo put o/other url=/srv/other
# param NAME VALUE [OPTION...]
param() {
	name=$1 value=$2
	shift 2
	printf '%s' "$value" | mci param put "$name" "$@"
}
param o/A 'for all'
param o/A 'for prod' --only env=prod
param o/A 'for another' --only env=test --only env=prod,team=b
param o/B 'oldest of two' --only team=a
param o/B 'newest of two' --only env=prod
param o/C "$(printf 'line\n"quoted" \\ \342\202\254')"
param o/D 1.2 --plain
param o/E 'not here' --only env=test
param o/F '' --plain
mci key put o/deploy -f key host=github.com --known-hosts hosts
mci key put o/nowhere -f key --only env=test
param acme/OF_ANOTHER 'of another'
ask build/trigger repo=o/r >/dev/null
claim first
printf '%s' "$claimed" | jq -c .order >order
is "$(jq -c '[.params, .secrets]' order)" \
	'[{"D":"1.2","F":""},{"A":"for prod","B":"newest of two","C":"line\n\"quoted\" \\ €"}]' \
	"the organisation's parameters that its labels are for: whose filter says most, else the newest"
is "$(jq -c '[.keys[] | [.name, .host, ."known-hosts"]]' order)" '[["deploy","github.com","github.com ssh-ed25519 AAAA\n"]]' \
	"... and keys"
ok "a key as it was" sh -c 'jq -r ".keys[0].private" order | head -n -1 | cmp - key'
ask build/trigger repo=o/other >/dev/null
claim second
is "$(printf '%s' "$claimed" | jq -c .order.secrets.A)" '"for all"' "another repository gets another"
mci store rotate o && mci store rotate && printf changed | mci param put o/A --only env=prod
ask build/trigger repo=o/r params:='{"D":"mine","G":"g"}' >/dev/null
claim third
is "$(printf '%s' "$claimed" | jq -c '[.order.secrets.A, .order.secrets.B, .order.params]')" \
	'["changed","newest of two",{"D":"mine","F":"","G":"g"}]' "with new keys they are what they were, and a trigger's come first"
exits 1 "without a token" mci call -a "$store" build/claim token=none id=x
hasnt "$err" 'for prod' "... there is nothing"
mci store rm agent a
exits 1 "nor with that of an agent that has gone" mci call -a "$store" build/claim "token=$token" id=y

# ---- tokens

# checks TOKEN JQ: what is known of it
checks() { mci call -a "$store" token/check "token=$1" | jq -c "$2"; }
reader=$(mci token create --scope read --scope trigger --for o/r --name 'My page' --expires 1h)
like "$reader" '^mci_[A-Za-z0-9_-]{43}$' "a token is told when it is made"
is "$(checks "$reader" '[.id,.scopes,.org,.repo]')" '["my-page",["read","trigger"],"o","r"]' "it is good for what was said"
is "$(mci store get --json token my-page | jq -c '[has("used"), has("expires"), has("hash"), has("token")]')" \
	'[true,true,false,false]' "when it was shown last is known, and nothing that it could be found by"
is "$(mci token ls org=o | cut -f 1-4)" "my-page	read,trigger	o	r" "they are listed by what they are for"
refused "scopes: expected read, trigger, write, admin or agent, found 'root'" 2 "a scope that is none" \
	mci token create --scope root
refused "agent: which one" 2 "an agent's that is nobody's" mci token create --scope agent
refused "expected --scope" 2 "one that is for nothing" mci token create
refused "there is no o/none" 1 "one for what is not there" mci token create --scope read --for o/none
refused "that is past" 2 "one that is no good any more" \
	mci call -a "$store" token/create 'scopes:=["read"]' expires=2001-01-01T00:00:00Z
exits 1 "one of another organisation is not there" mci call -a "$store" token/get id=my-page org=acme
exits 1 "... to be removed" mci call -a "$store" token/remove id=my-page org=acme
mci call -a "$store" token/create 'scopes:=["read"]' "expires=$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%S.999Z)" |
	jq -r .token >short
wait_until "a token expires" sh -c '! mci call -a "$1" token/check "token=$2"' - "$store" "$(cat short)"
has "$T/wait" "has expired" "one that has expired is nobody's"
mci token rm my-page
exits 1 "one that was removed too" mci call -a "$store" token/check "token=$reader"
mci org put gone && mci repo put gone/r
for place in gone gone/r; do
	mci token create --scope read --for "$place" >>gone
done
mci repo rm gone/r && mci org rm gone && mci org put gone && mci repo put gone/r
while read -r line; do
	exits 1 "one of an organisation that is another one now" mci call -a "$store" token/check "token=$line"
done <gone

# ---- what is found by what

mci org put p && mci repo put p/one labels=env=prod && mci repo put p/two
for n in 1 2 3; do ask build/trigger repo=p/one actor=ann ref=refs/heads/main >/dev/null; done
ask build/trigger repo=p/two actor=bob ref=refs/heads/dev >/dev/null
# found K=V...: names of the builds of a list
found() { ask build/list "$@" | jq -r '.builds[].build' | tr '\n' ' '; }
is "$(found org=p)" "p/two/1 p/one/3 p/one/2 p/one/1 " "builds of an organisation"
is "$(found org=p limit:=1 before=p/one/3)" "p/one/2 " "... a page of them"
is "$(found org=p actor=bob)" "p/two/1 " "of a person"
is "$(found org=p branch=main)" "p/one/3 p/one/2 p/one/1 " "of a branch"
is "$(found org=p since=2100-01-01T00:00:00Z)$(found org=p until=2001-01-01T00:00:00Z)" "" "of a time"
is "$(found repo=p/one until=2100-01-01T00:00:00Z since=2001-01-01T00:00:00Z)" "p/one/3 p/one/2 p/one/1 " "of another"
is "$(ask build/latest org=p | jq -c '[.more, (.builds[] | .build)]')" '[false,"p/one/3","p/two/1"]' \
	"the newest of each repository"
is "$(ask build/latest org=p limit:=1 after=p/one | jq -c '[.more, (.builds[] | .build)]')" '[false,"p/two/1"]' "... from one on"
refused "there is no organisation 'none'" 1 "an organisation that is none" mci call -a "$store" build/list org=none
printf 'for all of them' | mci param put p/A && printf 'for production' | mci param put p/A --only env=prod
printf plain | mci param put p/B --plain --only env=test
is "$(mci call -a "$store" repo/params org=p id=one | jq -c '[.params[] | [.name, .only, .value]]')" '[["A",[{"env":"prod"}],null]]' \
	"what builds of a repository get"
is "$(mci call -a "$store" repo/params org=p id=two | jq -c '[.params[] | [.name, .only]]')" '[["A",null]]' "... and of another"
is "$(mci call -a "$store" repo/keys org=p id=two | jq -c .)" '{"keys":[]}' "and which keys"
is "$(mci call -a "$store" repo/list org=p id=two | jq -c '[.repos[].id]')" '["two"]' "one of a list"
exits 1 "a job that is not there" mci call -a "$store" job/get build=p/one/1 job=x

# ---- what is answered is what mci-protocol(7) says

# told METHOD: the names of its results
told() {
	sed -n "/^\.It Sy ${1%/*}\/${1#*/} Pq store/,/^\.El/s/^\.It Va \([^ ]*\) .*/\1/p" "$ROOT/man/mci-protocol.7" | sort
}
mci token create --agent again >/dev/null
for row in 'org o' 'repo o/r' 'param o/d' 'key o/deploy' 'token again' 'agent again'; do
	# shellcheck disable=SC2086 # words
	mci store get --json $row | jq -r 'keys[]' | sort >got
	told "${row% *}/get" | comm -13 - got >unsaid
	[ -s got ] || echo "nothing is answered" >unsaid
	is "$(cat unsaid)" "" "${row% *}/get"
	mci call -a "$store" "${row% *}/list" | jq -r 'keys[]' | sort >got
	is "$(cat got)" "$(told "${row% *}/list")" "${row% *}/list"
done

# ---- what is on the disk

stop_store
cat "$stored"/store.db* >bytes
for secret in 's3cr3t value' 'for production' 'for prod' 'newest of two' "$token" "$(sed -n 2p key)"; do
	is "$(grep -cF -e "$secret" bytes)" 0 "no secret is in the database: $(printf %.6s "$secret")"
done
is "$(stat -c %a "$stored" "$stored/store.db" "$stored/master.key" | tr '\n' ' ')" "700 600 600 " "its files are its owner's"
start_store
is "$(mci store get --json param acme/version | jq -r .value)" 1.2.13 "all is there after a restart"
is "$(mci store status --json | jq -r '.store."master-key"' | grep -c 'in no backup')" 1 "status says that no backup has the master key"
# without a server
unset MCI_STORE MCI_API
mkdir -m 700 "$T/alone"
XDG_RUNTIME_DIR=$T/alone exits 75 "no server" mci org put o
has "$err" "no server \('mci up' starts one\): " "is told with how to have one"

finish
