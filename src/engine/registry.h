/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the engines, each defined in its own folder. */
#ifndef STOA_ENGINE_REGISTRY_H
#define STOA_ENGINE_REGISTRY_H

#include "engine/engine.h"

extern const struct stoa__engine stoa__engine_sqlite;
extern const struct stoa__engine stoa__engine_null;

/* Any ADBC driver, and shorthands for some. */
extern const struct stoa__engine stoa__engine_adbc;
extern const struct stoa__engine stoa__engine_duckdb;
extern const struct stoa__engine stoa__engine_postgresql;
extern const struct stoa__engine stoa__engine_flightsql;
extern const struct stoa__engine stoa__engine_snowflake;
extern const struct stoa__engine stoa__engine_bigquery;
extern const struct stoa__engine stoa__engine_chdb;
extern const struct stoa__engine stoa__engine_mysql;
extern const struct stoa__engine stoa__engine_mssql;
extern const struct stoa__engine stoa__engine_trino;

#endif
