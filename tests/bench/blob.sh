#!/bin/bash
# blob.sh O: saving and restoring files, beside what one would use instead: tar through zstd or gzip, bsdtar, cp and
# rsync, and restic, borg and casync, which keep each content once as well. Two trees: some 30,000 small files, and
# one file of 1 GB. Both and all that is made of them lie in memory where there is room, as a disk would be all
# that is measured; last come the rows of the disk. BLOB_ROUNDS says how often. Part of run.sh.
set -u
O=$(cd "$1" && pwd)
# shellcheck source=tests/bench/lib.sh
. "${0%/*}/lib.sh"
rounds=${BLOB_ROUNDS:-3}
small_bytes=${BLOB_SMALL:-500000000} large_bytes=${BLOB_LARGE:-1000000000}
place=${BENCH_DIR:-$O}
if [ -z "${BENCH_DIR:-}" ] && [ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)" -gt 12000000 ]; then
	place=/dev/shm
fi
work=$(mktemp -d "$place/mci-blob-XXXXXX") || exit 1
disk=$(mktemp -d "${BENCH_DIR:-$O}/blob-XXXXXX") || exit 1
trap 'cd /; rm -rf "$work" "$disk"' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$O/tests/bench:$PATH" LC_ALL=C HOME="$work" XDG_STATE_HOME="$work/state" XDG_CACHE_HOME="$work/cache"
export MCI_BLOB="file:$work/store" RESTIC_PASSWORD=x
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
mkdir "$work/home" && cd "$work" || exit 1

# figure NAME COLUMN, of the last time; columns as measure's: 3 least ms, 4 processor ms, 5 KiB
figure() {
	awk -F'\t' -v name="$1" -v column="$2" '$1 == name { print $column }' figures
}

# beside TEXT NAME OTHER SIGN WANTED: least times, and the processor's
beside() {
	[ -n "$(figure "$3" 3)" ] || { note "$1" "skipped: $3 is not installed, or failed"; return; }
	row "$1" "$(figure "$2" 3)" "$(figure "$3" 3)" ms "$4" "$5"
	note "  processor time of both" "$(figure "$2" 4) $(figure "$3" 4) ms"
}

memory() {
	bound "  peak memory of any of its processes" "$(awk -v k="$(figure "$1" 5)" 'BEGIN { print k / 1024 }')" MiB 64
}

# script NAME COMMAND: what is measured under a name
script() {
	echo "$2" >"$1.sh"
	chosen+=(--- "$1" sh -e "$1.sh")
}

# times ROUNDS BEFORE: the scripts that were written since the last time, in turns
times() {
	measure -n "$1" -b "$2" "${chosen[@]:1}" >figures 2>said || { note "measuring failed" "$(tail -n 3 said | tr "\n" " ")"; : >figures; }
	chosen=()
}

bytes_of() {
	du -sb "$1" | cut -f1
}

# least NAME...: of those there are, whose figure is the least
least() {
	for name in "$@"; do
		[ -z "$(figure "$name" 3)" ] || echo "$(figure "$name" 3) $name"
	done | sort -n | sed -n '1s/.* //p'
}

chosen=()
trees() {
	mkdir small large
	find /usr/include /usr/lib/python3 /usr/lib/python3.* /usr/share/perl /usr/share/cmake-* /usr/share/vim /usr/share/doc \
		/usr/share/locale /usr/share/man /usr/lib/gcc -xdev \( -type f -o -type l \) -printf '%s %p\n' 2>/dev/null |
		awk -v most="$small_bytes" '{ n += $1; print substr($0, index($0, " ") + 2) } n > most { exit }' >list
	tar -C / -cf - -T list 2>/dev/null | tar -C small -xf -
	find /usr/lib /usr/bin -xdev -type f -size +64k -print0 | sort -z | xargs -0 cat 2>/dev/null |
		head -c "$large_bytes" >large/file
	# what changes of it: every hundredth
	find small -type f | sort | awk 'NR % 100 == 0' >some
	note "a tree of" "$(find small -type f | wc -l) files, $(($(bytes_of small) / 1000000)) MB; in $(df --output=fstype . | tail -n 1)"
}

# An empty store of each peer, as made once.
empty() {
	mkdir -p empty
	have restic && restic init -q -r empty/restic >/dev/null 2>&1
	have borg && borg init -e none empty/borg >/dev/null 2>&1
	cat >fresh.sh <<-'END'
		rm -rf store state cache .config/borg casync tree.* copy restic borg
		mkdir casync
		[ ! -d empty/restic ] || cp -r empty/restic .
		[ ! -d empty/borg ] || cp -r empty/borg .
	END
}

saves() { # TREE
	script mci "mci-blob -q save one $1"
	script zstd "tar -cf - $1 | zstd -1 -T0 -q -o tree.zst -f"
	have restic && script restic "restic -q -r restic backup $1"
	have borg && script borg "borg create borg::one$1 $1"
	have casync && script casync "casync make --store=casync tree.caidx $1"
}

