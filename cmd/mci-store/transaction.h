/*
 * transaction: a method that writes: its parameters as a tree, its work on the writer's thread, its
 * answer behind the commit.
 */
#ifndef MCI_STORE_TRANSACTION_H
#define MCI_STORE_TRANSACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "database.h"
#include "error.h"
#include "request.h"
#include "secrets.h"
#include "writer.h"

struct transaction;
/* On the writer's thread, in its transaction. */
typedef int transaction_work(struct transaction *t, struct database *db, struct error *e);

struct transaction {
	struct write write;
	struct request *request; /* NULL: nobody waits for it */
	const char *method;      /* of the request */
	void *of;                /* whose it is: the after's */
	const char *files;        /* the folder of the files of builds, for who makes one */
	struct secrets *secrets; /* for who may tell them */
	json_t *params;
	struct bytes result; /* JSON, written by work; empty: {} */
	struct bytes name;   /* of the build that it is about, for after */
	int64_t build, run;  /* the same */
	char lease[33], agent[65];
	bool over; /* the build waits for nobody any more */
	transaction_work *work;
	/* the same, behind the commit, or when nothing of it is there, before anything else is
	 * written. May be NULL. */
	void (*settled)(struct transaction *t, bool kept);
	/* on the loop, behind the commit, before the answer; or why nothing was written. May be
	 * NULL. */
	void (*after)(struct transaction *t, const struct error *e);
};

/* For a request, whose parameters it takes; answers it, also when they are no tree: NULL then. Or
 * for none. */
struct transaction *transaction_new(struct request *r);
/* Does it. It is gone behind after. */
void transaction_give(struct transaction *t, struct writer *w);
/* Has it done for a request, that is answered behind the commit. */
void transaction_do(struct request *r, struct secrets *secrets, struct writer *w, transaction_work *work);
/* Answers the request with the error and forgets it all. */
void transaction_fail(struct transaction *t, const struct error *e);

/* Parameters, or NULL, otherwise, false. */
const char *transaction_text(const struct transaction *t, const char *name);
int64_t transaction_integer(const struct transaction *t, const char *name, int64_t otherwise);
/* What is answered, which it takes; for the end of work. 0. */
int transaction_answer(struct transaction *t, json_t *result);

#endif
