#include "sshscript.h"

/*
 * Two connections, which are channels of one that all jobs of this mci-job share: one that keeps the
 * folder there and everything that runs in it for as long as its standard input is open, which is as
 * long as this shell lives; and the job's. What is built goes with the first as one archive when it is
 * small; else by mci-blob, where the host has that, so that only what it does not know goes; else as an
 * archive by itself. What bash runs there has no quote in it, as it stands in quotes.
 *
 * Processes of the job are known by a variable, as some may have left its group and session.
 */
#define SMALL "1048576" /* bytes of an archive that is sent as it is */
#define KILL_ALL \
	"ours() { grep -lsFxz \"MCI_SSH_JOB=$d\" /proc/[0-9]*/environ | cut -d/ -f3; }\n" \
	"end() { local p n; for ((n = 0; n < 100; n++)); do p=$(ours); [ -n \"$p\" ] || break\n" \
	"kill -KILL $p 2>/dev/null; sleep 0.02; done; }\n"

/*
 * It says "at FOLDER HOW" and, when what is built is there, "up"; annotations, each with an n in front;
 * at the end "back BYTES CHANGED", and behind it an archive of so many bytes with the status, the
 * outputs and the names of what is gone, and one of what is new when CHANGED is not 0.
 *
 * Whatever changes a file or its place changes its number or the time of that, which nobody can set.
 */
static const char keeps[] =
    "trap \"\" HUP INT TERM PIPE; umask 077\n"
    "d=$(mktemp -d \"${TMPDIR:-/tmp}/mci-ssh.XXXXXXXX\") || exit\n"
    "store=${XDG_CACHE_HOME:-$HOME/.cache}/mci/ssh serve=\n"
    KILL_ALL
    "stop() { [ -z \"$serve\" ] || kill -KILL $serve 2>/dev/null; serve=; }\n"
    "clean() { stop; end; rm -rf \"$d\" 2>/dev/null || { chmod -R u+rwX \"$d\"; rm -rf \"$d\"; }; }\n"
    "trap clean EXIT\n"
    "list() { (cd work && find . ! -type s -printf \"%y %i %C@ %m %p\\0\" | LC_ALL=C sort -z); }\n"
    "cd \"$d\" && mkfifo notes wait && mkdir work && exec 6<>notes 7<>wait || exit\n"
    "read -r size how && head -c \"$size\" | tar -xpf - || exit\n"

    "if [ $how = blob ]; then\n"
    "how=tar\n"
    "if mkdir -p \"$store\" && command -v mci-blob >/dev/null; then\n"
    "exec {ready}< <(exec mci-blob serve -l \"unix:$d/blob\" --dir \"$d/serve\" --blob \"file:$store\" "
    "--ready-fd 1 </dev/null)\n"
    "serve=$!\n"
    "read -r -t 30 -u $ready && how=blob\n"
    "fi; fi\n"
    "echo \"at $d $how\"\n"
    "read -r word rest || exit\n"
    "if [ $word = restore ]; then\n"
    "stop; mci-blob restore -q --blob \"file:$store\" -C work \"$rest\" >/dev/null || exit\n"
    "fi\n"
    "list >before || exit\n"
    /* what it has read to its end, nobody writes any more */
    "exec 9>&1; exec {noted}< <(exec 8>&1 >&9 6>&- 7>&- 9>&-; exec sed -u \"s/^/n/\" <notes)\n"
    "echo up\n"
    "while read -r word rest; do case $word in\n"
    "signal) kill -$rest $(ours) 2>/dev/null ;;\n"
    "wait) echo \"$rest\" >&7 ;;\n"
    "back) break ;;\n"
    "esac; done\n"
    "[ \"$word\" = back ] && [ -s status ] || exit\n"
    "end; exec 6>&- 7>&-; read -r -t 5 -u $noted\n"

    "export LC_ALL=C; list >after; name=\"s/^(.) [^ ]* [^ ]* [^ ]* \"\n"
    "comm -z -13 before after | sed -Ez \"$name//\" >changed\n"
    "names() { sed -Ez \"$name/\\\\1 /\" $1 | sort -z; }\n"
    "comm -z -23 <(names before) <(names after) |\n"
    "sort -rz -k 2 >gone\n"
    "tar -cf meta status output gone || exit\n"
    "echo; echo back $(stat -c %s meta changed); cat meta\n"
    "[ ! -s changed ] || (cd work && tar -cf - --no-recursion --null -T ../changed)\n"
    /* once a day what was not asked for lately goes */
    "[ $how != blob ] || [ -n \"$(find \"$store/swept\" -mtime -1 2>/dev/null)\" ] ||\n"
    "{ : >\"$store/swept\"; exec >&-; mci-blob gc -q --age 168h --blob \"file:$store\"; }\n";

