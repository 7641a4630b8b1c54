/* OIDs that snmpd would not take. Net-SNMP registers each once for a link to snmpd; when that is refused, a line of the
 * log is all that comes of it, and the objects are missing until the link breaks. It may be a matter of moments: the
 * link of a mailtallyd before this one has ended, but snmpd has not seen that yet; `mailtally doctor` holds an OID
 * while it asks whether somebody else does; snmpd is busy. So what was refused is asked for again, more and more
 * seldom.
 *
 * The SNMP thread's own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REFUSED_H
#define MAILTALLY_REFUSED_H

/* Before init_agent(), after log_watch(), which sees the refusals. */
void refused_prepare(void);

/* The link ended: a new one begins with registering everything. */
void refused_forget(void);

/* Now and then: asks again. */
void refused_look(void);

#endif
