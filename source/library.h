/* libarchive, loaded when a compressed log is read: with what it is linked with itself (libxml2, ICU, libstdc++ ..) it
 * has 16 libraries, which take 3 ms to start where no log is compressed: as long as counting 3 MB.
 *
 * Its functions by their names without `archive_`; what they take and give is in archive.h. Any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SOURCE_LIBRARY_H
#define MAILTALLY_SOURCE_LIBRARY_H

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>

/* clang-format off */
#define LIBARCHIVE_FUNCTIONS(F) \
    F(read_new) F(read_free) F(read_open) F(read_next_header) F(read_data) \
    F(read_support_filter_gzip) F(read_support_filter_bzip2) \
    F(read_support_filter_xz) F(read_support_filter_zstd) \
    F(read_support_format_raw) F(read_support_format_empty) \
    F(set_error) F(error_string)
/* clang-format on */

struct libarchive {
#define LIBARCHIVE_MEMBER(name) __typeof__(archive_##name) *name;
    LIBARCHIVE_FUNCTIONS(LIBARCHIVE_MEMBER)
#undef LIBARCHIVE_MEMBER
};

/* Fills it in; it stays good until the process ends. False: `why` (of why_octets) says why not, and what to install. */
bool libarchive_load(struct libarchive *library, char *why, size_t why_octets);

#endif
