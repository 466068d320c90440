/*
 * page: what a terminal gets at the plain addresses, "curl HOST/ORG/REPO/N", as text; a browser the
 * same inside of the frame of its page.
 */
#ifndef MCI_API_PAGE_H
#define MCI_API_PAGE_H

#include "ask.h"

/* Functions of rows: the way in, the newest build of each repository, the builds of one, a build as
 * a tree, a job of it, what its jobs have left. */
void page_root(struct ask *a);
void page_org(struct ask *a);
void page_repo(struct ask *a);
void page_build(struct ask *a);
void page_job(struct ask *a);
void page_artifacts(struct ask *a);

#endif
