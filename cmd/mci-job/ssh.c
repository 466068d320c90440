#include "ssh.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "checksum.h"
#include "childsetup.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "notes.h"
#include "quote.h"
#include "sshscript.h"
#include "textfile.h"
#include "variables.h"
#include "words.h"

extern char **environ;

#define PREFIX "ssh:"
#define HOST_LIMIT 300
#define SAID_LIMIT 65536
#define MASTER_SUFFIX 20
#define MASTER_MARK "MCI_SSH_MASTER"

struct ssh {
	char *mark;       /* a variable that all processes of ours have */
	struct words env; /* ours, and mark */
	char *carry;      /* folder of what is carried besides, and of how it goes; anew each time */
	char *master;     /* socket of the connection that all jobs there share, or "" */
	struct words argv;
	int extra[2][2];
};

static const char *
host_of(const struct settings *settings, const struct spec *spec)
{
	const char *name = runners_choose(spec, settings->runner);

	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 ? name + strlen(PREFIX) : "";
}

int
ssh_check(const struct settings *settings, const struct spec *spec, struct error *e)
{
	const char *host = host_of(settings, spec);

	if (*host == '\0')
		return error_set(e, ERROR_INPUT, "runner: ssh needs a host, as in ssh:me@machine");
	if (*host == '-' || strlen(host) > HOST_LIMIT ||
	    host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-_.@:%[]")] != '\0')
		return error_set(e, ERROR_INPUT, "runner: '%.64s' is no host of ssh, which is [USER@]HOST",
		    host);
	return 0;
}

/* Whether it is the path or one below; *rest is what stands behind. */
static bool
is_below(const char *text, const char *path, const char **rest)
{
	size_t n = path == NULL ? 0 : strlen(path);

	*rest = text + n;
	return n > 0 && strncmp(text, path, n) == 0 && (text[n] == '/' || text[n] == '\0');
}

/* A word for the shell there, in whose d is the folder. What names something that is carried names it
 * there. */
static void
word_add(struct bytes *b, const struct runner_job *job, const char *text)
{
	const struct {
		const char *here, *there;
	} places[] = { { job->secrets, "secrets" }, { job->script, "script" }, { job->output, "output" },
		{ job->folder, "work" } };
	const char *rest;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (is_below(text, places[i].here, &rest)) {
			bytes_format(b, "\"$d\"/%s", places[i].there);
			text = rest;
			break;
		}
	}
	quote_word(b, text);
}

static bool
is_shell_name(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (name[i] != '_' && !isalnum((unsigned char)name[i]))
			return false;
	}
	return n > 0 && !isdigit((unsigned char)*name);
}

static int
variables_add(struct bytes *b, const struct runner_job *job, char *const *env, struct error *e)
{
	for (; *env != NULL; env++) {
		size_t n = strcspn(*env, "=");

		if (!variables_travel(job->spec, job->settings->env, job->settings->nenv, *env))
			continue;
		if (!is_shell_name(*env, n))
			return error_set(e, ERROR_INPUT,
			    "env.%.*s: the runner ssh takes only names that a shell has", (int)n, *env);
		bytes_format(b, "export %.*s=", (int)n, *env);
		word_add(b, job, *env + n + 1);
		bytes_char(b, '\n');
	}
	return 0;
}

/* What bounds it here bounds it there; what that machine does not let us set stays as it is. */
static void
limits_add(struct bytes *b, const struct childsetup *setup)
{
	static const struct {
		int resource;
		char option;
		rlim_t unit;
	} options[] = { { RLIMIT_CORE, 'c', 1024 }, { RLIMIT_NOFILE, 'n', 1 }, { RLIMIT_FSIZE, 'f', 1024 },
		{ RLIMIT_DATA, 'd', 1024 } };

	for (size_t i = 0; setup != NULL && i < setup->nlimits; i++) {
		for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
			if (options[k].resource == setup->limits[i].resource)
				bytes_format(b, "ulimit -%c %llu 2>/dev/null\n", options[k].option,
				    (unsigned long long)(setup->limits[i].value.rlim_max / options[k].unit));
		}
	}
}

/* What bash there reads: values are no argument of any process. */
static int
job_write(const struct runner_job *job, const struct process_spec *p, const char *path, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_BYTES b = { 0 };

	bytes_text(&b, "d=$PWD\n");
	limits_add(&b, p->setup);
	if (variables_add(&b, job, p->env, e) < 0)
		return -1;
	bytes_text(&b, "cd -- ");
	word_add(&b, job, p->dir != NULL ? p->dir : job->folder);
	bytes_text(&b, " || exit 126\nexec -a ");
	word_add(&b, job, p->argv[0]);
	bytes_char(&b, ' ');
	word_add(&b, job, p->path);
	for (char *const *word = p->argv + 1; *word != NULL; word++) {
		bytes_char(&b, ' ');
		word_add(&b, job, *word);
	}
	bytes_char(&b, '\n');
	if (fd < 0 || kernel_write_all(fd, b.data, b.len) < 0)
		return error_sys(e, "write %s", path);
	return 0;
}

static int
carry_make(const struct runner_job *job, const struct process_spec *p, struct error *e)
{
	const struct ssh *s = job->own;
	AUTO_FREE char *go = xformat("%s/go", s->carry);
	AUTO_FREE char *file = xformat("%s/go/job", s->carry);

	(void)names_remove_tree(s->carry, NULL);
	if (mkdir(s->carry, 0700) < 0 || mkdir(go, 0700) < 0)
		return error_sys(e, "create %s", s->carry);
	return job_write(job, p, file, e);
}

