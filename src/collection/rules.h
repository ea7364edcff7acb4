/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a schema must be to be one of collections. Rules 1 to 22 are those of all who read such
 * files: a schema that breaks one is refused. S1 to S7 are ours: they refuse a new schema, but of
 * an existing file only the operations that cannot work on the table.
 */
#ifndef STOA_COLLECTION_RULES_H
#define STOA_COLLECTION_RULES_H

#include "collection/model.h"

/* Note all that is wrong in model->findings, and tables that cannot be worked on as unusable. */
stoa_status collection_rules_find(struct collection_model *model, stoa_error *err);

/* INVALID with the text of the first finding, if there is one; with `all`, of S1 to S7 as well. */
stoa_status collection_rules_pass(const struct collection_model *model, bool all, stoa_error *err);

/* Is it one of rules 1 to 22, or a type that is none? */
bool collection_rule_is_fatal(const struct collection_finding *finding);

#endif
