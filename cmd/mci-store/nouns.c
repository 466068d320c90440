/* The entities as verbs: they stand in front of ls, get, put, rm or create, and say so where none of these
 * follows. */
#include "asking.h"
#include "verbs.h"

static int
run(void *arg, int argc, char **argv)
{
	struct error e;

	(void)arg;
	(void)argc;
	error_set(&e, ERROR_USAGE, "'%s': expected ls, get, put, rm or, of a token, create", argv[0]);
	return asking_complain(&e);
}

#define NOUN(noun, what) \
	{ .program = PROGRAM, .verb = noun, .operands = "VERB [OPERAND...]", \
	  .summary = what ": VERB " noun, .min_operands = 1, .max_operands = SIZE_MAX, .run = run }

const struct command store_nouns[STORE_NOUNS] = {
	NOUN("org", "organisations"),
	NOUN("repo", "repositories"),
	NOUN("param", "parameters"),
	NOUN("key", "ssh keys"),
	NOUN("token", "what may be done with what is shown"),
	NOUN("agent", "agents"),
};
