#include "control.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "call.h"
#include "children.h"
#include "duration.h"
#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "methods.h"
#include "option.h"
#include "systemd.h"
#include "textfile.h"

/* Whoever waits for all to be ready is told by then what it still lacks. */
#define PATIENCE (3 * SECOND)

/* Where HTTP is served when nobody says where: this machine alone. */
#define USUAL_HTTP "127.0.0.1:3000"

/* So long a supervisor may take to be gone that was killed. */
#define DYING (2 * SECOND)

/* Bytes of a file with a token. */
#define TOKEN_MOST 256

struct control {
	struct control_options *options;
	struct serve *serve;
	struct source source;
	struct supervisor supervisor;
	struct methods methods;
	struct systemd systemd;
	struct option_list listen; /* our own socket */
	char *address;
	int lock; /* of $RUN */
	int64_t began, began_wall;
	struct loop_timer *patience;
	bool opened, adopted, ready, reloading;
	bool terminal; /* it ends with the one that it was started on */
	void (*done)(void *of);
	void *of;
};

static int open_supervisor(struct serve *s, void *arg, struct error *e);
static void close_supervisor(void *arg);
static void reload(void *arg);
static void stop(void *arg, void (*done)(void *of), void *of);

static const struct serve_program program = {
	.name = "mci-supervise",
	.variable = "MCI_SUPERVISE",
	.socket = "supervise.sock",
	.folder = "server",
	.open = open_supervisor,
	.close = close_supervisor,
	.reload = reload,
	.stop = stop,
	.ready_later = true,
};

static void
tell(void *arg, const struct error *e)
{
	(void)arg;
	option_complain("mci-supervise", e);
}

/* ---- where it comes from */

static char *
absolute(const char *path)
{
	AUTO_FREE char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

	return cwd == NULL ? xstrdup(path) : xformat("%s/%s", cwd, path);
}

/* What -l says is where others connect; our own socket is not asked for. */
static char *
http_address(const struct control_options *o, struct error *e)
{
	if (o->serve.listen.n > 1) {
		error_set(e, ERROR_USAGE, "--listen: HTTP is served at one address; a wiring may have more");
		return NULL;
	}
	return address_elsewhere(o->serve.listen.n == 0 ? USUAL_HTTP : o->serve.listen.items[0], e);
}

int
control_source(const struct control_options *o, struct source *s, struct error *e)
{
	AUTO_FREE char *dir = serve_data(&program, o->serve.folder, e);
	AUTO_FREE char *run = dir == NULL ? NULL :
	    o->run != NULL                ? xstrdup(o->run) :
					    folder_sockets(e);

	*s = (struct source){ 0 };
	if (run == NULL)
		return -1;
	s->single = o->single;
	s->dir = absolute(dir);
	s->run = absolute(run);
	s->demo = o->demo;
	s->file = o->file == NULL ? NULL : absolute(o->file);
	s->http = http_address(o, e);
	if (s->http == NULL)
		return -1;
	s->name = xstrdup(o->file == NULL ? "the default wiring" : o->file);
	return 0;
}

/* ---- ready */

/* The token of this server's first user, where it has just been made: this is the only time that it is
 * shown. */
static void
first_token(const struct control *c, struct bytes *text)
{
	AUTO_FREE char *path = xformat("%s/admin.token", c->source.dir);
	AUTO_BYTES token = { 0 };
	struct stat st;

	if (stat(path, &st) < 0 || (int64_t)st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec < c->began_wall ||
	    textfile_read(&token, path, TOKEN_MOST, NULL) < 0)
		return;
	bytes_format(text,
	    "The token for HTTP with which all may be done, shown this once (kept in %s):\n  %s",
	    path, bytes_string(&token));
}

