/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa.h: one safe C ABI between programming languages and databases. Columns in, columns out.
 *
 * Each area has a header that is its reference manual:
 *
 *   base.h      statuses, errors, settings, the version, live counters, the log
 *   op.h        an operation: deadline, cancel, progress, tick
 *   value.h     single values and packed rows
 *   arrow.h     the Arrow C Data Interface and helpers for it
 *   db.h        databases, connections, transactions, care
 *   query.h     statements, parameters, results
 *   ingest.h    writing columns
 *   scan.h      the caller's Arrow data as tables
 *   function.h  the caller's functions in SQL
 *   catalog.h   what a database holds, what an engine offers
 *   format.h    CSV and JSON lines as Arrow streams, both ways
 *   collection.h  schema-first collections: elements, vectors, sets, time series
 *   python.h    what a package for CPython has C do for it
 */
#ifndef STOA_H
#define STOA_H

#include "stoa/base.h"
#include "stoa/op.h"
#include "stoa/value.h"
#include "stoa/arrow.h"
#include "stoa/db.h"
#include "stoa/query.h"
#include "stoa/ingest.h"
#include "stoa/scan.h"
#include "stoa/function.h"
#include "stoa/catalog.h"
#include "stoa/format.h"
#include "stoa/collection.h"
#include "stoa/python.h"

#endif
