#include "simple.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Reserved words and builtins of sh, dash, bash, ksh and busybox ash, in order. */
static const char *const builtins[] = {
	".", ":", "[", "[[", "]]", "alias", "bg", "bind", "break", "builtin", "caller", "case", "cd",
	"chdir", "command", "compgen", "complete", "compopt", "continue", "coproc", "declare", "dirs",
	"disown", "do", "done", "echo", "elif", "else", "enable", "esac", "eval", "exec", "exit", "export",
	"false", "fc", "fg", "fi", "for", "function", "getopts", "hash", "help", "history", "if", "in",
	"jobs", "kill", "let", "local", "logout", "mapfile", "popd", "print", "printf", "pushd", "pwd",
	"read", "readarray", "readonly", "return", "select", "set", "shift", "shopt", "source", "suspend",
	"test", "then", "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias",
	"unset", "until", "wait", "whence", "while",
};

static int
compare(const void *name, const void *row)
{
	return strcmp(name, *(const char *const *)row);
}

static bool
is_builtin(const char *word)
{
	return bsearch(word, builtins, sizeof(builtins) / sizeof(builtins[0]), sizeof(builtins[0]),
	    compare) != NULL;
}

static bool
alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Means itself to every shell, anywhere behind the first word. */
static bool
ordinary(char c)
{
	return alphanumeric(c) || (c != '\0' && strchr("_-./,:+@%=", c) != NULL);
}

/* Copies what stands between quotes; the place behind them, or NULL. */
static const char *
quoted(const char *p, char **to, const char **why)
{
	char quote = *p++;

	for (; *p != quote; p++) {
		if (*p == '\0' || (quote == '"' && strchr("$`\\", *p) != NULL)) {
			*why = *p == '\0' ? "a quote is not closed" : "something is expanded";
			return NULL;
		}
		*(*to)++ = *p;
	}
	return p + 1;
}

/* Copies one word; the place behind it, or NULL. */
static const char *
word(const char *p, char **to, const char **why)
{
	while (*p != '\0' && strchr(" \t\n", *p) == NULL) {
		if (*p == '\'' || *p == '"') {
			p = quoted(p, to, why);
			if (p == NULL)
				return NULL;
		} else if (ordinary(*p)) {
			*(*to)++ = *p++;
		} else {
			*why = "it holds what means something to the shell";
			return NULL;
		}
	}
	*(*to)++ = '\0';
	return p;
}

static bool
first_ok(char *const *words, const char **why)
{
	const char *first = words[0];
	bool status = strcmp(first, "true") == 0 || strcmp(first, "false") == 0;

	if (!alphanumeric(*first) && (*first == '\0' || strchr("_./", *first) == NULL))
		*why = "its first word means something to the shell";
	else if (strchr(first, '=') != NULL)
		*why = "it assigns a variable";
	/* alone, the programs true and false do what the builtins do */
	else if (is_builtin(first) && !(status && words[1] == NULL))
		*why = "its first word is the shell's own";
	else
		return true;
	return false;
}

char **
simple_split(const char *text, const char **why)
{
	size_t length = strlen(text), n = 0;
	/* a word takes two bytes with what parts it from the next; then the words themselves */
	char **words = xmalloc((length / 2 + 2) * sizeof(*words) + length + 2);
	char *to = (char *)(words + length / 2 + 2);
	const char *p = text + strspn(text, " \t\n");

	while (*p != '\0') {
		words[n++] = to;
		p = word(p, &to, why);
		if (p == NULL)
			goto shell;
		/* a newline ends the command: only blanks may follow */
		if (p[strspn(p, " \t")] == '\n' && p[strspn(p, " \t\n")] != '\0') {
			*why = "it has several lines";
			goto shell;
		}
		p += strspn(p, " \t\n");
	}
	if (n == 0)
		*why = "it is empty";
	else if (first_ok(words, why))
		return words;
shell:
	free(words);
	return NULL;
}
