#include "sshscript.h"

/*
 * Four kinds of connections: one that keeps the folder there and everything that runs in it for as long as its
 * standard input is open, which is as long as this shell lives; one that takes things there; the job's; and
 * those that bring back what the job changed. What bash runs there has no quote in it, as it stands in quotes.
 *
 * Processes of the job are known by a variable, as some may have left its group and session.
 */
#define KILL_ALL \
	"ours() { grep -lsFxz \"MCI_SSH_JOB=$d\" /proc/[0-9]*/environ | cut -d/ -f3; }\n" \
	"end() { local p n; for ((n = 0; n < 100; n++)); do p=$(ours); [ -n \"$p\" ] || break\n" \
	"kill -KILL $p 2>/dev/null; sleep 0.02; done; }\n"
/* Whatever changes a file or its place changes its number or the time of that, which nobody can set. */
#define LIST \
	"list() { (cd work && find . ! -type s -printf \"%y %i %C@ %m %p\\0\" | LC_ALL=C sort -z); }\n"

const char sshscript[] =
    "host=$1 carry=$2 folder=$3 options=$4 output=$5 script=$6 secrets=$7\n"
    "phase=begin started=\n"
    "exec 5<&0 6>&2 2>>\"$carry/said\"\n"
    "there() { exec ssh -o BatchMode=yes -o ConnectTimeout=30 -o ControlMaster=no -o ServerAliveInterval=15"
    " -o ClearAllForwardings=yes -o EscapeChar=none \"$@\"; }\n"
    "told() { if [ $phase = run ]; then echo \"signal $1\" >&8; else phase=stop; kill $started 2>/dev/null; fi; }\n"
    "for s in HUP INT QUIT USR1 USR2 TERM; do trap \"told $s\" $s; done\n"
    "await() { while wait $1; rc=$?; kill -0 $1 2>/dev/null; do :; done; }\n"
    "give_up() { echo $1 >\"$carry/result\"; exec 8>&-; await $keeper; exit 255; }\n"
    "{ cat \"$output\" 2>/dev/null; :; } >\"$carry/go/output\"\n"
    "[ -z \"$script\" ] || cp \"$script\" \"$carry/go/script\" || exit\n"
    "[ -z \"$secrets\" ] || cp -R \"$secrets\" \"$carry/go/secrets\" || exit\n"
    "mkdir \"$carry/back\" && mkfifo \"$carry/line\" \"$carry/name\" || exit\n"
    "exec 8<>\"$carry/line\"\n"

    /* what keeps everything there */
    "{ (there -T \"$host\" 'exec bash -c '\\''\n"
    "trap \"\" HUP INT TERM PIPE; umask 077\n"
    "d=$(mktemp -d \"${TMPDIR:-/tmp}/mci-ssh.XXXXXXXX\") || exit\n"
    KILL_ALL
    "mkfifo \"$d/notes\" \"$d/wait\" && exec 6<>\"$d/notes\" 7<>\"$d/wait\" && echo \"$d\"\n"
    "cat <\"$d/notes\" 6>&- 7>&- 2>/dev/null & notes=$!\n"
    "while read -r word rest; do case $word in\n"
    "signal) kill -$rest $(ours) 2>/dev/null ;;\n"
    "wait) echo \"$rest\" >&7 ;;\n"
    "end) break ;;\n"
    "esac; done\n"
    "end; exec 6>&- 7>&-; wait $notes\n"
    "rm -rf \"$d\" 2>/dev/null || { chmod -R u+rwX \"$d\"; rm -rf \"$d\"; }\n"
    "'\\' <\"$carry/line\") | {\n"
    "read -r d; echo \"$d\" >\"$carry/name\"; exec cat >&3; }; } 8>&- & keeper=$! started=$!\n"
    "(read -r d <\"$carry/name\"; echo \"$d\" >\"$carry/there\") 8>&- & named=$!\n"
    "started=\"$started $named\"\n"
    "await $named; read -r d <\"$carry/there\"\n"
    "case $d in ''|*[!A-Za-z0-9/._-]*) give_up start ;; esac\n"
    "[ $phase = begin ] || give_up start\n"

    /* what it needs; what is built begins with a dot in the archive, nothing else does */
    "(exec 8>&-; tar -cf - -C \"$carry/go\" $(ls \"$carry/go\") --transform='s,^\\.,work,S' -C \"$folder\" . |\n"
    "there -T \"$host\" 'exec bash -c '\\''\n"
    "d=$0; umask 022; cd \"$d\" && tar -xpf - || exit\n"
    LIST
    "list >before || exit; echo x >up\n"
    "'\\'\" $d\") & p=$! started=\"$keeper $p\"\n"
    "await $p\n"
    "[ $rc = 0 ] && [ $phase = begin ] || give_up start\n"

    /* the job */
    "[ ! -e /dev/fd/4 ] || (exec 8>\"$carry/line\"; while read -r l <&4; do echo \"wait $l\" >&8; done) & waits=$!\n"
    "phase=run\n"
    "(exec 8>&- 3>&-; there $options \"$host\" 'exec bash -c '\\''\n"
    "d=$0; cd \"$d\" || exit\n"
    KILL_ALL
    "trap : HUP INT QUIT TERM\n"
    "MCI_SSH_JOB=$d bash -c \"exec 18<>wait 19>notes; . ./job\"\n"
    "echo $? >status; end\n"
    "'\\'\" $d\" <&5 2>&6) & p=$!\n"
    "await $p\n"
    "kill $waits 2>/dev/null\n"

    /* what it changed */
    "phase=back\n"
    "(exec 8>&-; there -T \"$host\" 'exec bash -c '\\''\n"
    "d=$0; cd \"$d\" && [ -s status ] || exit\n"
    KILL_ALL LIST
    "export LC_ALL=C\n"
    "end; list >after; name=\"s/^(.) [^ ]* [^ ]* [^ ]* \"\n"
    "comm -z -13 before after | sed -Ez \"$name//\" >changed\n"
    "comm -z -23 <(sed -Ez \"$name/\\\\1 /\" before | sort -z) <(sed -Ez \"$name/\\\\1 /\" after | sort -z) |\n"
    "sort -rz -k 2 >gone\n"
    "tar -cf - status output gone changed\n"
    "'\\'\" $d\" </dev/null | tar -xf - -C \"$carry/back\" 2>/dev/null) & p=$! started=\"$keeper $p\"\n"
    "await $p\n"
    "[ -s \"$carry/back/status\" ] || give_up lost\n"
    "[ ! -s \"$carry/back/output\" ] || cat \"$carry/back/output\" >\"$output\"\n"
    "cd \"$folder\" || give_up lost\n"
    "tr '\\n\\0' '\\001\\n' <\"$carry/back/gone\" | while IFS= read -r l; do\n"
    "n=$(printf '%s.' \"${l#? }\" | tr '\\001' '\\n'); n=${n%.}\n"
    "case $n in */../*|*/..) continue ;; esac\n"
    "case $l in d*) rmdir \"./$n\" 2>/dev/null ;; *) rm -f \"./$n\" ;; esac; done\n"
    "if [ -s \"$carry/back/changed\" ]; then\n"
    "(exec 8>&-; { there -T \"$host\" 'exec bash -c '\\''\n"
    "cd \"$0/work\" && tar -cf - --no-recursion --null -T ../changed\n"
    "'\\'\" $d\" </dev/null; } | tar -xpf -) & p=$! started=\"$keeper $p\"\n"
    "await $p; [ $rc = 0 ] || give_up lost\n"
    "fi\n"
    "echo end >&8; phase=end; await $keeper\n"
    "read -r status <\"$carry/back/status\"\n"
    "echo \"ended $status\" >\"$carry/result\"\n"
    "exit $status\n";
