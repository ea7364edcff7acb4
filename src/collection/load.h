/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the schema of the database into a model. It judges nothing: rules.h does. */
#ifndef STOA_COLLECTION_LOAD_H
#define STOA_COLLECTION_LOAD_H

#include "collection/enter.h"

/* Fill the tables of a zeroed model. The caller has a read transaction. */
stoa_status collection_model_load(struct collection_call *call, struct collection_model *model,
                                  stoa_error *err);

/* Tables of our own: no collections, and skipped. */
bool collection_is_internal(const char *table);

#endif
