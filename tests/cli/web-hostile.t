#!/bin/sh
# The page in a real browser: texts that want to be markup or scripts, in everything that others say; and every page at
# every size: accessible, not too wide, still. Its pictures are left beside the results of make check.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
. "$ROOT/tests/cli/web-lib.sh"

project app <<'JOBS'
{"id":"good","script":["echo fine","mkdir -p out/sub; echo x >out/sub/x"],"save-artifacts":[{"id":"out","path":"out"}]}
{"id":"bad","script":["printf '\\033[1;31merror:\\033[0m it broke\\n'","echo '{\"test\":\"sums two\",\"result\":\"fail\",\"file\":\"sum.c\",\"line\":3,\"elapsed\":0.2}' >>$MCI_NOTES","echo '{\"error\":\"no such thing\",\"file\":\"a.c\",\"line\":7}' >>$MCI_NOTES","exit 3"],"depends-on":["good"]}
{"id":"late","script":["true"],"depends-on":["bad"]}
JOBS
# what was tried on others (OWASP's list of filter evasions), a line each
cat >"$T/evil" <<'EVIL'
<script>window.evil=1</script>
<img src=x onerror=window.evil=1>
<svg/onload=window.evil=1>
"><img src=x onerror=window.evil=1>
' onmouseover='window.evil=1
" autofocus onfocus="window.evil=1
</pre></code><script>window.evil=1</script>
</title><script>window.evil=1</script>
<iframe srcdoc="<script>parent.evil=1</script>">
<a href="javascript:window.evil=1">x</a>
javascript:window.evil=1
data:text/html,<script>window.evil=1</script>
<base href=//evil.example/>
<meta http-equiv=refresh content=0;url=//evil.example>
<link rel=stylesheet href=//evil.example/x.css>
<style>*{background:url(//evil.example/x)}</style>
<form action=//evil.example><button>x</button></form>
<math><mtext></form><form><mglyph><style></math><img src onerror=window.evil=1>
<template><img src=x onerror=window.evil=1></template>
{{constructor.constructor('window.evil=1')()}} ${window.evil=1}
<!--><img src=x onerror=window.evil=1>
<ScRiPt>window.evil=1</sCrIpT>
&lt;script&gt;window.evil=1&lt;/script&gt;
%3Cscript%3Ewindow.evil=1%3C/script%3E
__proto__ constructor toString
//evil.example/x
EVIL
all=$(tr '\n' ' ' <"$T/evil")
some=$(head -n 5 "$T/evil" | tr '\n' ' ')
# each as every kind of note, as output and as lines, in links that terminals know
cat >"$T/says" <<END
#!/bin/sh
cat '$T/evil'
while IFS= read -r line; do
	printf '\\033]8;;%s\\033\\\\a link\\033]8;;\\033\\\\ \\033]0;%s\\007 \\033[31m%s\\033[0m\\n' "\$line" "\$line" "\$line"
done <'$T/evil'
jq -Rc '{error: ., file: ., line: 1}, {warning: .}, {notice: .}, {summary: .}, {metric: ., value: 1, unit: .}, {section: .}, {test: ., suite: ., result: "fail", message: ., file: .}, {test: ., result: .}, .' '$T/evil' >>"\$MCI_NOTES"
jq -rR '"NAME=" + .' '$T/evil' >>"\$MCI_OUTPUT"
n=0
while IFS= read -r line; do
	n=\$((n + 1)) file=left/\$n/\$line
	mkdir -p "\${file%/*}"
	echo "\$line" >"\$file"
done <'$T/evil'
exit 1
END
chmod +x "$T/says"
jq -cn --arg evil "$some" --arg says "$T/says" '{id: "evil", name: $evil, script: [$says], "save-artifacts": [{id: "left", path: "left", when: "always"}], env: {EVIL: $evil}}' >specs
project evil <specs
mci call -a "$api" org/put id=empty >/dev/null
mci call -a "$api" org/put id=acme name="$all" >/dev/null
mci call -a "$api" repo/put org=acme id=evil name="$all" "labels:=$(jq -cn --arg e "$some" '{team: $e, other: $e}')" >/dev/null
mci call -a "$api" param/put org=acme id=evil name=EVIL value="$all" description="$all" "only:=$(jq -cn --arg e "$some" '[{team: $e}]')" >/dev/null
mci call -a "$api" token/create org=acme name="$all" 'scopes:=["read"]' >/dev/null
cat >>"$T/steps" <<'STEPS'
hostile() {
	all=$(tr '\n' ' ' <"$T/evil")
	mci call -a "$api" build/trigger repo=acme/evil ref='refs/heads/main' actor="$(head -n 5 "$T/evil")" message="$(cat "$T/evil")" \
		params:="$(jq -Rn '[inputs | {key: "P\(input_line_number)", value: .}] | from_entries' "$T/evil")" | jq -r .build >"$T/name"
	# a branch of that name is not there: it ends in error
	mci call -a "$api" build/trigger repo=acme/evil ref='refs/heads/<img/src=x/onerror=window.evil=1>' >/dev/null
	mci wait -q "$(cat "$T/name")" >/dev/null 2>&1
	cat "$T/name"
}
STEPS
browse hostile
down
finish
