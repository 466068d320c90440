#include "cookie.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "siphash.h"

#define NAME "mci-session"
#define LONGEST 128

char *
cookie_token(const struct ask *a)
{
	const char *p = exchange_header(a->x, "Cookie");

	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, ";");

		if (n > sizeof(NAME) && n < LONGEST && strncmp(p, NAME "=", sizeof(NAME)) == 0)
			return xmemdup(p + sizeof(NAME), n - sizeof(NAME));
		p += n;
		p += strspn(p, "; ");
	}
	return NULL;
}

/* Whoever has not the token cannot make it: the token is the key. */
void
cookie_word(const char *token, char word[static COOKIE_WORD])
{
	static const char of[] = "csrf";
	uint64_t key[2] = { 0 };
	size_t n = strlen(token);

	/* its end: all tokens begin alike */
	if (n >= sizeof(key))
		memcpy(key, token + n - sizeof(key), sizeof(key));
	snprintf(word, COOKIE_WORD, "%016llx",
	    (unsigned long long)siphash(key, (struct span){ of, sizeof(of) - 1 }));
	explicit_bzero(key, sizeof(key));
}

int
cookie_check(struct ask *a, const char *token)
{
	const char *shown = exchange_header(a->x, "X-CSRF-Token");
	enum http_verb verb = exchange_verb(a->x);
	char word[COOKIE_WORD];

	if (verb == HTTP_GET || verb == HTTP_HEAD_VERB)
		return 0;
	cookie_word(token, word);
	if (shown != NULL && strcmp(shown, word) == 0)
		return 0;
	answer_text(a, 403, NULL,
	    "a browser's session changes something only with the X-CSRF-Token that GET /api/v1/session "
	    "tells");
	return -1;
}

void
cookie_set(struct ask *a, const char *token, int64_t seconds)
{
	const char *scheme = exchange_header(a->x, "X-Forwarded-Proto");
	char text[LONGEST + 128];

	/* whoever says so without being a front makes its own cookie useless, and nobody else's */
	snprintf(text, sizeof(text), NAME "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", token,
	    (long long)seconds, scheme != NULL && strcmp(scheme, "https") == 0 ? "; Secure" : "");
	exchange_add(a->x, "Set-Cookie", text);
	explicit_bzero(text, sizeof(text));
}
