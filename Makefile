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
WERROR   ?= -Werror# empty for a compiler with warnings that we have not seen
WARNINGS := -Wall -Wextra -Wshadow -Wconversion $(WERROR)
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2
STD      := -std=c17 -D_GNU_SOURCE -DMAILTALLY_VERSION='"$(VERSION)"'
DEPFLAGS := -MMD -MP

# Asked, not guessed; := so that each is asked once. Empty before `make deps`.
# Libraries that are loaded when they are needed (load/load.h), by the name that programs would be linked with.
soname             = $(shell objdump -p "$$($(CC) -print-file-name=lib$(1).so)" 2>/dev/null | awk '$$1 == "SONAME" { print $$2 }')
SNMP_CFLAGS       := $(shell net-snmp-config --base-cflags 2>/dev/null | tr ' ' '\n' | grep -E '^-(I|DNETSNMP)' | grep -v perl | tr '\n' ' ') -DLIBNETSNMP_NAME='"$(call soname,netsnmp)"'
SNMP_LIBS         := $(shell net-snmp-config --netsnmp-libs 2>/dev/null)
SNMP_AGENT_LIBS   := -lnetsnmpmibs -lnetsnmpagent $(SNMP_LIBS)
# Optional: WITH_ARCHIVE, WITH_SYSTEMD, WITH_RRD, WITH_CARES. 0 leaves it out, 1 insists on it, auto (default) takes what is there.
# What needs one that is left out says so at run time. `make config` tells what was found.
WITH_ARCHIVE      ?= auto
WITH_SYSTEMD      ?= auto
WITH_RRD          ?= auto
WITH_CARES        ?= auto
# $(call have,auto|0|1,PACKAGE)
have               = $(if $(filter 0 no,$(1)),,$(shell pkg-config --exists $(2) 2>/dev/null && echo yes))
HAVE_ARCHIVE      := $(call have,$(WITH_ARCHIVE),libarchive)
HAVE_SYSTEMD      := $(call have,$(WITH_SYSTEMD),libsystemd)
HAVE_RRD          := $(call have,$(WITH_RRD),librrd)
HAVE_CARES        := $(call have,$(WITH_CARES),libcares)
ARCHIVE_CFLAGS    := $(if $(HAVE_ARCHIVE),-DMAILTALLY_ARCHIVE $(shell pkg-config --cflags libarchive) -DLIBARCHIVE_NAME='"$(call soname,archive)"')
# The journal as a source, and what service managers are told.
JOURNAL_CFLAGS    := $(if $(HAVE_SYSTEMD),-DMAILTALLY_JOURNAL $(shell pkg-config --cflags libsystemd))
JOURNAL_LIBS      := $(if $(HAVE_SYSTEMD),$(shell pkg-config --libs libsystemd))
RRD_CFLAGS        := $(if $(HAVE_RRD),-DMAILTALLY_RRD $(shell pkg-config --cflags librrd) -DLIBRRD_NAME='"$(call soname,rrd)"')
RRD_LIBS          := $(if $(HAVE_RRD),$(shell pkg-config --libs librrd))
CARES_CFLAGS      := $(if $(HAVE_CARES),-DMAILTALLY_CARES $(shell pkg-config --cflags libcares) -DLIBCARES_NAME='"$(call soname,cares)"')
CMOCKA_LIBS       := -lcmocka

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-6s %s\n' '$(1)' '$(2)')

objects = $(patsubst %.c,$(B)/$(1)/%.o,$(wildcard $(2)))
ROOMS := load parser source config rrd agent doctor report

all: $(B)/mailtally $(B)/mailtallyd ## Build the programs: build/mailtally and build/mailtallyd