first_save() { # TREE WHAT
	heading "First save of $2"
	saves "$1"
	times "$rounds" 'sh fresh.sh'
	beside "mci-blob save, beside tar | zstd -1 -T0" mci zstd '<' 1.2
	for peer in restic borg casync; do
		beside "  beside $peer" mci $peer '<' 1
	done
	memory mci
	sh fresh.sh
	for name in mci restic borg; do
		[ ! -f $name.sh ] || sh $name.sh >/dev/null 2>&1
	done
	best=$(for name in restic borg; do [ ! -d $name ] || bytes_of $name; done | sort -n | head -n 1)
	row "  stored, beside the best of restic and borg" "$(awk -v n="$(bytes_of store)" 'BEGIN { print n / 1e6 }')" \
		"$(awk -v n="${best:-0}" 'BEGIN { print n / 1e6 }')" MB '<' 1.05
}

others() {
	script gzip 'tar -czf tree.gz small'
	have bsdtar && script bsdtar 'bsdtar --zstd -cf tree.bsd small'
	script cp 'cp -a small copy'
	have rsync && script rsync 'rsync -a small copy'
	times 1 'rm -rf tree.* copy'
	for name in gzip bsdtar cp rsync; do
		note "  $name" "$(figure $name 3) ms"
	done
}

# Each sees the same hundredth of the files changed since its own last time.
second_save() {
	heading "Second save, 1 per cent of the files changed"
	sh fresh.sh
	# times that are as young as this are not trusted by any of them
	cat >change.sh <<-'END'
		date +%N >now
		while read -r file; do
			cat now >>"$file"
		done <some
		sleep 0.1
	END
	script mci 'mci-blob -q save one small'
	script walk 'limit-walk small'
	have rsync && script rsync 'rsync -a small copy'
	have restic && script restic 'restic -q -r restic backup small'
	have borg && script borg "borg create borg::{now:%s%f} small"
	for name in mci rsync restic borg; do
		[ ! -f $name.sh ] || sh $name.sh >/dev/null 2>&1
	done
	times $((rounds + 2)) 'sh change.sh'
	beside "mci-blob save, beside a walk that stats" mci walk '<' 2
	beside "  beside rsync -a into a copy" mci rsync '<' 1
	beside "  restic, beside it" restic mci '>' 10
	note "  borg" "$(figure borg 3) ms"
	memory mci
}

in_place() {
	heading "Restore over an unchanged tree"
	rm -rf into peer
	mkdir into peer
	script mci 'mci-blob -q -C into restore one'
	script walk 'limit-walk into'
	have rsync && script rsync 'rsync -a copy/small peer'
	# some releases fail over links that are there, at the end
	have restic && script restic 'restic -q -r restic restore latest --target other || :'
	for name in mci rsync restic; do
		[ ! -f $name.sh ] || sh $name.sh >/dev/null 2>&1
	done
	sleep 0.1
	sh mci.sh
	times $((rounds + 2)) true
	beside "mci-blob restore, beside a walk that stats" mci walk '<' 2
	beside "  beside rsync -a from a copy" mci rsync '<' 1
	beside "  restic, beside it" restic mci '>' 10
	memory mci
	rm -rf into peer other
}

from_nothing() { # TREE WHAT
	heading "Restore of $2 into an empty folder"
	sh fresh.sh
	saves "$1"
	chosen=()
	for name in mci zstd restic borg casync; do
		[ ! -f $name.sh ] || sh $name.sh >/dev/null 2>&1
	done
	script mci 'mci-blob -q -C into restore one'
	script cp "cp -a $1 into"
	script tar 'zstd -dc tree.zst | tar -C into -xf -'
	have restic && script restic 'restic -q -r restic restore latest --target into'
	have borg && script borg "cd into; borg extract ../borg::one$1"
	have casync && script casync 'casync extract --store=casync tree.caidx into'
	times "$rounds" 'rm -rf into; mkdir into'
	quicker=$(least cp tar)
	beside "mci-blob restore, beside $quicker" mci "$quicker" '<' 1.2
	for name in cp tar restic borg casync; do
		note "  $name" "$(figure $name 3) ms"
	done
	memory mci
	rm -rf into
}

# What a disk adds: what is saved has to be on it, which tar leaves to chance.
on_disk() {
	heading "First save of the small files, to $(df --output=fstype "$disk" | tail -n 1)"
	sh fresh.sh
	script mci "mci-blob -q save one small --blob file:$disk/store"
	script zstd "tar -cf - small | zstd -1 -T0 -q -o $disk/tree.zst -f; sync $disk/tree.zst"
	times "$rounds" "rm -rf $disk/* state; sync $disk"
	beside "mci-blob save, beside tar | zstd and sync" mci zstd '<' 1.2
}

trees
empty
first_save small "the small files"
others
second_save
in_place
from_nothing small "the small files"
first_save large "a file of 1 GB"
from_nothing large "a file of 1 GB"
on_disk
