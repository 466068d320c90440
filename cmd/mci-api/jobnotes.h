/* jobnotes: what a job has told of itself besides its log: outputs, annotations, results of tests; from
 * the events of its build. */
#ifndef MCI_API_JOBNOTES_H
#define MCI_API_JOBNOTES_H

#include "ask.h"

extern const struct contract_method jobnotes_takes;
extern const struct contract_field jobnotes_outputs_answer[1], jobnotes_annotations_answer[2],
    jobnotes_tests_answer[3];

/* Functions of rows. */
void jobnotes_outputs(struct ask *a);
void jobnotes_annotations(struct ask *a);
void jobnotes_tests(struct ask *a);

#endif
