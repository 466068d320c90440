#!/bin/sh
# mci-log mask: what programs make of a secret is found, however it comes; the rest passes untouched and at once.
. "${0%/*}/lib.sh"
need jq python3 bash openssl xxd

masked() {
	mci-log mask --secret-file secret
}

cat >secret <<'E'
s3cr3t/with+all of~it: 'a' "b" \c $d `e` <f>&{g}% ü
E
secret=$(cat secret)
printf %s "$secret" >bare
export secret

# form TEXT COMMAND...: of what COMMAND makes of the secret only *** is left, and at most two characters that
# stand for bits of its neighbours as well, or are padding
form() {
	text=$1
	shift
	{ printf 'before ' && "$@" && printf ' behind\n'; } >raw
	masked <raw >"$out" 2>"$err"
	is "$(tr -d '\n' <"$out" | sed 's/\(\*\*\*[A-Za-z0-9]\{0,2\}=\{0,2\}\)\{1,3\}/***/')" 'before *** behind' "$text"
}
form 'as it is' cat bare
form 'base64' base64 -w0 bare
form 'base64 with a newline behind it' base64 -w0 secret
form 'base64 in lines' base64 bare
form 'base64 of openssl' openssl base64 -in bare
form 'base64url' python3 -c 'import base64; print(base64.urlsafe_b64encode(open("bare","rb").read()).decode(), end="")'
form 'hex' sh -c 'xxd -p bare | tr -d "\n"'
form 'hex in lines' xxd -p bare
form 'hex in capitals' sh -c 'xxd -p -u bare | tr -d "\n"'
form 'URL of python' python3 -c 'import os,urllib.parse as u; print(u.quote(os.environ["secret"]), end="")'
form 'URL of python, all' python3 -c 'import os,urllib.parse as u; print(u.quote(os.environ["secret"], safe=""), end="")'
form 'a form' python3 -c 'import os,urllib.parse as u; print(u.quote_plus(os.environ["secret"]), end="")'
form 'URL of jq' jq -nj '$ENV.secret | @uri'
# unquoted COMMAND...: what it prints, without the quotes around it
unquoted() {
	"$@" | sed "s/^.*['\"]before/&/; s/^: //; s/^+ : //; s/^['\"]//; s/['\"]\$//" | tr -d '\n'
}
form 'JSON of jq' unquoted jq -n '$ENV.secret'
form 'JSON of jq, ASCII' unquoted jq -na '$ENV.secret'
form 'JSON of python' unquoted python3 -c 'import os,json; print(json.dumps(os.environ["secret"]))'
form 'quoted by jq' unquoted jq -nr '$ENV.secret | @sh'
form 'quoted by python' unquoted python3 -c 'import os,shlex; print(shlex.quote(os.environ["secret"]))'
form 'quoted by bash, %q' bash -c 'printf %q "$secret"'
form 'quoted by bash, @Q' unquoted bash -c 'printf "%s\n" "${secret@Q}"'
form 'traced by bash' unquoted bash -c 'exec 2>&1; set -x; : "$secret"'
form 'traced by sh' unquoted sh -c 'exec 2>&1; set -x; : "$secret"'

# what stands before it in base64 moves it by one and two bytes
for before in '' x xy; do
	printf '%s%s and more' "$before" "$secret" | base64 -w0 >raw
	masked <raw >"$out"
	is "$(sed 's/^[A-Za-z]\{0,3\}\*\*\*[A-Za-z0-9]\{10,13\}=*$/good/' "$out")" good "base64 behind '$before'"
done

# in lines, behind something else: whatever line break cuts it
printf ghp_16C7e42F292c6912E7710c838347Ae178B4a >tok
token() {
	mci-log mask --secret-file tok
}
# readable COMMAND...: what it makes of what is left says the token, or more than six bytes of it
readable() {
	"$@" <"$out" 2>/dev/null | tr -d '\n' | grep -aoE 'ghp_16C|16C7e42|e42F292|F292c69|c6912E7|12E7710|710c838|c838347|347Ae17|e178B4a'
}
for front in '' u: bot: ci: x-access-token: deploy-robot@example.org: '{"username":"ci","password":"'; do
	printf '%s%s' "$front" "$(cat tok)" >login
	base64 <login | token >"$out"
	is "$(readable base64 -di)" '' "base64 of '$front' and a token"
	base64 -w 20 <login | sed 's/$/\r/; s/^/  /' | token >"$out"
	is "$(readable base64 -di)" '' '... in short lines with CR LF, indented'
	openssl base64 <login | jq -Rs . | token >"$out"
	is "$(readable sh -c 'jq -r . | base64 -di')" '' '... and as one JSON text'
	xxd -p <login | token >"$out"
	is "$(readable xxd -r -p)" '' '... in hex lines'
	for dump in xxd 'xxd -g1' 'od -tx1' 'od -x' od 'od -c' 'od -An -tx1' 'hexdump -C' hexdump 'xxd -i'; do
		command -v "${dump%% *}" >/dev/null || continue
		$dump <login | token >"$out"
		# behind it there is at most the offset of the end
		like "$(tr '\n' '|' <"$out" | sed 's/.*\*\*\*/***/')" '^\*\*\*[|]([0-9a-f]+[|])?$' \
			"... as $dump shows it, with the text beside"
	done
done
printf 'before\n%s\nbehind\n' "$(xxd tok)" | token >"$out"
is "$(cat "$out")" 'before
00000000: ***
behind' 'a dump is masked from the secret on to the end of its last line'

