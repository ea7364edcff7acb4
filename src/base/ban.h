/* SPDX-License-Identifier: Apache-2.0 */
/* Included last in every .c of src/ but mem.c: what must not be called does not compile. */
#ifndef STOA_BASE_BAN_H
#define STOA_BASE_BAN_H

#pragma GCC poison malloc calloc realloc free strdup strndup aligned_alloc posix_memalign
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof gmtime localtime rand srand
#pragma GCC poison printf puts perror abort exit setlocale

#endif
