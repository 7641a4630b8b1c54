# mailtally - the only build file. `make help` lists the targets.
# SPDX-License-Identifier: GPL-2.0-or-later

VERSION  := 0.1.0
PREFIX   ?= /usr/local
DESTDIR  ?=
B        := build

ifeq ($(origin CC),default)
CC       := gcc
endif
CFLAGS   ?= -O3 -g
# A span is filled word by word and read at once: with vector moves in between the processor has to wait.
TUNING   := -fno-tree-slp-vectorize $(if $(filter x86_64,$(shell uname -m)),$(if $(findstring gcc,$(CC)),-mno-stv))
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2
STD      := -std=c17 -D_GNU_SOURCE -DMAILTALLY_VERSION='"$(VERSION)"'
DEPFLAGS := -MMD -MP

# Asked, not guessed; := so that each is asked once. Empty before `make deps`.
SNMP_CFLAGS       := $(shell net-snmp-config --base-cflags 2>/dev/null | tr ' ' '\n' | grep -E '^-(I|DNETSNMP)' | grep -v perl | tr '\n' ' ')
SNMP_LIBS         := $(shell net-snmp-config --netsnmp-libs 2>/dev/null)
SNMP_AGENT_LIBS   := -lnetsnmpmibs -lnetsnmpagent $(SNMP_LIBS)
ARCHIVE_CFLAGS    := $(shell pkg-config --cflags libarchive 2>/dev/null)
ARCHIVE_LIBS      := $(shell pkg-config --libs libarchive 2>/dev/null)
# Optional: without it `source journal` says that it was built without. (WITHOUT_JOURNAL=1 leaves it out.)
JOURNAL_LIBS      := $(if $(WITHOUT_JOURNAL),,$(shell pkg-config --libs libsystemd 2>/dev/null))
JOURNAL_CFLAGS    := $(if $(JOURNAL_LIBS),-DMAILTALLY_JOURNAL $(shell pkg-config --cflags libsystemd 2>/dev/null))
RRD_CFLAGS        := $(shell pkg-config --cflags librrd 2>/dev/null)
RRD_LIBS          := $(shell pkg-config --libs librrd 2>/dev/null)
# It is loaded when it is needed (rrd/library.h), by the name that programs would be linked with.
RRD_CFLAGS        += -DLIBRRD_NAME='"$(shell objdump -p "$$(pkg-config --variable=libdir librrd 2>/dev/null)/librrd.so" 2>/dev/null | awk '$$1 == "SONAME" { print $$2 }')"'
# Likewise (report/cares.h).
CARES_CFLAGS      := $(shell pkg-config --cflags libcares 2>/dev/null)
CARES_CFLAGS      += -DLIBCARES_NAME='"$(shell objdump -p "$$(pkg-config --variable=libdir libcares 2>/dev/null)/libcares.so" 2>/dev/null | awk '$$1 == "SONAME" { print $$2 }')"'
CMOCKA_LIBS       := -lcmocka

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-6s %s\n' '$(1)' '$(2)')

objects = $(patsubst %.c,$(B)/$(1)/%.o,$(wildcard $(2)))
ROOMS := parser source config rrd agent doctor report

all: $(B)/mailtally $(B)/mailtallyd ## Build the programs: build/mailtally and build/mailtallyd

# One set of objects per way of compiling: obj (as shipped), san (ASan and UBSan, for tests), cov (for libFuzzer), clang
# (its warnings).
define way
$(B)/$(1)/%.o: %.c | deps-check
	@mkdir -p $$(dir $$@)
	$$(call say,CC,$$@)
	$$(Q)$(2) $(STD) $(DEPFLAGS) $(WARNINGS) $(3) $(SNMP_CFLAGS) $(ARCHIVE_CFLAGS) $(JOURNAL_CFLAGS) $(RRD_CFLAGS) $(CARES_CFLAGS) -c -o $$@ $$<
