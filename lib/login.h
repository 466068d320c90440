/*
 * login: the servers that this user has logged in at: $XDG_CONFIG_HOME/mci/login, 0600, a JSON line
 * each with url, name and token; that with "current" is where clients go when nothing says otherwise. A
 * file that others can read is refused. All of it blocks as reading a small file does.
 */
#ifndef MCI_LOGIN_H
#define MCI_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* Bytes that the file may have, and a token: what fits into a header of HTTP. */
#define LOGIN_FILE (1024 * 1024)
#define LOGIN_TOKEN 4096

struct login {
	char *url, *name, *token;
	bool current;
};

struct logins {
	struct login *items;
	size_t n;
};

/* None where there is no file. 0, or -1 with an error that names it (and nothing of a token). */
int logins_read(struct logins *l, struct error *e);
/* Takes the file's place in one step, on the disk. 0 or -1. */
int logins_write(const struct logins *l, struct error *e);
/* By url or name; NULL. */
struct login *logins_find(const struct logins *l, const char *text);
/* Adds one, or changes the token of the one with this url, and makes it the current one. name may be
 * NULL: the host of url. All is copied. */
void logins_add(struct logins *l, const char *url, const char *name, const char *token);
/* One of the items is gone. */
void logins_remove(struct logins *l, struct login *one);
void logins_free(struct logins *l);

/* The URL of a server as it is kept and compared: http(s)://HOST[:PORT][/PATH] without a slash at its end;
 * HOST:PORT is http. The caller frees; NULL with an error when it is none. */
char *login_url(const char *text, struct error *e);
/* Appends the token for a server: $MCI_TOKEN, else that of the login there. 1, 0 where there is none,
 * or -1: it cannot be read, or cannot be one. */
int login_token(struct bytes *into, const char *url, struct error *e);
/* Whether a text can be a token: visible ASCII. 0 or -1, with nothing of it in the error. */
int login_token_check(const char *text, struct error *e);
/* The url of the current login, or NULL; the caller frees. 0, or -1 when the file cannot be read. */
int login_current(char **url, struct error *e);

#endif
