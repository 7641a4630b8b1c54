#include "summary.h"
void summary_json(const struct summary *summary, struct output *output, const struct parser_counts *lines)
{
    (void)summary;
    (void)output;
    (void)lines;
}
void summary_html(const struct summary *summary, struct output *output, const struct parser_counts *lines)
{
    (void)summary;
    (void)output;
    (void)lines;
}
