#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "call.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "login.h"
#include "memory.h"
#include "message.h"
#include "place.h"
#include "scan.h"
#include "table.h"
#include "verbs.h"

/* A server far away has to be found first. */
#define PATIENCE (30 * SECOND)

struct options {
	const char *name;
	bool remove, local, browser;
};

static const struct option options[] = {
	{ .name = "name", .value = "NAME", .help = "what to call it (its host)", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, name) },
	{ .name = "local", .help = "go back to this machine's server; logins are kept", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, local) },
	{ .name = "browser",
	  .help = "print a link with which a browser is logged in: good once, for a minute",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, browser) },
	{ .name = "remove", .help = "forget the login", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, remove) },
};

/* ---- the token */

/* One line of standard input, at most as long as a token. */
static int
line_in(struct bytes *into, struct error *e)
{
	for (;;) {
		char c;
		ssize_t n = kernel_read_some(0, &c, 1);

		if (n < 0 && errno != EINTR)
			return error_sys(e, "standard input");
		if (n == 0 || (n > 0 && c == '\n'))
			break;
		if (n > 0 && into->len > LOGIN_TOKEN)
			return error_set(e, ERROR_INPUT, "standard input: a token is one line");
		if (n > 0)
			bytes_char(into, c);
	}
	if (into->len > 0 && into->data[into->len - 1] == '\r')
		into->len--;
	return 0;
}

/* At a terminal it is not shown. */
static int
ask_token(struct bytes *into, struct error *e)
{
	struct termios was, quiet;
	bool terminal = isatty(0) && tcgetattr(0, &was) == 0;
	int result;

	if (terminal) {
		fprintf(stderr, "Token: ");
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(0, TCSAFLUSH, &quiet);
	}
	result = line_in(into, e);
	if (terminal) {
		tcsetattr(0, TCSAFLUSH, &was);
		fprintf(stderr, "\n");
	}
	return result;
}

static int
read_token(struct bytes *into, struct error *e)
{
	const char *given = getenv("MCI_TOKEN");

	if (given != NULL && *given != '\0')
		bytes_text(into, given);
	else if (ask_token(into, e) < 0)
		return -1;
	return login_token_check(bytes_string(into), e);
}

/* Whether the server takes it: as any later command would show it. */
static int
try_token(const char *url, const char *token, struct error *e)
{
	setenv("MCI_TOKEN", token, 1);
	return call_once(url, "org/list", (struct span){ NULL, 0 }, PATIENCE, NULL, e);
}

/* ---- what is asked for */

static int
enter(struct logins *all, const char *text, const char *name, struct error *e)
{
	AUTO_FREE char *url = login_url(text, e);
	AUTO_BYTES token = { 0 };
	int result;

	if (url == NULL || read_token(&token, e) < 0)
		return -1;
	result = try_token(url, bytes_string(&token), e);
	if (result == 0) {
		logins_add(all, url, name, bytes_string(&token));
		result = logins_write(all, e);
	}
	explicit_bzero(token.data, token.len);
	return result;
}

/* one NULL: none. */
static int
choose(struct logins *all, struct login *one, struct error *e)
{
	for (size_t i = 0; i < all->n; i++)
		all->items[i].current = &all->items[i] == one;
	return logins_write(all, e);
}

static int
list(const struct logins *all)
{
	static const char *const headings[] = { "NAME", "URL", "NOW" };
	struct table t;

	table_open(&t, headings, 3);
	for (size_t i = 0; i < all->n; i++) {
		table_text(&t, all->items[i].name, NULL);
		table_text(&t, all->items[i].url, NULL);
		table_text(&t, all->items[i].current ? "*" : "", NULL);
	}
	table_close(&t);
	return 0;
}

/* ---- a browser */

#define TICKET 60

static int
print_link(const char *url, struct span result, struct error *e)
{
	struct scan_value ticket;
	AUTO_BYTES text = { 0 };

	if (message_member(result.p, result.n, "token", &ticket, e) <= 0 || scan_text(&ticket, &text, e) < 0)
		return error_set(e, ERROR_INTERNAL, "%s: no ticket in the answer", url);
	/* what stands behind # is sent nowhere */
	printf("%s/-/login#ticket=%s\n", url, bytes_string(&text));
	explicit_bzero(text.data, text.len);
	return 0;
}

/* url may be NULL: that of the current login. */
static int
browse(const char *text, struct error *e)
{
	AUTO_FREE char *url = NULL;
	AUTO_BYTES token = { 0 }, params = { 0 }, result = { 0 };
	int got;

	if (text != NULL)
		url = login_url(text, e);
	else if (login_current(&url, e) == 0 && url == NULL)
		error_set(e, ERROR_USAGE,
		    "there is no login: 'mci login URL' makes one, with a token that is asked for");
	if (url == NULL)
		return -1;
	got = login_token(&token, url, e);
	if (got == 0)
		error_set(e, ERROR_USAGE, "%s: there is no token for it: 'mci login %s' asks for one",
		    url, url);
	if (got > 0) {
		emit_open(&params);
		emit_text(&params, "token", bytes_string(&token));
		emit_integer(&params, "seconds", TICKET);
		emit_bool(&params, "once", true);
		bytes_char(&params, '}');
		got = call_once(url, "session/begin", (struct span){ params.data, params.len },
		    PATIENCE, &result, e);
		explicit_bzero(params.data, params.len);
		if (got == 0)
			got = print_link(url, (struct span){ result.data, result.len }, e);
		if (result.len > 0)
			explicit_bzero(result.data, result.len);
	} else {
		got = -1;
	}
	if (token.len > 0)
		explicit_bzero(token.data, token.len);
	return got;
}

static int
go(const struct options *o, struct logins *all, const char *what, struct error *e)
{
	struct login *one = what == NULL ? NULL : logins_find(all, what);

	if (o->browser)
		return browse(one == NULL ? what : one->url, e);
	if (o->local || what == NULL)
		return o->local ? choose(all, NULL, e) : list(all);
	if (o->remove && one == NULL)
		return error_set(e, ERROR_NOT_FOUND, "%s: there is no such login", what);
	if (o->remove) {
		logins_remove(all, one);
		return logins_write(all, e);
	}
	/* by its name it is only gone back to; a URL asks for a token anew */
	if (one != NULL && strcmp(one->name, what) == 0)
		return choose(all, one, e);
	return enter(all, what, o->name, e);
}

static int
run(void *arg, int argc, char **argv)
{
	struct logins all;
	struct error e;
	int result;

	if (logins_read(&all, &e) < 0)
		return place_complain(&e);
	result = go(arg, &all, argc > 0 ? argv[0] : NULL, &e);
	logins_free(&all);
	return result < 0 ? place_complain(&e) : 0;
}

const struct command login_command = {
	.program = "mci",
	.verb = "login",
	.operands = "[URL|NAME]",
	.summary = "say which server to go to, and show it a token",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = 1,
	.run = run,
	.size = sizeof(struct options),
};
