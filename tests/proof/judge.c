/*
 * judge [-p] [-c FROM-TO]... DIR RECORDS PUBLISHERS SUBSCRIBERS
 *
 * Holds the log of a hub, in DIR, against what load was told. Each thing that is wrong is a line; status 1 when
 * there are any. The last line counts.
 *
 *	of the log: every event whole, offsets without a gap, of each publisher every number once and in order
 *	of acks: what was acknowledged is in the log, no later than at the offset that was told
 *	of subscribers: what they saw is in the log at that offset; durable ones saw each event, others
 *	each once and in order; none was told that something is gone
 *
 * -c: the power was cut between these moments (ns), so that an ack, or an event that was seen, counts when it
 * came before, or when what it tells is there. What came in between was said by a machine that has no power: it
 * is counted apart. Subscribers that are not synced may have seen what is gone. -p: they are in the middle of it,
 * and need not have seen everything.
 */
#include <dirent.h>
#include <stdarg.h>
#include <unistd.h>

#include "event.h"

#define COMPLAINTS 20
#define CUTS_MOST 1000

static struct cut {
	long from, to;
} cuts[CUTS_MOST];
static int ncuts;
static bool partly;

static long *at[PUBLISHERS_MOST]; /* the offset of each number */
static long last[PUBLISHERS_MOST], first_offset, tail, size[PUBLISHERS_MOST];
static long acks, late_acks, late_lost, sightings, wrong;

static void __attribute__((format(printf, 1, 2)))
complain(const char *format, ...)
{
	va_list args;

	if (wrong++ < COMPLAINTS) {
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
		putchar('\n');
	}
}

/* Whether it was said while the power was cut, and by how much (us). */
static bool
unpowered(long ns, long *late)
{
	for (int i = 0; i < ncuts; i++) {
		if (ns >= cuts[i].from && ns <= cuts[i].to) {
			*late = (ns - cuts[i].from) / 1000;
			return true;
		}
	}
	return false;
}

/* How long before the next cut (us); for complaints. */
static long
before_cut(long ns)
{
	for (int i = 0; i < ncuts; i++) {
		if (ns < cuts[i].from)
			return (cuts[i].from - ns) / 1000;
	}
	return -1;
}

static long
offset_of(int p, long seq)
{
	return p >= 0 && p < PUBLISHERS_MOST && seq >= 1 && seq <= last[p] ? at[p][seq] : 0;
}

static void
log_line(const char *name, long number, const char *line, size_t n)
{
	long offset, seq;
	int p;

	if (!event_read(line, n, &offset, &p, &seq)) {
		complain("%s:%ld: not an event as it was published: %.200s", name, number, line);
		return;
	}
	if (first_offset == 0)
		first_offset = offset;
	else if (offset != tail + 1)
		complain("%s:%ld: offset %ld behind %ld", name, number, offset, tail);
	tail = offset;
	if (seq <= last[p]) {
		complain("%s:%ld: event %ld of publisher %d is there again, first at %ld", name, number, seq, p,
		    offset_of(p, seq));
		return;
	}
	if (seq != last[p] + 1)
		complain("%s:%ld: event %ld of publisher %d behind %ld", name, number, seq, p, last[p]);
	if (seq >= size[p]) {
		long larger = seq * 2 + 1024;

		at[p] = realloc(at[p], (size_t)larger * sizeof(long));
		memset(at[p] + size[p], 0, (size_t)(larger - size[p]) * sizeof(long));
		size[p] = larger;
	}
	at[p][seq] = offset;
	last[p] = seq;
}

static FILE *
open_file(const char *folder, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (f == NULL) {
		perror(path);
		exit(2);
	}
	return f;
}

static int
is_segment(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 7 && strcmp(d->d_name + n - 7, ".ndjson") == 0;
}

static void
read_log(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, is_segment, alphasort);
	char *line = NULL;
	size_t room = 0;

	for (int i = 0; i < n; i++) {
		FILE *f = open_file(folder, names[i]->d_name);
		ssize_t got;

		for (long number = 1; (got = getline(&line, &room, f)) > 0; number++) {
			if (line[got - 1] == '\n')
				log_line(names[i]->d_name, number, line, (size_t)got - 1);
			else
				complain("%s:%ld: a line without end", names[i]->d_name, number);
		}
		fclose(f);
		free(names[i]);
	}
	free(line);
	if (n > 0)
		free(names);
}

