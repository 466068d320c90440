#include "limits.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "place.h"
#include "processuse.h"
#include "strays.h"

#define LOOK (200 * MILLISECOND) /* between two looks at what the kernel does not tell of */
#define LOOK_SOON (40 * MILLISECOND) /* the same where processes multiply meanwhile */
#define WALL 1024                /* processes that jobs beside it may have */
#define BIT(limit) (1U << (limit))

static const char *const reasons[LIMIT_COUNT] = {
	[LIMIT_MEMORY] = "limit:memory",
	[LIMIT_PROCESSES] = "limit:processes",
	[LIMIT_FILE_SIZE] = "limit:file-size",
	[LIMIT_DISK] = "limit:disk",
	[LIMIT_LOG] = "limit:log",
};

const char *
limits_over(struct attempt *a, enum limit which)
{
	static const char *const what[LIMIT_COUNT] = {
		[LIMIT_MEMORY] = "of memory",
		[LIMIT_PROCESSES] = "processes",
		[LIMIT_FILE_SIZE] = "in one file",
		[LIMIT_DISK] = "of disk",
		[LIMIT_LOG] = "of output",
	};
	AUTO_BYTES value = { 0 };

	limit_write(&value, which, a->limits.of[which]);
	if (a->error.code == ERROR_NONE)
		error_set(&a->error, ERROR_LIMIT, "more than %s %s", bytes_string(&value), what[which]);
	return reasons[which];
}

int
limits_check(const struct settings *settings, const struct spec *s, struct error *e)
{
	struct limits asked = spec_limits(s);

	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		AUTO_BYTES value = { 0 };
		AUTO_BYTES most = { 0 };

		if (settings->most.of[i] == 0 || asked.of[i] <= settings->most.of[i])
			continue;
		limit_write(&value, (enum limit)i, asked.of[i]);
		limit_write(&most, (enum limit)i, settings->most.of[i]);
		return error_set(e, ERROR_INPUT, "%s: %s is more than the %s that a job may have here",
		    limit_name((enum limit)i), bytes_string(&value), bytes_string(&most));
	}
	return 0;
}

static struct limits
effective(const struct settings *settings, const struct spec *s)
{
	struct limits l = spec_limits(s);

	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		if (l.of[i] == 0)
			l.of[i] = settings->limits.of[i];
		if (settings->most.of[i] != 0 && (l.of[i] == 0 || l.of[i] > settings->most.of[i]))
			l.of[i] = settings->most.of[i];
	}
	return l;
}

static void
rlimit_add(struct attempt *a, int resource, int64_t value)
{
	struct rlimit now;
	rlim_t most = getrlimit((__rlimit_resource_t)resource, &now) < 0 || now.rlim_max > (rlim_t)value ?
	    (rlim_t)value : now.rlim_max;

	a->rlimits[a->nrlimits++] = (struct childsetup_limit){ resource, { most, most } };
}

static bool
is_grouped(const struct attempt *a, enum limit which)
{
	return (a->grouped & BIT(which)) != 0;
}

/* Whether the kernel leaves it to us to look. */
static bool
is_looked_at(const struct attempt *a, enum limit which)
{
	return a->limits.of[which] > 0 && !is_grouped(a, which) && !place_is_remote(&a->place);
}

static void
rlimits_fill(struct attempt *a)
{
	const int64_t *of = a->limits.of;

	a->nrlimits = 0;
	/* what it was given is in its memory */
	if (a->spec.nsecrets > 0 || a->site->secrets.n > 0)
		rlimit_add(a, RLIMIT_CORE, 0);
	if (of[LIMIT_FILES] > 0)
		rlimit_add(a, RLIMIT_NOFILE, of[LIMIT_FILES]);
	if (of[LIMIT_FILE_SIZE] > 0)
		rlimit_add(a, RLIMIT_FSIZE, of[LIMIT_FILE_SIZE]);
	if (of[LIMIT_MEMORY] > 0 && !is_grouped(a, LIMIT_MEMORY))
		rlimit_add(a, RLIMIT_DATA, of[LIMIT_MEMORY]);
	/* a wall behind what is looked at: the kernel counts all processes of this user, other jobs' too */
	if (of[LIMIT_PROCESSES] > 0 && is_looked_at(a, LIMIT_PROCESSES) && geteuid() != 0)
		rlimit_add(a, RLIMIT_NPROC, process_count(geteuid()) + of[LIMIT_PROCESSES] + WALL);
}

int
limits_prepare(struct attempt *a, loop_ready *hit, struct error *e)
{
	struct site *site = a->site;

	a->limits = effective(site->settings, &a->spec);
	a->grouped = 0;
	if (!place_is_remote(&a->place) &&
	    cgroup_prepare(&a->cgroup, &site->cgroups, (size_t)(a - site->attempts), &a->limits, &a->grouped,
	    site->loop, hit, a, e) < 0)
		return error_before(e, "limits: ");
	rlimits_fill(a);
	return 0;
}

/* Whether it may be hit without a word. */
static bool
is_untold(const struct attempt *a, enum limit which)
{
	return a->limits.of[which] > 0 && !place_is_remote(&a->place) &&
	    !(is_grouped(a, which) && cgroup_tells(&a->cgroup, which));
}

void
limits_watch(struct attempt *a, loop_due *due)
{
	if (a->disk.loop == NULL && a->limits.of[LIMIT_DISK] > 0) {
		const char *dir = a->copy != NULL ? a->copy : a->site->cwd, *room = a->place.room;
		const char *tmp = getenv("TMPDIR");

		diskuse_begin(&a->disk, a->site->loop, dir, room != NULL ? room : tmp == NULL ? "/tmp" : tmp,
		    room != NULL, a->limits.of[LIMIT_DISK]);
	}
	a->look = NULL;
	if (a->limits.of[LIMIT_DISK] > 0 || is_untold(a, LIMIT_MEMORY) || is_untold(a, LIMIT_PROCESSES))
		a->look = loop_after(a->site->loop, is_looked_at(a, LIMIT_PROCESSES) ? LOOK_SOON : LOOK,
		    due, a);
}