/* $0 is the folder. */
static const char runs[] =
    "d=$0; cd \"$d\" || exit\n"
    KILL_ALL
    "trap : HUP INT QUIT TERM\n"
    "MCI_SSH_JOB=$d bash -c \"exec 18<>wait 19>notes; . ./job\"\n"
    "echo $? >status; end\n";

static const char here[] =
    "host=$1 carry=$2 folder=$3 options=$4 output=$5 script=$6 secrets=$7\n"
    "master=$8 blob=$9 keeps=${10} runs=${11}\n"
    "phase=begin started= keeper=\n"
    "exec 5<&0 6>&2 2>>\"$carry/said\"\n"
    "ask() { exec ssh -a -x -o BatchMode=yes -o ConnectTimeout=30 -o ControlMaster=no"
    " -o ControlPath=\"${master:-none}\" -o ServerAliveInterval=15 -o EscapeChar=none \"$@\"; }\n"
    "there() { ask -o ClearAllForwardings=yes \"$@\"; }\n"
    /* what comes back is not left in the middle: who does not want to wait for it kills */
    "told() { case $phase in run) echo \"signal $1\" >&8 ;; back) ;;\n"
    "*) phase=stop; kill $started 2>/dev/null ;; esac; }\n"
    "for s in HUP INT QUIT USR1 USR2 TERM; do trap \"told $s\" $s; done\n"
    "await() { while wait $1; rc=$?; kill -0 $1 2>/dev/null; do :; done; }\n"
    "give_up() { echo $1 >\"$carry/result\"; exec 8>&-; [ -z \"$keeper\" ] || await $keeper; exit 255; }\n"

    "{ cat \"$output\" 2>/dev/null; :; } >\"$carry/go/output\"\n"
    "[ -z \"$script\" ] || cp \"$script\" \"$carry/go/script\" || exit\n"
    "[ -z \"$secrets\" ] || cp -R \"$secrets\" \"$carry/go/secrets\" || exit\n"
    "mkdir \"$carry/back\" && mkfifo \"$carry/line\" \"$carry/name\" || exit\n"

    /* the first one logs in for all; it goes by itself, too, when nobody uses it any more */
    "if [ -n \"$master\" ]; then\n"
    "(flock 9; (ask -O check \"$host\" 2>/dev/null) || {\n"
    "export MCI_SSH_MASTER=\"${master%/*}\"; unset MCI_SSH_CARRY\n"
    /* ssh closes what it does not know: the lock is this shell's, which goes on behind it */
    "(there -f -N -M -o ControlPersist=60 \"$host\" </dev/null >/dev/null); exit $?; })"
    " 9>\"$master.lock\" &\n"
    "started=$!; await $started; [ $rc = 0 ] && [ $phase = begin ] || give_up start\n"
    "fi\n"

    /* what is built begins with a dot in the archive, nothing else does */
    "pack() { tar -cf - -C \"$carry/go\" $(ls \"$carry/go\") \"$@\"; echo $? >\"$carry/packed\"; }\n"
    "size() { size=$(wc -c <\"$carry/tar\"); }\n"
    "how=whole; pack '--transform=s,^\\.,work,S' -C \"$folder\" . | head -c " SMALL " >\"$carry/tar\"; size\n"
    "if [ $size = " SMALL " ]; then\n"
    "how=blob; [ -n \"$blob\" ] && [ -n \"$master\" ] || how=tar\n"
    "pack >\"$carry/tar\"; size\n"
    "fi\n"
    /* 1: a file was changed meanwhile, by another job */
    "read -r packed <\"$carry/packed\"; [ $packed -le 1 ] || give_up start\n"

    "changes() {\n"
    "head -c $1 | tar -xf - -C \"$carry/back\" || return\n"
    "[ ! -s \"$carry/back/output\" ] || cat \"$carry/back/output\" >\"$output\"\n"
    "cd \"$folder\" || return\n"
    "tr '\\n\\0' '\\001\\n' <\"$carry/back/gone\" | while IFS= read -r l; do\n"
    "n=$(printf '%s.' \"${l#? }\" | tr '\\001' '\\n'); n=${n%.}\n"
    "case $n in */../*|*/..) continue ;; esac\n"
    "case $l in d*) rmdir \"./$n\" 2>/dev/null ;; *) rm -f \"./$n\" ;; esac; done\n"
    "[ $2 = 0 ] || tar -xpf - || return\n"
    ": >\"$carry/back/all\"; }\n"
    "said() { while IFS= read -r l; do case $l in\n"
    "n*) printf '%s\\n' \"${l#n}\" >&3 ;;\n"
    "at*|up) echo \"$l\" ;;\n"
    "back*) changes ${l#back } <&0; return ;;\n"
    "esac; done; }\n"

    "exec 8<>\"$carry/line\"\n"
    "{ { echo \"$size $how\"; cat \"$carry/tar\"; exec cat \"$carry/line\"; } |\n"
    "(there -T \"$host\" \"exec bash -c '$keeps'\") | said >\"$carry/name\"; } 8>&- & keeper=$! started=$!\n"
    "hear() { (read -r l <&9; echo \"$l\" >\"$carry/heard\") 8>&- & started=\"$keeper $!\"; await $!\n"
    "read -r word d how <\"$carry/heard\"; }\n"
    "exec 9<\"$carry/name\"\n"
    "hear; case $d in ''|*[!A-Za-z0-9/._-]*) give_up start ;; esac\n"
    "[ $phase = begin ] || give_up start\n"

    "if [ $how = blob ]; then\n"
    "(ask -O forward -L \"$master-$$:$d/blob\" \"$host\" >/dev/null) &&\n"
    "(exec 8>&- 9<&-; exec \"$blob\" save -q --blob \"unix:$master-$$\" -C \"$folder\""
    " \"workspace/ssh/${d##*/}\" . >/dev/null) &\n"
    "p=$! started=\"$keeper $p\"; await $p; [ $rc = 0 ] || how=tar\n"
    "(ask -O cancel -L \"$master-$$:$d/blob\" \"$host\") >/dev/null 2>&1; rm -f \"$master-$$\"\n"
    "fi\n"
    "if [ $how = tar ]; then\n"
    "(exec 8>&- 9<&-; tar -cf - -C \"$folder\" . |\n"
    "there -T \"$host\" \"exec bash -c 'cd \\\"\\$0\\\"/work && tar -xpf -' $d\") &\n"
    "p=$! started=\"$keeper $p\"; await $p; [ $rc = 0 ] || give_up start\n"
    "fi\n"
    "[ $phase = begin ] || give_up start\n"
    "if [ $how = blob ]; then echo \"restore workspace/ssh/${d##*/}\" >&8; else echo carried >&8; fi\n"
    "at=$d; hear; [ \"$word\" = up ] && [ $phase = begin ] || give_up start\n"

    "[ ! -e /dev/fd/4 ] || (exec 8>\"$carry/line\"\n"
    "while read -r l <&4; do echo \"wait $l\" >&8; done) & waits=$!\n"
    "phase=run\n"
    "(exec 8>&- 9<&- 3>&-; there $options \"$host\" \"exec bash -c '$runs' $at\" <&5 2>&6) & p=$!\n"
    "await $p\n"
    "kill $waits 2>/dev/null\n"
    "phase=back; echo back >&8; exec 8>&-\n"
    "await $keeper; [ -e \"$carry/back/all\" ] || give_up lost\n"
    "read -r status <\"$carry/back/status\"\n"
    "echo \"ended $status\" >\"$carry/result\"\n"
    "exit $status\n";

const struct sshscript sshscript = { .here = here, .keeps = keeps, .runs = runs };