# PROFILE=1: as packages are built. gcc learns from a run over the tests' logs (tools/train) which ways are often gone; the
# programs for that run are built in $(B)/train. Calls through pointers are known by the names of the profiles' files, so
# both builds name the same ones.
PROFILE         ?=
PROFILES        ?= $(B)/profiles
PROFILE_CFLAGS  := $(if $(filter 1,$(PROFILE)),-fprofile-use -fprofile-correction -fprofile-partial-training -Wno-missing-profile,$(if $(filter train,$(PROFILE)),-fprofile-generate -fprofile-update=prefer-atomic))
ifneq ($(PROFILE_CFLAGS),)
PROFILE_NAME     = -dumpbase $(PROFILES)/$*.c
ifeq ($(findstring gcc,$(CC)),)
$(error PROFILE=$(PROFILE) needs gcc, and CC is $(CC))
endif
endif

# The settings that objects were made with: other ones make them anew.
SETTINGS := $(VERSION) $(CC) $(CFLAGS) $(PROFILE_CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(WERROR) $(SNMP_CFLAGS) $(ARCHIVE_CFLAGS) $(JOURNAL_CFLAGS) $(RRD_CFLAGS) $(CARES_CFLAGS)
ifneq ($(file <$(B)/settings),$(SETTINGS))
$(shell mkdir -p $(B))
.PHONY: $(B)/settings
endif
$(B)/settings:
	$(file >$@,$(SETTINGS))
	$(summary)

# $(call option,NAME,HAVE,WITH_...,WHAT FOR)
option = @printf '  %-10s %-4s %s (%s=%s)\n' '$(1)' '$(if $(2),yes,no)' '$(4)' '$(3)' '$($(3))'
define summary
	@printf '  %-10s %s\n' Net-SNMP "$$(net-snmp-config --version 2>/dev/null || echo 'not found: libsnmp-dev is needed')"
	$(call option,libarchive,$(HAVE_ARCHIVE),WITH_ARCHIVE,compressed logs)
	$(call option,libsystemd,$(HAVE_SYSTEMD),WITH_SYSTEMD,the journal as a source$(comma) and notification of systemd)
	$(call option,librrd,$(HAVE_RRD),WITH_RRD,RRD files$(comma) graphs and pages)
	$(call option,libcares,$(HAVE_CARES),WITH_CARES,mailtally dnsbl test)
endef
comma := ,
config: ## What was found to build with, and what is left out
	$(summary)

# One set of objects per way of compiling: obj (as shipped), san (ASan and UBSan, for tests), cov (for libFuzzer), clang
# (its warnings), tsan (ThreadSanitizer, for `make races`).
define way
$(B)/$(1)/%.o: %.c $(B)/settings | deps-check
	@mkdir -p $$(dir $$@)
	$$(call say,CC,$$@)
	$$(Q)$(2) $(STD) $(DEPFLAGS) $(WARNINGS) $(CPPFLAGS) $(3) $(SNMP_CFLAGS) $(ARCHIVE_CFLAGS) $(JOURNAL_CFLAGS) $(RRD_CFLAGS) $(CARES_CFLAGS) $(4) -c -o $$@ $$<
$(B)/$(1)/libmailtally.a: $$(call objects,$(1),load/*.c parser/*.c parser/programs/*.c source/*.c)
	@rm -f $$@; $(AR) rcs $$@ $$^
$(B)/$(1)/mailtally: $$(call objects,$(1),report/*.c doctor/*.c rrd/*.c config/*.c) $(B)/$(1)/libmailtally.a
	$$(call say,LINK,$$@)
	$$(Q)$(2) $(3) $(LDFLAGS) -o $$@ $$^ -lpthread
$(B)/$(1)/mailtallyd: $$(call objects,$(1),agent/*.c rrd/*.c config/*.c) $(B)/$(1)/libmailtally.a
	$$(call say,LINK,$$@)
	$$(Q)$(2) $(3) $(LDFLAGS) -o $$@ $$^ $(SNMP_AGENT_LIBS) $(JOURNAL_LIBS) -lpthread
endef
# Most of the parser's functions are small and stand in other files than their callers: the linker inlines them.
ifneq ($(findstring gcc,$(CC)),)
LTO      := -flto=auto
AR       := gcc-ar
endif
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
$(eval $(call way,obj,$(CC),$(CFLAGS) $(TUNING) $(PROFILE_CFLAGS) $(HARDEN) $(LTO),$$(PROFILE_NAME)))
$(eval $(call way,san,$(CC),-O1 -g $(SANITIZE)))
$(eval $(call way,cov,clang,-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link))
$(eval $(call way,clang,clang,-O1 -g))
# What gcc guesses of values and lengths is wrong with this sanitiser: the other ways fail on warnings.
RACES    := -fsanitize=thread -fno-omit-frame-pointer -Wno-error
$(eval $(call way,tsan,$(CC),-O1 -g $(RACES)))

ifeq ($(PROFILE),1)
SOURCES := $(foreach r,$(ROOMS) parser/programs,$(wildcard $(r)/*.[ch] $(r)/*.def))
$(patsubst %.c,$(B)/obj/%.o,$(filter %.c,$(SOURCES))): $(B)/trained
$(B)/trained: $(SOURCES) $(B)/settings tools/train
	@rm -rf $(PROFILES)
	@$(MAKE) --no-print-directory B=$(B)/train PROFILE=train PROFILES=$(PROFILES) WERROR= $(B)/train/mailtally
	$(call say,TRAIN,$(PROFILES))
	$(Q)tools/train $(B)/train/mailtally
	@touch $@
endif

$(B)/%: $(B)/obj/%
	@cp -f $< $@

# Unit tests: each tests/unit/test_*.c is a program of its own, built with the sanitisers. All of agent/ but its main()
# is linked into them, so that handlers can be called in-process.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
AGENT_SAN := $(filter-out $(B)/san/agent/main.o,$(call objects,san,agent/*.c rrd/*.c config/*.c))
$(B)/unit/%: $(B)/san/tests/unit/%.o $(AGENT_SAN) $(B)/san/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(SNMP_AGENT_LIBS) $(JOURNAL_LIBS) $(RRD_LIBS) $(CMOCKA_LIBS) -lpthread

# test_report*.c: with all of report/ but its main() instead.
$(B)/unit/test_report%: $(B)/san/tests/unit/test_report%.o $(filter-out $(B)/san/report/main.o,$(call objects,san,report/*.c doctor/*.c rrd/*.c config/*.c)) $(B)/san/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(CMOCKA_LIBS) -lpthread

# The same tests with ThreadSanitizer.
TSAN_UNIT := $(UNIT:$(B)/unit/%=$(B)/tsan/unit/%)
AGENT_TSAN := $(filter-out $(B)/tsan/agent/main.o,$(call objects,tsan,agent/*.c rrd/*.c config/*.c))
$(B)/tsan/unit/%: $(B)/tsan/tests/unit/%.o $(AGENT_TSAN) $(B)/tsan/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)$(CC) $(RACES) -o $@ $^ $(SNMP_AGENT_LIBS) $(JOURNAL_LIBS) $(RRD_LIBS) $(CMOCKA_LIBS) -lpthread
$(B)/tsan/unit/test_report%: $(B)/tsan/tests/unit/test_report%.o $(filter-out $(B)/tsan/report/main.o,$(call objects,tsan,report/*.c doctor/*.c rrd/*.c config/*.c)) $(B)/tsan/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)$(CC) $(RACES) -o $@ $^ $(CMOCKA_LIBS) -lpthread

# Fuzz targets: tests/fuzz/fuzz_*.c with libFuzzer; their kept inputs are replayed by `make check`.
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/fuzz/%: $(B)/cov/tests/fuzz/%.o $(B)/cov/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)clang $(SANITIZE) -fsanitize=fuzzer -o $@ $^

# With all of report/ but its main().
FUZZ_OF_REPORT := $(addprefix $(B)/fuzz/fuzz_,messages report merge)
$(FUZZ_OF_REPORT): $(B)/fuzz/%: $(B)/cov/tests/fuzz/%.o $(filter-out $(B)/cov/report/main.o,$(call objects,cov,report/*.c doctor/*.c rrd/*.c config/*.c)) $(B)/cov/libmailtally.a
	@mkdir -p $(dir $@)
	$(call say,LINK,$@)
	$(Q)clang $(SANITIZE) -fsanitize=fuzzer -o $@ $^

# What is generated from the tables (parser/counters.def, reasons.def) and committed.
$(B)/generate: $(wildcard tools/generate/*.[ch]) rrd/graphs.c rrd/kinds.c parser/counters.c parser/counters.def parser/reasons.def
	@mkdir -p $(B)
	$(call say,CC,$@)
	$(Q)$(CC) $(STD) $(WARNINGS) -O1 -g -o $@ $(filter %.c,$^)
generate: $(B)/generate ## Write the generated files anew (BASE_OID=1.3.6.1.4.1.N moves the subtree)
	$(B)/generate $(if $(BASE_OID),--base-oid $(BASE_OID)) .
completions: all ## Write the completions anew, from what --help says
	@tools/completions $(B)

deps: ## Install the Debian packages that building and testing need
	@tools/deps
# $(call insist,WITH_...,HAVE_...,PACKAGE)
insist = $(if $(filter 1 yes,$($(1))),$(if $($(2)),,echo "make: $(1)=1, but pkg-config does not find $(3)" >&2; exit 1;))
deps-check:
	@command -v net-snmp-config >/dev/null 2>&1 || { echo "make: there is no net-snmp-config: run 'make deps' first, or install Net-SNMP's headers" >&2; exit 1; }
	@$(call insist,WITH_ARCHIVE,HAVE_ARCHIVE,libarchive) $(call insist,WITH_SYSTEMD,HAVE_SYSTEMD,libsystemd) $(call insist,WITH_RRD,HAVE_RRD,librrd) $(call insist,WITH_CARES,HAVE_CARES,libcares) :

demo: ## Show the main job on real log lines (EMBEDDED=1: without snmpd)
	@tools/deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/demo $(if $(EMBEDDED),embedded)

check: ## Run every test; ends with one line "N passed, N failed, N skipped"
	@tools/deps
	@$(MAKE) --no-print-directory -j$$(nproc) all test-programs race-programs
	@tests/run all
check-quick: ## The inner loop: unit and golden tests, no roots, no servers
	@$(MAKE) --no-print-directory -j$$(nproc) all test-programs
	@tests/run quick
races: ## Run the unit tests under ThreadSanitizer
	@$(MAKE) --no-print-directory -j$$(nproc) $(TSAN_UNIT) $(B)/tsan/mailtally
	@tests/live/races all
soak: all ## Ten minutes of load, with rotations and restarts of snmpd; nothing may grow
	@tools/deps
	@MAILTALLY_SECONDS=600 tests/live/soak
test-programs: $(UNIT) $(B)/san/mailtally $(B)/san/mailtallyd $(FUZZ) ## Build the test programs
# What tests/live/races runs.
race-programs: $(addprefix $(B)/tsan/unit/,test_agent test_aside test_queue test_state_file) $(B)/tsan/mailtally
clang: $(call objects,clang,$(foreach r,$(ROOMS),$(r)/*.c) parser/programs/*.c) ## Compile everything with clang's warnings

bench: all ## Measure what packages have against grep, mailgraph and pflogsumm; writes bench/RESULTS.md
	@$(MAKE) --no-print-directory B=$(B)/profiled PROFILE=1 all
	@bench/run

# Where things go: below PREFIX, but for the configuration, which Net-SNMP looks for in /etc/snmp.
BINDIR      ?= $(PREFIX)/bin
SBINDIR     ?= $(PREFIX)/sbin
LIBDIR      ?= $(PREFIX)/lib
LIBEXECDIR  ?= $(PREFIX)/libexec
DATADIR     ?= $(PREFIX)/share
MANDIR      ?= $(DATADIR)/man
DOCDIR      ?= $(DATADIR)/doc/mailtally
SYSCONFDIR  ?= /etc
DEFAULTDIR  ?= $(SYSCONFDIR)/default
UNITDIR     ?= $(LIBDIR)/systemd/system
BASHDIR     ?= $(DATADIR)/bash-completion/completions
ZSHDIR      ?= $(DATADIR)/zsh/site-functions
FISHDIR     ?= $(DATADIR)/fish/vendor_completions.d
# `$(call put,MODE,DIRECTORY,FILES)`; nothing where there are no files.
put = $(if $(strip $(3)),install -d $(DESTDIR)$(2) && install -m $(1) $(3) $(DESTDIR)$(2)/,:)
# `$(call fill,MODE,FILE.in,PATH)`: with the directories filled in.
fill = install -d $(DESTDIR)$(dir $(3)) && sed -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@SBINDIR@|$(SBINDIR)|g' \
    -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|g' -e 's|@DEFAULTDIR@|$(DEFAULTDIR)|g' $(2) >$(DESTDIR)$(3) && \
    chmod $(1) $(DESTDIR)$(3)
# What the administrator may have changed stays.
keep = test -e $(DESTDIR)$(2) || install -D -m 644 $(1) $(DESTDIR)$(2)

install: install-programs install-service install-docs ## Install below PREFIX (default /usr/local), DESTDIR in front
install-programs: all
	$(call put,755,$(BINDIR),$(B)/mailtally)
	$(call put,755,$(SBINDIR),$(B)/mailtallyd)
	$(call put,644,$(DATADIR)/snmp/mibs,mibs/MAILTALLY-MIB.txt)
	$(foreach s,1 5 7 8,$(call put,644,$(MANDIR)/man$(s),$(wildcard man/*.$(s)));)
	$(call put,644,$(BASHDIR),$(wildcard completions/bash/*))
	$(call put,644,$(ZSHDIR),$(wildcard completions/zsh/*))
	$(call put,644,$(FISHDIR),$(wildcard completions/fish/*))
# For systemd; scripts for others stand beside the documentation.
install-service:
	$(call keep,service/mailtallyd.conf,$(SYSCONFDIR)/snmp/mailtallyd.conf)
	$(call keep,service/mailtally-report.default,$(DEFAULTDIR)/mailtally-report)
	$(call fill,644,service/mailtallyd.service.in,$(UNITDIR)/mailtallyd.service)
	$(call fill,644,service/mailtally-report.service.in,$(UNITDIR)/mailtally-report.service)
	$(call put,644,$(UNITDIR),service/mailtally-report.timer)
	$(call fill,755,service/mailtally-report.in,$(LIBEXECDIR)/mailtally-report)
	install -D -m 644 service/mailtally.sysusers $(DESTDIR)$(LIBDIR)/sysusers.d/mailtally.conf
	$(call fill,644,service/mailtallyd.init.in,$(DOCDIR)/service/mailtallyd.init)
	$(call fill,644,service/mailtallyd.openrc.in,$(DOCDIR)/service/mailtallyd.openrc)
	$(call fill,644,service/usr.sbin.mailtallyd.in,$(DOCDIR)/service/usr.sbin.mailtallyd)
install-docs:
	$(call put,644,$(DOCDIR)/snmpd.conf.d,$(wildcard snmpd.conf.d/*))
	tools/install-docs $(DESTDIR)$(DOCDIR)

deb: ## Build the Debian packages: build/deb/*.deb
	@tools/deb

clean: ## Remove what was built (the roots of the rigs stay; build/roots)
	find $(B) -mindepth 1 -maxdepth 1 ! -name roots -exec rm -rf {} + 2>/dev/null || true

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: all config generate completions deps deps-check demo check check-quick races race-programs soak test-programs clang bench install install-programs install-service install-docs deb clean help
.SECONDARY:
.DEFAULT_GOAL := all
-include $(shell find $(B) \( -path $(B)/roots -o -path $(B)/tools \) -prune -o -type f -name '*.d' -print 2>/dev/null)