static void
welcome(const struct control *c)
{
	AUTO_BYTES text = { 0 };

	if (!c->options->welcome)
		return;
	bytes_format(&text, "mci is up in %s, in ", c->source.dir);
	duration_write(&text, (kernel.now() - c->began) / MILLISECOND * MILLISECOND);
	bytes_text(&text,
	    "; ^C ends it. Jobs run in a sandbox where bwrap works, see mci-runner(7).\n"
	    "HTTP is at ");
	bytes_format(&text, "%s%s", strncmp(c->source.http, "unix:", 5) == 0 ? "" : "http://",
	    c->source.http);
	bytes_text(&text,
	    ".\n"
	    "In another terminal:\n"
	    "  mci status                                        each part of it\n");
	bytes_text(&text, c->options->demo ?
	    "  mci ls demo/hello                                 builds to look at\n"
	    "  mci trigger demo/hello -f                         one more, and watch it\n" :
	    "  mci org put ORG; mci repo put ORG/REPO url=URL    what there is to build\n"
	    "  mci trigger ORG/REPO -f                           a build, and watch it\n");
	first_token(c, &text);
	fwrite(text.data, 1, text.len, stdout);
	fflush(stdout);
}

static void
patience_over(void *arg)
{
	struct control *c = arg;
	AUTO_BYTES names = { 0 };
	struct error e;

	c->patience = NULL;
	for (size_t i = 0; i < c->supervisor.n; i++) {
		const struct part *p = c->supervisor.parts[i];

		if (p->wanted && !part_is_ready(p))
			bytes_format(&names, " %s", p->wiring->name);
	}
	error_set(&e, ERROR_BUSY, "not ready yet:%s; 'mci status' says why", bytes_string(&names));
	tell(c, &e);
}

static void
patience_end(struct control *c)
{
	loop_cancel(c->supervisor.host.loop, c->patience);
	c->patience = NULL;
}

static void
settled(void *arg)
{
	struct control *c = arg;
	struct error e;

	methods_settle(&c->methods);
	if (!supervisor_is_ready(&c->supervisor))
		return;
	if (c->reloading)
		systemd_say(&c->systemd, "READY=1");
	c->reloading = false;
	if (c->ready)
		return;
	c->ready = true;
	patience_end(c);
	systemd_say(&c->systemd, "READY=1");
	if (serve_ready(c->serve, &e) < 0)
		tell(c, &e);
	welcome(c);
}

/* ---- its end */

static void
stopped(void *arg)
{
	struct control *c = arg;

	methods_settle(&c->methods);
	if (c->done != NULL)
		c->done(c->of);
	c->done = NULL;
}

static void
stop(void *arg, void (*done)(void *of), void *of)
{
	struct control *c = arg;

	c->done = done;
	c->of = of;
	patience_end(c);
	systemd_say(&c->systemd, "STOPPING=1");
	supervisor_stop(&c->supervisor);
}

static void
down(void *arg)
{
	struct control *c = arg;

	serve_stop(c->serve);
}

/* ---- its wiring */

static int
read_wiring(void *arg, const char *text, const char *name, struct wiring *w, struct error *e)
{
	struct control *c = arg;

	if (text == NULL)
		return source_read(&c->source, w, NULL, NULL, e);
	return source_parse(&c->source, (struct span){ text, strlen(text) },
	    name == NULL ? "the wiring" : name, w, NULL, NULL, e);
}

/* Whether there is a terminal that this process belongs to. */
static bool
has_terminal(void)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, "/dev/tty", O_RDONLY | O_NOCTTY, 0);

	return fd >= 0;
}

/* Asked by a signal, which also tells that the terminal is gone. */
static void
reload(void *arg)
{
	struct control *c = arg;
	struct wiring w;
	struct error e;

	if (c->terminal && !has_terminal()) {
		serve_stop(c->serve);
		return;
	}
	systemd_reloading(&c->systemd);
	c->reloading = true;
	if (source_read(&c->source, &w, tell, c, &e) == 0 &&
	    supervisor_apply(&c->supervisor, &w, &e) < 0)
		tell(c, &e);
	wiring_free(&w);
	settled(c);
}

/* ---- its beginning */

static int
start(struct control *c, struct error *e)
{
	struct wiring w;
	int result = source_read(&c->source, &w, NULL, NULL, e);

	if (result == 0)
		result = supervisor_apply(&c->supervisor, &w, e);
	wiring_free(&w);
	if (result < 0 && e->code == ERROR_BUSY && strncmp(e->text, USUAL_HTTP, strlen(USUAL_HTTP)) == 0)
		error_before(e, "HTTP ('-l 127.0.0.1:PORT' has it elsewhere): ");
	return result;
}