static void
judge_ack(int p, const char *line)
{
	long ns, from, to, offset, repeats, late = 0;

	if (strncmp(line, "ack ", 4) != 0)
		return;
	if (sscanf(line, "ack %ld %ld %ld %ld %ld", &ns, &from, &to, &offset, &repeats) != 5) {
		complain("pub-%d: not a record: %s", p, line);
		return;
	}
	acks++;
	if (unpowered(ns, &late)) {
		late_acks++;
		if (to > last[p]) {
			late_lost++;
			printf("publisher %d was told that %ld to %ld are kept %ld us after the power went: %ld\n", p, from,
			    to, late, last[p]);
		}
	} else if (to > last[p]) {
		complain("LOST: publisher %d was told that %ld to %ld are kept, %ld us before the cut; the log ends "
		    "with %ld: %s", p, from, to, before_cut(ns), last[p], line);
	} else if (offset_of(p, to) > offset && ncuts == 0) {
		complain("publisher %d: event %ld is at %ld, told was at most %ld", p, to, offset_of(p, to), offset);
	}
}

/* What one subscriber has seen. */
struct sight {
	int number;
	const struct subscriber_kind *kind;
	char *seen[PUBLISHERS_MOST]; /* of each number: 1 seen */
	long offset;                 /* last */
};

static void
judge_seen(struct sight *s, const char *line)
{
	long ns, offset, seq, epoch, late;
	bool told;
	int p;

	if (sscanf(line, "seen %ld %ld %ld %d %ld", &ns, &epoch, &offset, &p, &seq) != 5 || p < 0 ||
	    p >= PUBLISHERS_MOST) {
		complain("sub-%d: not a record: %s", s->number, line);
		return;
	}
	sightings++;
	told = ncuts > 0 && (!s->kind->synced || unpowered(ns, &late));
	if (offset_of(p, seq) != offset) {
		if (!told)
			complain("%sGONE: subscriber %d saw event %ld of publisher %d at %ld (epoch %ld), %ld us before the "
			    "cut; it is at %ld", s->kind->synced ? "SYNCED " : "", s->number, seq, p, offset, epoch,
			    before_cut(ns), offset_of(p, seq));
		return;
	}
	if (!s->kind->durable && ncuts == 0 && offset <= s->offset)
		complain("subscriber %d saw offset %ld behind %ld", s->number, offset, s->offset);
	s->offset = offset;
	s->seen[p][seq] = 1;
}

static void
judge_sub_line(void *arg, const char *line)
{
	struct sight *s = arg;

	if (strncmp(line, "seen ", 5) == 0)
		judge_seen(s, line);
	else if (strncmp(line, "bad ", 4) == 0)
		complain("sub-%d: not an event as it was published: %.200s", s->number, line);
	else if (strncmp(line, "start ", 6) == 0 && ncuts == 0 && strstr(line, "\"gone\":true") != NULL)
		complain("sub-%d was told that something is gone: %s", s->number, line);
}

static void
each_line(const char *folder, const char *kind, int number, void (*each)(void *arg, const char *line), void *arg)
{
	char name[32], *line = NULL;
	size_t room = 0;
	FILE *f;

	snprintf(name, sizeof(name), "%s-%d", kind, number);
	f = open_file(folder, name);
	while (getline(&line, &room, f) > 0)
		each(arg, line);
	free(line);
	fclose(f);
}

static void
judge_pub_line(void *arg, const char *line)
{
	judge_ack(*(int *)arg, line);
}

static void
judge_subscriber(const char *folder, int number)
{
	struct sight s = { .number = number, .kind = &subscriber_kinds[number % 8] };

	for (int p = 0; p < PUBLISHERS_MOST; p++)
		s.seen[p] = calloc((size_t)last[p] + 1, 1);
	each_line(folder, "sub", number, judge_sub_line, &s);
	for (int p = 0; p < PUBLISHERS_MOST; p++) {
		for (long seq = 1; seq <= last[p] && !partly; seq++) {
			if ((s.kind->only < 0 || s.kind->only == p) && !s.seen[p][seq] && (s.kind->durable || ncuts == 0))
				complain("subscriber %d has not seen event %ld of publisher %d", number, seq, p);
		}
		free(s.seen[p]);
	}
}

int
main(int argc, char **argv)
{
	int option, publishers, subscribers;

	while ((option = getopt(argc, argv, "pc:")) != -1) {
		if (option == 'p') {
			partly = true;
			continue;
		}
		if (option != 'c' || ncuts == CUTS_MOST || sscanf(optarg, "%ld-%ld", &cuts[ncuts].from, &cuts[ncuts].to) != 2)
			return 2;
		ncuts++;
	}
	if (argc - optind != 4)
		return 2;
	publishers = atoi(argv[optind + 2]);
	subscribers = atoi(argv[optind + 3]);
	read_log(argv[optind]);
	for (int p = 0; p < publishers; p++)
		each_line(argv[optind + 1], "pub", p, judge_pub_line, &p);
	for (int s = 0; s < subscribers; s++)
		judge_subscriber(argv[optind + 1], s);
	printf("%ld events, %ld acks, %ld sightings, %ld wrong", tail - first_offset + 1, acks, sightings, wrong);
	if (ncuts > 0)
		printf("; %d cuts, %ld acks came in the middle of one, %ld of them are not there", ncuts, late_acks, late_lost);
	putchar('\n');
	return wrong != 0;
}
