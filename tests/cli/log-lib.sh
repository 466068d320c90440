# shellcheck shell=sh
# Builds that never ran, for the tests of mci-log: what mci-build and mci-job would have written, in the
# folder b or $folder. Times are milliseconds (up to 9999) after 2026-11-23T18:00:00Z.
#
#	build FOLDER              an empty build; the others add to it
#	event TYPE MS MEMBERS     one event
#	started JOB MS [ATTEMPT]
#	executed JOB MS BYTES [MEMBERS [ATTEMPT]]; MEMBERS begin with a comma
#	ended JOB MS BYTES [MEMBERS [ATTEMPT]]      executed and end
#	index JOB OFFSET:MS:STREAM...               an index; the last one may be LENGTH:0:end
#	build_end MS
#	squash FILE.log                             puts a log into its compressed form

build() {
	folder=$1 seq=0 builder=${builder:-0}
	rm -rf "$folder"
	mkdir -p "$folder/logs"
	event build/start 0 "\"schema\":1,\"pid\":$builder"
}

event() {
	seq=$((seq + 1))
	printf '{"seq":%d,"build":"local/x/1","run":1,"type":"%s","time":"2026-11-23T18:00:%02d.%03dZ",%s}\n' \
		"$seq" "$1" $(($2 / 1000)) $(($2 % 1000)) "$3" >>"$folder/events.ndjson"
}

started() {
	event job/start "$2" "\"job\":\"$1\",\"attempt\":${3:-1},\"pid\":1"
}

executed() {
	event job/executed "$2" \
		"\"job\":\"$1\",\"attempt\":${5:-1},\"reason\":\"exit\",\"exit\":0,\"bytes\":$3${4:-}"
}

ended() {
	executed "$@"
	event job/end "$2" \
		"\"job\":\"$1\",\"attempt\":${5:-1},\"status\":\"success\",\"exit\":0,\"bytes\":$3${4:-}"
}

build_end() {
	event build/end "$1" '"status":"success","exit":0'
}

index() {
	name=$1
	shift
	perl -e 'my $start = 1795456800 * 1000; # 2026-11-23T18:00:00Z
		print "cmiidx01", "\0" x 16;
		for (@ARGV) {
			my ($offset, $ms, $stream) = split /:/;
			print pack("Q<q<L<L<", $offset, ($start + $ms) * 1000000,
			    $stream eq "end" ? 0xffffffff : $stream, 0);
		}' -- "$@" >"$folder/logs/$name.idx"
}

# squash FILE.log: makes FILE.log.zst of it, as lib/logpack.h says, with zstd(1), and removes it
squash() {
	perl -e 'my ($name) = @ARGV;
		open my $in, "<:raw", $name or die;
		open my $out, ">:raw", "$name.zst" or die;
		my ($packed, $newlines, $marks, $seeks, $n, $bytes) = (0, 0, "", "", 0);
		while (read $in, $bytes, 131072) {
			open my $part, ">:raw", "$name.part" or die;
			print $part $bytes;
			close $part;
			my $frame = `zstd -q -c "$name.part"`;
			print $out $frame;
			$marks .= pack "Q<Q<", $packed, $newlines;
			$seeks .= pack "L<L<", length $frame, length $bytes;
			$packed += length $frame;
			$newlines += $bytes =~ tr/\n//;
			$n++;
		}
		$marks .= pack "Q<Q<", $packed, $newlines;
		my $map = pack("L<L<", 0x184d2a5e, 16 + length $marks) . "mcilzm01" . pack("L<L<", 131072, 0) . $marks;
		$seeks .= pack "L<L<", length $map, 0;
		print $out $map, pack("L<L<", 0x184d2a5e, 9 + length $seeks), $seeks,
			pack("L<CL<", $n + 1, 0, 0x8f92eab1);
		close $out;
		system "touch", "-r", $name, "$name.zst";
		unlink "$name.part", $name;' -- "$1"
}