static int
open_supervisor(struct serve *s, void *arg, struct error *e)
{
	struct control *c = arg;

	c->serve = s;
	if (children_adopt(serve_loop(s), NULL, NULL, e) < 0)
		return -1;
	c->adopted = true;
	systemd_open(&c->systemd, serve_loop(s));
	supervisor_open(&c->supervisor, serve_loop(s), c->source.dir, c->address);
	c->supervisor.settled = settled;
	c->supervisor.stopped = stopped;
	c->supervisor.tell = tell;
	c->supervisor.arg = c;
	c->methods = (struct methods){
		.supervisor = &c->supervisor, .read = read_wiring, .down = down, .arg = c
	};
	c->patience = loop_after(serve_loop(s), PATIENCE, patience_over, c);
	c->opened = true;
	return serve_add(s, &supervise_service, &c->methods, e) < 0 ? -1 : start(c, e);
}

static void
close_supervisor(void *arg)
{
	struct control *c = arg;

	if (c->opened) {
		patience_end(c);
		methods_close(&c->methods);
		supervisor_close(&c->supervisor);
		systemd_close(&c->systemd);
	}
	if (!c->adopted)
		return;
	/* what parts have left behind */
	children_kill_all();
	children_abandon(serve_loop(c->serve));
}

/* Whether somebody is there who is well. */
static bool
answers(const struct control *c)
{
	return call_once(
		   c->address, "server/status", (struct span){ NULL, 0 }, DYING, NULL, NULL) == 0;
}

/* One that was killed just now has its lock for a moment still, and answers nobody. */
static int
lock_run(struct control *c, struct error *e)
{
	const struct timespec moment = { .tv_nsec = 5 * MILLISECOND };
	int64_t until = kernel.now() + DYING;
	AUTO_CLOSE int dir = -1;

	if (folder_make(c->source.run, e) < 0)
		return -1;
	dir = kernel.open(AT_FDCWD, c->source.run, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return error_sys(e, "open %s", c->source.run);
	while ((c->lock = folder_lock(dir, c->source.run, e)) < 0 && e->code == ERROR_BUSY &&
	    kernel.now() < until && !answers(c))
		nanosleep(&moment, NULL);
	if (c->lock < 0 && e->code == ERROR_BUSY)
		return error_set(e, ERROR_BUSY,
		    "%s: another supervisor is up there; 'mci status' shows it, 'mci down' "
		    "ends it",
		    c->source.run);
	return c->lock < 0 ? -1 : 0;
}

/* Its own socket is the only one that it listens at. */
static void
listen_there(struct control *c)
{
	c->listen.items = xmalloc(sizeof(*c->listen.items));
	c->listen.items[c->listen.n++] = c->address;
	c->options->serve.listen = c->listen;
}

static void
as_we_began(struct host *h)
{
	struct rlimit files = { 0 };

	h->mask = umask(0);
	umask(h->mask);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	h->files = files.rlim_cur;
}

int
control_run(struct control_options *o)
{
	struct control c = { .options = o, .lock = -1, .began = kernel.now(), .began_wall = kernel.wall() };
	struct sigaction hangup;
	struct error e;
	int status;

	as_we_began(&c.supervisor.host);
	/* nohup(1) asks that it goes on */
	c.terminal =
	    sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN && has_terminal();
	status = control_source(o, &c.source, &e);
	if (status == 0) {
		c.address = xformat("unix:%s/supervise.sock", c.source.run);
		status = lock_run(&c, &e);
	}
	if (status < 0) {
		option_complain("mci-supervise", &e);
		status = error_status(&e);
	} else {
		listen_there(&c);
		o->serve.folder = c.source.dir;
		status = serve_run(&program, &o->serve, &c);
	}
	memory_close(&c.lock);
	free(c.address);
	free(c.listen.items);
	source_close(&c.source);
	return status;
}
