#!/bin/sh
# What make install puts somewhere runs from there, and make uninstall leaves nothing of it.
. "${0%/*}/lib.sh"
need make mandoc

# the programs are built already; install only copies
O=${MCI_BIN%/bin}
install() {
	make -C "$ROOT" -s B="$O" SAN= -o all "$@"
}

mkdir -p root/usr/share/man
find root | sort >before
ok "make install" install install DESTDIR="$PWD/root" PREFIX=/usr
for program in "$MCI_BIN"/*; do
	name=${program##*/}
	ok "$name runs from there" "root/usr/bin/$name" --version
	ok "bash finds completions of $name" test -f "root/usr/share/bash-completion/completions/$name"
done
ok "the pages are there" test -f root/usr/share/man/man1/mci-build.1
ok "and can be read" sh -c 'mandoc -T ascii root/usr/share/man/man5/mci.conf.5 >/dev/null'

cp -R "$ROOT/tests/fixtures/sample" sample
PATH=$PWD/root/usr/bin:${PATH#"$MCI_BIN":}
exits 0 "mci run finds the installed mci-build and mci-job" mci -C sample run -q
exits 0 "mci finds them when it is called by its path" env PATH=/usr/bin:/bin root/usr/bin/mci -C sample run -q

echo "somebody else's" >root/usr/share/man/man1/other.1
ok "make install again" install install DESTDIR="$PWD/root" PREFIX=/usr
rm root/usr/share/man/man1/other.1
ok "make uninstall" install uninstall DESTDIR="$PWD/root" PREFIX=/usr
find root | sort >after
is "$(comm -13 before after)" '' "nothing is left"
is "$(comm -23 before after)" '' "nothing else is gone"
ok "make uninstall again says so and does nothing" install uninstall DESTDIR="$PWD/root" PREFIX=/usr

ok "an empty PREFIX of its own is made" install install PREFIX="$PWD/own"
ok "and emptied" install uninstall PREFIX="$PWD/own"
is "$(find own 2>/dev/null)" '' "and removed"
finish