/* Its processes: what the leader has started, and what has left it. */
static void
processes(const struct attempt *a, struct process_list *all)
{
	struct process_list strays = { 0 };

	if (cgroup_processes(&a->cgroup, 0, all))
		return;
	process_list_add(all, child_pid(a->leader));
	process_descendants(child_pid(a->leader), all);
	strays_find(a, &strays);
	for (size_t i = 0; i < strays.n; i++) {
		process_list_add(all, strays.pids[i]);
		process_descendants(strays.pids[i], all);
	}
	process_list_free(&strays);
}

static int64_t
sum(const struct process_list *all, int64_t (*of)(pid_t pid))
{
	int64_t total = 0;

	for (size_t i = 0; i < all->n; i++)
		total += of(all->pids[i]);
	return total;
}

static int64_t
written(const struct attempt *a)
{
	struct process_list all = { 0 };
	int64_t bytes;

	processes(a, &all);
	bytes = sum(&all, process_written);
	process_list_free(&all);
	return bytes;
}

/* In a folder that several share what one has written is not to be told apart from what another has: it
 * is the one that wrote most. */
static bool
wrote_most(const struct attempt *a, int64_t bytes)
{
	for (size_t i = 0; i < a->site->nattempts; i++) {
		const struct attempt *other = &a->site->attempts[i];

		if (other != a && other->state == ATTEMPT_RUNNING && other->copy == NULL && a->copy == NULL &&
		    written(other) > bytes)
			return false;
	}
	return true;
}

static const char *
looked(struct attempt *a)
{
	struct process_list all = { 0 };
	int64_t bytes = 0;
	const char *reason = NULL;

	if (a->limits.of[LIMIT_DISK] == 0 && !is_looked_at(a, LIMIT_PROCESSES) &&
	    !is_looked_at(a, LIMIT_MEMORY))
		return NULL;
	processes(a, &all);
	if (is_looked_at(a, LIMIT_PROCESSES) && (int64_t)all.n > a->limits.of[LIMIT_PROCESSES])
		reason = limits_over(a, LIMIT_PROCESSES);
	else if (is_looked_at(a, LIMIT_MEMORY) && sum(&all, process_memory) > a->limits.of[LIMIT_MEMORY])
		reason = limits_over(a, LIMIT_MEMORY);
	else if (a->limits.of[LIMIT_DISK] > 0 &&
	    diskuse_over(&a->disk, bytes = sum(&all, process_written)) && wrote_most(a, bytes))
		reason = limits_over(a, LIMIT_DISK);
	process_list_free(&all);
	return reason;
}

/* How a shell says that a program was ended for its file's size. */
static bool
is_file_size(const struct attempt *a, int status)
{
	return a->limits.of[LIMIT_FILE_SIZE] > 0 && status != -1 &&
	    ((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGXFSZ));
}

/* Where the kernel only refuses memory, whoever failed with most of what there was has had all of it. */
static bool
was_refused_memory(const struct attempt *a)
{
	return is_looked_at(a, LIMIT_MEMORY) && a->maxrss >= a->limits.of[LIMIT_MEMORY] / 4 * 3;
}

const char *
limits_hit(struct attempt *a, int status)
{
	enum limit hit = cgroup_hit(&a->cgroup);
	const char *reason = NULL;

	if (hit != LIMIT_COUNT)
		return limits_over(a, hit);
	if (is_file_size(a, status))
		return limits_over(a, LIMIT_FILE_SIZE);
	if (status != 0)
		reason = looked(a);
	return reason == NULL && status != -1 && status != 0 && was_refused_memory(a) ?
	    limits_over(a, LIMIT_MEMORY) : reason;
}

static const char *
by(const struct attempt *a, enum limit which)
{
	switch (which) {
	case LIMIT_CPUS:
	case LIMIT_MEMORY:
	case LIMIT_PROCESSES:
		if (place_is_remote(&a->place))
			return which == LIMIT_MEMORY ? "rlimit" : "nothing";
		return is_grouped(a, which) ? cgroup_name(&a->cgroup, which) :
		    which == LIMIT_CPUS ? "nothing" :
		    "rlimit";
	case LIMIT_FILES:
	case LIMIT_FILE_SIZE:
		return "rlimit";
	default:
		return "mci-job";
	}
}

void
limits_event(struct bytes *b, const struct attempt *a)
{
	AUTO_BYTES values = { 0 };
	AUTO_BYTES means = { 0 };
	bool any = false;

	emit_open(&values);
	emit_open(&means);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		AUTO_BYTES text = { 0 };

		if (a->limits.of[i] == 0)
			continue;
		any = true;
		limit_write(&text, (enum limit)i, a->limits.of[i]);
		emit_text(&values, limit_name((enum limit)i), bytes_string(&text));
		emit_text(&means, limit_name((enum limit)i), by(a, (enum limit)i));
	}
	bytes_char(&values, '}');
	bytes_char(&means, '}');
	if (!any)
		return;
	emit_raw(b, "limits", (struct span){ values.data, values.len });
	emit_raw(b, "limited-by", (struct span){ means.data, means.len });
}

void
limits_end(struct attempt *a)
{
	loop_cancel(a->site->loop, a->look);
	a->look = NULL;
	diskuse_end(&a->disk);
	cgroup_leave(&a->cgroup);
}
