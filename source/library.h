/* libarchive, loaded when a compressed log is read: with what it is linked with itself (libxml2, ICU, libstdc++ ..) it
 * has 16 libraries, which take 3 ms to start where no log is compressed: as long as counting 3 MB.
 *
 * Its functions by their names; what they take and give is in archive.h. Any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SOURCE_LIBRARY_H
#define MAILTALLY_SOURCE_LIBRARY_H

#include <archive.h>
#include <archive_entry.h>

#include "../load/load.h"

/* clang-format off */
#define LIBARCHIVE_FUNCTIONS(F) \
    F(archive_read_new) F(archive_read_free) F(archive_read_open) F(archive_read_next_header) F(archive_read_data_block) \
    F(archive_read_support_filter_gzip) F(archive_read_support_filter_bzip2) \
    F(archive_read_support_filter_xz) F(archive_read_support_filter_zstd) \
    F(archive_read_support_format_raw) F(archive_read_support_format_empty) \
    F(archive_set_error) F(archive_error_string)
/* clang-format on */

struct libarchive {
    LIBARCHIVE_FUNCTIONS(LOAD_MEMBER)
};

/* As load_library(). */
bool libarchive_load(struct libarchive *library, char *why, size_t why_octets);

#endif