/* The shell's own numbers, as not every sh reads larger ones: 3 for annotations, 4 for who waits. */
static void
descriptors_turn(struct ssh *s, struct process_spec *p)
{
	int n = 0;

	for (int i = 0; i < p->nextra && n < 2; i++, n++) {
		s->extra[n][0] = p->extra[i][0];
		s->extra[n][1] = p->extra[i][1] == NOTES_FD ? 3 : 4;
	}
	p->extra = (const int(*)[2])s->extra;
	p->nextra = n;
}

/* Where ssh finds the connection to this host: none where the path is too long for it, which makes it
 * longer. */
static char *
master_of(const struct runner_job *job)
{
	const char *host = host_of(job->settings, job->spec);
	char *path = xformat("%s/ssh-%08x", job->scratch, (unsigned)checksum_add(0, host, strlen(host)));

	if (strlen(path) + MASTER_SUFFIX >= sizeof(((struct sockaddr_un *)0)->sun_path))
		*path = '\0';
	return path;
}

int
ssh_prepare(struct runner_job *job, struct process_spec *p, struct error *e)
{
	AUTO_FREE char *blob = process_kit("mci-blob");
	struct ssh *s = job->own;

	if (s == NULL) {
		job->own = s = xmalloc(sizeof(*s));
		*s = (struct ssh){ .carry = xformat("%s/%s.ssh",
		    job->scratch != NULL ? job->scratch : "SCRATCH", job->name), .master = master_of(job) };
		s->mark = xformat("MCI_SSH_CARRY=%s", s->carry);
		words_add_all(&s->env, (const char *const *)environ);
		words_add(&s->env, s->mark);
	}
	if (job->scratch != NULL && carry_make(job, p, e) < 0)
		return -1;
	words_free(&s->argv);
	words_add(&s->argv, "sh", "-c", sshscript.here, "mci-job-ssh", host_of(job->settings, job->spec),
	    s->carry, job->folder, p->terminal != NULL ? "-tt" : "-T", job->output,
	    job->script != NULL ? job->script : "", job->secrets != NULL ? job->secrets : "", s->master,
	    *blob == '/' ? blob : "", sshscript.keeps, sshscript.runs);
	descriptors_turn(s, p);
	p->path = "/bin/sh";
	p->name = "sh";
	p->argv = s->argv.list;
	p->env = s->env.list;
	p->dir = "/";
	p->setup = NULL;
	return 0;
}

/* It tells the job there. */
void
ssh_signal(struct runner_job *job, const struct child *leader, int signal)
{
	(void)job;
	child_signal(leader, signal);
}

bool
ssh_owns(const struct runner_job *job, pid_t pid)
{
	const struct ssh *s = job->own;

	return s != NULL && process_has_env(pid, s->mark);
}

bool
ssh_shares(const char *scratch, pid_t pid)
{
	AUTO_FREE char *mark = xformat(MASTER_MARK "=%s", scratch);

	return process_has_env(pid, mark);
}

/* The last line of what ssh said. */
static void
said(const char *carry, struct bytes *into)
{
	AUTO_FREE char *path = xformat("%s/said", carry);
	AUTO_BYTES text = { 0 };
	const char *line;

	if (textfile_read(&text, path, SAID_LIMIT, NULL) < 0)
		return;
	while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
		text.len--;
	line = text.len == 0 ? NULL : memrchr(text.data, '\n', text.len);
	line = line != NULL ? line + 1 : text.data;
	if (text.len > 0)
		bytes_format(into, "%.*s", (int)(text.data + text.len - line), line);
}

int
ssh_ended(struct runner_job *job, int *status, struct error *e)
{
	const struct ssh *s = job->own;
	AUTO_FREE char *path = xformat("%s/result", s->carry);
	const char *host = host_of(job->settings, job->spec);
	AUTO_BYTES result = { 0 };
	AUTO_BYTES why = { 0 };

	if (!WIFEXITED(*status))
		return 0;
	(void)textfile_read(&result, path, SAID_LIMIT, NULL);
	if (strncmp(bytes_string(&result), "ended ", 6) == 0) {
		int code = WEXITSTATUS(*status);

		/* as a process that a signal ended is told here */
		if (code > 128 && code < 128 + 32)
			*status = code - 128;
		return 0;
	}
	said(s->carry, &why);
	if (strncmp(bytes_string(&result), "lost", 4) == 0)
		return error_set(e, ERROR_DISCONNECTED,
		    "runner: ssh:%s: the job was lost there, or what it changed: %s", host,
		    why.len > 0 ? bytes_string(&why) : "the connection ended");
	return error_set(e, ERROR_SYSTEM, "runner: ssh:%s: the job could not be started there: %s", host,
	    why.len > 0 ? bytes_string(&why) : "ssh has not said why");
}

void
ssh_over(struct runner_job *job)
{
	struct ssh *s = job->own;

	if (s == NULL)
		return;
	if (job->scratch != NULL)
		(void)names_remove_tree(s->carry, NULL);
	words_free(&s->argv);
	words_free(&s->env);
	free(s->mark);
	free(s->carry);
	free(s->master);
	free(s);
}
