/* The tables of counters and reasons, as the generator sees them. It includes them itself, so there is no second
 * reader. SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

#define N(array) (sizeof(array) / sizeof(array)[0])

const struct counter counters[] = {
#define COUNTER(number, identifier, name, unit, rrd, meaning) { number, #name, #unit, #rrd, meaning },
#include "../../parser/counters.def"
#undef COUNTER
};
const size_t counters_n = N(counters);

const struct reason refusals[] = {
#define REFUSAL(number, identifier, name) { number, #name },
#include "../../parser/reasons.def"
};
const size_t refusals_n = N(refusals);

const struct reason deferrals[] = {
#define DEFERRAL(number, identifier, name) { number, #name },
#include "../../parser/reasons.def"
};
const size_t deferrals_n = N(deferrals);