# written KEY TEXT...: of each TEXT, a spelling of the secret in the file KEY, nothing is left
written() {
	key=$1
	shift
	for text; do
		is "$(printf %s "$text" | mci-log mask --secret-file "$key")" '***' "$text"
	done
}
printf %s 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=' >aws
# Go's PathEscape, QueryEscape; .NET, Gson, PHP, jackson; HTML; base64 in a URL and in JSON
written aws 'wJalrXUtnFEMI%2FK7MDENG+bPxRfiCYEXAMPLEKEY=' 'wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY%3D' \
	'wJalrXUtnFEMI%2fK7MDENG%2bbPxRfiCYEXAMPLEKEY%3d' 'wJalrXUtnFEMI/K7MDENG\u002BbPxRfiCYEXAMPLEKEY=' \
	'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\u003d' 'wJalrXUtnFEMI\/K7MDENG+bPxRfiCYEXAMPLEKEY=' \
	'wJalrXUtnFEMI&#x2F;K7MDENG&#43;bPxRfiCYEXAMPLEKEY&#x3D;'
is "$(base64 <aws | jq -Rr @uri | mci-log mask --secret-file aws)" '***%3D' 'base64 in a URL, but for its padding'
printf %s 'pass word~with*stars' >pass
# PHP's urlencode and rawurlencode, Java, browsers
written pass 'pass+word%7Ewith%2Astars' 'pass%20word~with%2Astars' 'pass+word%7Ewith*stars' 'pass%20word~with*stars'
printf %s "it's a \\ and a \"q\" <&>" >odd
# YAML and SQL, HTML of PHP and of Python
written odd "it''s a \\ and a \"q\" <&>" "it&#039;s a \\ and a &quot;q&quot; &lt;&amp;&gt;" \
	'it&#x27;s a \ and a &quot;q&quot; &lt;&amp;&gt;'

# a secret of lines, whatever is between them
printf '11a2\n33b4\n55c6\n77d8' >pin
for between in '\n' '\r\n' '\r\r\n' ' ' '\t' '  ' '\n\n' ' \n    ' '\\n' '%%0A' '%%0D%%0A'; do
	# shellcheck disable=SC2059 # a format
	is "$(printf "<11a2${between}33b4${between}55c6${between}77d8>" | mci-log mask --secret-file pin)" '<***>' \
		"lines that are too short by themselves, with '$between' between them"
done
is "$(printf '<11a2\n33b4\n55c6\n77d9>' | mci-log mask --secret-file pin)" '<11a2
33b4
55c6
77d9>' 'but not others'

cat >key <<'E'
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
  indented-and-long
abc
-----END PRIVATE KEY-----
E
sed 's/^ *//' key | while read -r line; do
	printf '%s|%s|%s\n' "$line" "$(printf %s "$line" | base64 -w0 | tr -d =)" "$(printf %s "$line" | xxd -p | tr -d '\n')"
done >raw
mci-log mask --secret-file key <raw >"$out"
is "$(cat "$out")" '***|***|***
***|***|***
***|***|***
abc|YWJj|616263
***|***|***' 'each line of a key that is long enough, in every form'
is "$(mci-log mask --secret-file key <key)" '***' 'a key as a whole'
is "$(mci-log mask --secret-file key --secret-file bare <bare)" '***' 'several files'

# nothing else is touched
head -c 3000000 /dev/urandom >raw
masked <raw >"$out"
ok 'other bytes pass as they are' cmp raw "$out"
exits 0 'nothing makes nothing' masked </dev/null
is "$(wc -c <"$out" | tr -d ' ')" 0 'and writes nothing'

# a reader of a pipe sees at once what can be no secret
mkfifo in
mci-log mask --secret-file bare <in >"$out" 2>"$err" &
pid=$!
started="$started $pid"
exec 8>in
printf 'a prompt without newline? ' >&8
holds() {
	[ "$(cat "$out"; echo .)" = "$1." ]
}
ok 'a prompt without newline is passed on at once' wait_until 'prompt' holds 'a prompt without newline? '
printf 's3cr3t/with and s3' >&8
ok 'as soon as it is no secret, all but its end' wait_until 'more' holds 'a prompt without newline? s3cr3t/with and '
printf 'cret' >&8
ok 'and that when it is none' wait_until 'more' holds 'a prompt without newline? s3cr3t/with and s3cret'
printf ' s3cr3' >&8
exec 8>&-
wait_end "$pid"
is "$status $(cat "$out")" '0 a prompt without newline? s3cr3t/with and s3cret s3cr3' 'the rest comes at the end'
is "$(printf 'token: s3cr3t/wi' | mci-log mask --secret-file bare)" 'token: ***' 'but not a secret that is cut off there'

printf 'true\n' >short
printf 'password' >word
printf '\n' >empty
exits 2 'a short secret is refused' mci-log mask --secret-file short </dev/null
is "$(cat "$err")" 'mci-log: short: a secret of less than 6 bytes cannot be masked: it would be found everywhere' \
	'with a reason that does not tell it'
exits 2 'a common one is refused' mci-log mask --secret-file bare --secret-file word <bare
is "$(wc -c <"$out" | tr -d ' ')" 0 'and nothing is passed on'
exits 2 'an empty one is refused' mci-log mask --secret-file empty </dev/null
exits 125 'a file that is not there is an error' mci-log mask --secret-file none </dev/null
exits 2 'no file is an error' mci-log mask </dev/null
head -c 70000 /dev/urandom >large
exits 2 'so is one that is too large' mci-log mask --secret-file large </dev/null
is "$(yes "$secret" | mci-log mask --secret-file bare | head -n 1)" '***' 'a reader that leaves ends it'
exits 125 'a full disk is an error' sh -c 'yes | head -c 100000 | mci-log mask --secret-file bare >/dev/full'
finish
