/* environment: what mci-job and the script are started with. */
#ifndef MCI_BUILD_ENVIRONMENT_H
#define MCI_BUILD_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

/* For mci-job: ours, with the build's API socket and name, and the -e NAME=VALUE pairs (mci-job gets
 * their names alone on its command line). One allocation chain; free with environment_free. */
char **environment_for_runner(const char *api, const char *build, const char *const *pairs, size_t n);
/* For the script: what a job gets (mci-build(1)), and MCI_PLAN=1 when plan is set. */
char **environment_for_script(const char *api, const char *build, const char *const *pairs, size_t n,
    bool plan);
void environment_free(char **env);

#endif
