/* readable: names that people can read, made from what they wrote: "My Repo" is my-repo. */
#ifndef MCI_STORE_READABLE_H
#define MCI_STORE_READABLE_H

#include <stddef.h>

/* Bytes of one, its NUL included: another name like it gets a number behind it. */
#define READABLE_SIZE 80

/* Lower-case letters, digits and '-' between them; otherwise, where nothing of title is left. */
void readable_name(const char *title, const char *otherwise, char name[static READABLE_SIZE]);
/* The n-th of that name, from 1: my-repo, my-repo-2. */
void readable_number(const char *name, int n, char numbered[static READABLE_SIZE]);

#endif