$(B)/$(1)/libmailtally.a: $$(call objects,$(1),parser/*.c parser/programs/*.c source/*.c)
	@rm -f $$@; $(AR) rcs $$@ $$^
$(B)/$(1)/mailtally: $$(call objects,$(1),report/*.c doctor/*.c rrd/*.c config/*.c) $(B)/$(1)/libmailtally.a
	$$(call say,LINK,$$@)
	$$(Q)$(2) $(3) $(LDFLAGS) -o $$@ $$^ $(SNMP_LIBS) $(ARCHIVE_LIBS) -lpthread
$(B)/$(1)/mailtallyd: $$(call objects,$(1),agent/*.c rrd/*.c config/*.c) $(B)/$(1)/libmailtally.a
	$$(call say,LINK,$$@)
	$$(Q)$(2) $(3) $(LDFLAGS) -o $$@ $$^ $(SNMP_AGENT_LIBS) $(ARCHIVE_LIBS) $(JOURNAL_LIBS) -lpthread
endef
# Most of the parser's functions are small and stand in other files than their callers: the linker inlines them.
ifneq ($(findstring gcc,$(CC)),)
LTO      := -flto=auto
AR       := gcc-ar
endif
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
$(eval $(call way,obj,$(CC),$(CFLAGS) $(TUNING) $(HARDEN) $(LTO)))
$(eval $(call way,san,$(CC),-O1 -g $(SANITIZE)))
$(eval $(call way,cov,clang,-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link))
$(eval $(call way,clang,clang,-O1 -g))

$(B)/%: $(B)/obj/%
	@cp -f $< $@

# Unit tests: each tests/unit/test_*.c is a program of its own, built with the sanitisers. All of agent/ but its main()
# is linked into them, so that handlers can be called in-process.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
AGENT_SAN := $(filter-out $(B)/san/agent/main.o,$(call objects,san,agent/*.c rrd/*.c config/*.c))
$(B)/unit/%: $(B)/san/tests/unit/%.o $(AGENT_SAN) $(B)/san/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(SNMP_AGENT_LIBS) $(ARCHIVE_LIBS) $(JOURNAL_LIBS) $(RRD_LIBS) $(CMOCKA_LIBS) -lpthread

# test_report*.c: with all of report/ but its main() instead.
$(B)/unit/test_report%: $(B)/san/tests/unit/test_report%.o $(filter-out $(B)/san/report/main.o,$(call objects,san,report/*.c doctor/*.c rrd/*.c config/*.c)) $(B)/san/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(SNMP_LIBS) $(ARCHIVE_LIBS) $(CMOCKA_LIBS) -lpthread

# Fuzz targets: tests/fuzz/fuzz_*.c with libFuzzer; their kept inputs are replayed by `make check`.
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/fuzz/%: $(B)/cov/tests/fuzz/%.o $(B)/cov/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)clang $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(ARCHIVE_LIBS)

# What is generated from the tables (parser/counters.def, reasons.def) and committed.
$(B)/generate: $(wildcard tools/generate/*.[ch]) parser/counters.def parser/reasons.def
	@mkdir -p $(B)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(WARNINGS) -O1 -g -o $@ $(filter %.c,$^)
generate: $(B)/generate ## Write the generated files anew (BASE_OID=1.3.6.1.4.1.N moves the subtree)
	$(B)/generate $(if $(BASE_OID),--base-oid $(BASE_OID)) .
completions: all ## Write the completions anew, from what --help says
	@tools/completions $(B)

deps: ## Install the Debian packages that building and testing need
	@tools/deps
deps-check:
	@command -v net-snmp-config >/dev/null 2>&1 && pkg-config --exists librrd libcares || { echo "make: the packages of tools/packages are missing: run 'make deps' first" >&2; exit 1; }

demo: ## Show the main job on real log lines (EMBEDDED=1: without snmpd)
	@tools/deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/demo $(if $(EMBEDDED),embedded)

check: ## Run every test; ends with one line "N passed, N failed, N skipped"
	@tools/deps
	@$(MAKE) --no-print-directory -j$$(nproc) all test-programs
	@tests/run all
check-quick: ## The inner loop: unit and golden tests, no roots, no servers
	@$(MAKE) --no-print-directory -j$$(nproc) all test-programs
	@tests/run quick
soak: all ## Ten minutes of load, with rotations and restarts of snmpd; nothing may grow
	@tools/deps
	@MAILTALLY_SECONDS=600 tests/live/soak
test-programs: $(UNIT) $(B)/san/mailtally $(B)/san/mailtallyd $(FUZZ) ## Build the test programs
clang: $(call objects,clang,$(foreach r,$(ROOMS),$(r)/*.c) parser/programs/*.c) ## Compile everything with clang's warnings

bench: all ## Measure against grep, mailgraph and pflogsumm; writes bench/RESULTS.md
	@bench/run

install: all ## Install below PREFIX (default /usr/local), DESTDIR in front
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/snmp/mibs \
	    $(DESTDIR)$(PREFIX)/share/doc/mailtally/snmpd.conf.d $(DESTDIR)$(PREFIX)/share/doc/mailtally/docs
	install -d $(DESTDIR)$(PREFIX)/share/doc/mailtally/cacti-templates/resource/snmp_queries
	install -m 755 $(B)/mailtally $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(B)/mailtallyd $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 mibs/MAILTALLY-MIB.txt $(DESTDIR)$(PREFIX)/share/snmp/mibs/
	install -m 644 snmpd.conf.d/* $(DESTDIR)$(PREFIX)/share/doc/mailtally/snmpd.conf.d/
	install -d $(DESTDIR)$(PREFIX)/share/doc/mailtally/checks/nagios $(DESTDIR)$(PREFIX)/share/doc/mailtally/checks/icinga2
	install -m 644 checks/README.md $(DESTDIR)$(PREFIX)/share/doc/mailtally/checks/
	install -m 644 checks/nagios/* $(DESTDIR)$(PREFIX)/share/doc/mailtally/checks/nagios/
	install -m 644 checks/icinga2/* $(DESTDIR)$(PREFIX)/share/doc/mailtally/checks/icinga2/
	install -m 644 README.md COPYING $(DESTDIR)$(PREFIX)/share/doc/mailtally/
	install -m 644 cacti-templates/*.* $(DESTDIR)$(PREFIX)/share/doc/mailtally/cacti-templates/
	install -m 644 cacti-templates/resource/snmp_queries/* \
	    $(DESTDIR)$(PREFIX)/share/doc/mailtally/cacti-templates/resource/snmp_queries/
	install -m 644 docs/*.md $(DESTDIR)$(PREFIX)/share/doc/mailtally/docs/
	install -d $(DESTDIR)$(PREFIX)/share/doc/mailtally/docs/images/cacti $(DESTDIR)$(PREFIX)/share/doc/mailtally/docs/pages
	install -m 644 docs/images/cacti/* $(DESTDIR)$(PREFIX)/share/doc/mailtally/docs/images/cacti/
	install -m 644 docs/pages/* $(DESTDIR)$(PREFIX)/share/doc/mailtally/docs/pages/
	for system in prometheus collectd zabbix; do \
	    install -d $(DESTDIR)$(PREFIX)/share/doc/mailtally/checks/$$system && \
	    install -m 644 checks/$$system/* $(DESTDIR)$(PREFIX)/share/doc/mailtally/checks/$$system/ || exit; done
	for section in 1 5 7 8; do \
	    install -d $(DESTDIR)$(PREFIX)/share/man/man$$section && \
	    install -m 644 man/*.$$section $(DESTDIR)$(PREFIX)/share/man/man$$section/ || exit; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 644 completions/bash/* $(DESTDIR)$(PREFIX)/share/bash-completion/completions/
	install -m 644 completions/zsh/* $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	install -m 644 completions/fish/* $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/

clean: ## Remove what was built (the roots of the rigs stay; build/roots)
	find $(B) -mindepth 1 -maxdepth 1 ! -name roots -exec rm -rf {} + 2>/dev/null || true

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: all generate completions deps deps-check demo check check-quick soak test-programs clang bench install clean help
.SECONDARY:
.DEFAULT_GOAL := all
-include $(shell find $(B) \( -path $(B)/roots -o -path $(B)/tools \) -prune -o -type f -name '*.d' -print 2>/dev/null)
