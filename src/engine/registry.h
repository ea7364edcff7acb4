/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the engines, each defined in its own folder. */
#ifndef STOA_ENGINE_REGISTRY_H
#define STOA_ENGINE_REGISTRY_H

#include "engine/engine.h"

extern const struct stoa__engine stoa__engine_sqlite;
extern const struct stoa__engine stoa__engine_null;

#endif
