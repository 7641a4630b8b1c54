/* Fuzzes merge: reports in JSON that were cut, changed or made up.
 *
 * Beyond what the sanitisers see: what is refused is told, and what is added is printed as harmlessly as a report, and
 * as JSON which merge takes and which then gives the same again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[] = "merge";
    char *argv[] = { name, NULL };
    struct options options;
    char *merged, *again;
    size_t n, again_n;

    require(options_parse(&options, OPTIONS_COMMON | OPTIONS_MERGE, 1, argv, REFERENCE) == PARSED);
    merged = merge_one(&options, (const char *)data, size, &n);
    if (!merged)
        return 0;
    again = merge_one(&options, merged, n, &again_n); /* octets that are no UTF-8 are U+FFFD now */
    require(again);
    check_stays(&options, again, again_n);
    free(again);
    free(merged);
    return 0;
}
