#include "entries.h"

#include <string.h>

#include "notes.h"
#include "quote.h"

/*
 * Each entry is evaluated by itself, from _mci_t. Its status is kept inside its eval where it can be, in
 * _mci_s, for an eval that ends with a status would end the shell under -e also where the command that had
 * the status does not ("test -f x && y"). What keeps it must not become a part of the entry: an operator or
 * "f()" at the end would take it, a here-document without an end would hold it. So a text that may be open
 * is tried first as the body of a function, in a subshell, as a syntax error ends it; an open one is
 * evaluated as it is. Two newlines stand behind a text, as its last byte may escape the first.
 *
 * _mci N CLOSED WAIT TEXT prepares entry N. $? is carried over it. Neither set -x nor $? shows any of
 * this: the redirections take our own trace, and tracing is off while eval is called.
 */
static const char preamble[] =
    "_mci_r() { return \"$1\"; }\n"
    "_mci() {\n"
    "{ _mci_x=${_mci_s-0} _mci_s=0\n"
    "case $1 in 0) ;; *) command echo \"" NOTES_COMMAND "$1 $_mci_x\" >" NOTES_PATH " ;; esac\n"
    "case $3 in wait) read -r _mci_t <" NOTES_WAIT_PATH " ;; esac\n"
    "_mci_t=$4\n"
    "if [ \"$2\" = yes ] || { [ \"$2\" = maybe ] && (eval \"_mci_f() {\n$4\n\n}\"); }; then\n"
    "_mci_t=\"$4\n\n{ _mci_s=\\$?; } 2>/dev/null\"\n"
    "fi\n"
    "_mci_x=\"_mci_r $_mci_x && :\"\n"
    "case $- in *x*) _mci_x=\"set -x; $_mci_x\"; set +x ;; esac\n"
    "_mci_t=\"{ unset _mci_t; $_mci_x; } 2>/dev/null; $_mci_t\"\n"
    "} 2>/dev/null\n"
    "}\n";

bool
entries_wait(const struct spec_entry *entries, size_t index)
{
	return entries[index - 1].name != NULL || entries[index].name != NULL;
}

void
entries_join(struct bytes *b, const struct spec_entry *entries, size_t n)
{
	bytes_text(b, preamble);
	for (size_t i = 0; i < n; i++) {
		const char *closed = i + 1 == n ? "last" : entries_closed(entries[i].run) ? "yes" : "maybe";

		bytes_format(b, "{ _mci %zu %s %s ", i, closed,
		    i > 0 && entries_wait(entries, i) ? "wait" : "go");
		quote_word(b, entries[i].run);
		bytes_text(b, " && :; } 2>/dev/null; eval \"$_mci_t\"\n");
	}
}

/* Behind these a newline does not end anything. */
static const char *const reserved[] = { "!", "case", "coproc", "do", "elif", "else", "for", "function",
	"if", "repeat", "select", "then", "time", "until", "while" };

static bool
is_reserved(const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strlen(reserved[i]) == n && memcmp(reserved[i], word, n) == 0)
			return true;
	}
	return false;
}

/* The place behind a quoted part, NULL when it is not closed or holds more than text and variables. */
static const char *
quote_end(const char *p)
{
	const char *end = strpbrk(p + 1, *p == '\'' ? "'" : "\"`\\(");

	return end != NULL && *end == *p ? end + 1 : NULL;
}

bool
entries_closed(const char *text)
{
	size_t n = strlen(text);
	const char *p = text, *stop;

	while (n > 0 && strchr(" \t\n", text[n - 1]) != NULL)
		n--;
	stop = text + n;
	if (n == 0 || stop[-1] == '&' || stop[-1] == '|')
		return false;
	while (p < stop) {
		size_t word = strcspn(p, " \t\n;&|<>(){}'\"`\\#");

		if (is_reserved(p, word) || p + word > stop)
			return false;
		p += word;
		if (p == stop)
			break;
		if (*p == '\'' || *p == '"') {
			p = quote_end(p);
			if (p == NULL)
				return false;
		} else if (strchr("\n<(){}`\\#", *p) != NULL) {
			return false;
		} else {
			p++;
		}
	}
	return true;
}
