/* SPDX-License-Identifier: Apache-2.0 */
/* The prompt of a person at a terminal. */
#ifndef STOA_CLI_PROMPT_H
#define STOA_CLI_PROMPT_H

#include "session.h"

/* Reads statements and dot commands until the end; failures are told and do not end it. `config`:
 * run the commands of the configuration file first. */
stoa_status prompt_run(struct session *session, int config);

#endif
