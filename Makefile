# mci: see README.md. Everything that is built goes to $(B): the programs to $(B)/bin.
#
#	make            builds                       make run        builds, and runs an example build
#	make check      builds and runs all tests    make lint       the tests that only read the source
#	make fuzz       looks for crashing input     make bench      compares speeds (not part of check);
#	                                                             only some with ROWS='events output'
#	make install    DESTDIR= PREFIX=/usr/local   make uninstall  removes what install put there
#	make setup      installs the packages        make clean      removes $(B)
#
# SAN=1 builds with the sanitizers, into $(B)/san; TSAN=1 with that of threads, into $(B)/tsan; CI=true makes
# warnings errors.
B ?= build
PREFIX ?= /usr/local
CC ?= cc
EXAMPLE ?= examples/hello
FUZZ_SECONDS ?= 60
VERSION := 0.1.0

# The one list of what has to be installed, as Debian calls it.
PACKAGES_BUILD := gcc libc6-dev libfyaml-dev libzstd-dev zlib1g-dev libjansson-dev libsqlite3-dev libssl-dev \
	libmicrohttpd-dev libcurl4-openssl-dev libexpat1-dev libarchive-dev libseccomp-dev
PACKAGES_CHECK := check pkg-config perl jq shellcheck mandoc cppcheck tmux strace netcat-openbsd git \
	python3 python3-yaml procps util-linux bash-completion openssl xxd zstd openssh-server openssh-client \
	e2fsprogs xfsprogs zsh fish git-lfs postgresql bubblewrap podman crun uidmap slirp4netns fuse-overlayfs \
	busybox-static iproute2 curl nginx-light caddy attr radosgw ceph-mon ceph-osd \
	nodejs npm chromium
PACKAGES_FUZZ := clang libclang-rt-14-dev
PACKAGES_BENCH := ninja-build rsync s6 daemontools runit moreutils nats-server redis-server mosquitto \
	restic borgbackup casync libarchive-tools wrk

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
CONVERSION := -Wconversion
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=3 -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now,--as-needed
O := $(B)
ifdef SAN
O := $(B)/san
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDHARDEN := -fsanitize=address,undefined -Wl,--as-needed
endif
# for the tests of what threads share
ifdef TSAN
O := $(B)/tsan
CFLAGS := -O1 -g
HARDEN := -fsanitize=thread
LDHARDEN := -fsanitize=thread -Wl,--as-needed
endif
ifdef FUZZ
O := $(B)/fuzz
CC := clang
CONVERSION :=
HARDEN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDHARDEN := -fsanitize=fuzzer,address,undefined -Wl,--as-needed
endif
ifeq ($(CI),true)
WARN += -Werror
endif
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -DMCI_VERSION='"$(VERSION)"' -Ilib -I$(O) $(WARN) $(HARDEN) $(CFLAGS) \
	-MMD -MP

PROGRAMS := $(patsubst cmd/%/main.c,%,$(wildcard cmd/*/main.c))
# What a program links besides the kit and libc: -ljansson for lib/jsontree, -lzstd for lib/logpack.
LIBS_mci-agent := -ljansson
LIBS_mci-api := -ljansson -lmicrohttpd -lzstd -lz
LIBS_mci-blob := -lzstd -lcrypto
LIBS_mci-blob-archive := -larchive
LIBS_mci-blob-bucket := -lcurl -lcrypto -lexpat
LIBS_mci-blob-hash := -lcrypto
LIBS_mci-build := -lfyaml -ljansson
LIBS_mci-log := -lzstd
LIBS_mci-relay := -lcurl
LIBS_mci-store := -ljansson -lsqlite3 -lcrypto
# The programs that mci-single is made of (lib/serveentry.h): each is one object of which nothing is seen but its
# entry, as two of them may use one name.
SHARED := $(shell sed -n "s/^\trow.\([a-z]*\),.*/\1/p" lib/serveentry.h)
LIBS_mci-single = $(sort $(foreach s,$(SHARED),$(LIBS_mci-$(s))))
# and what the kit needs where all of it may be linked
KIT_LIBS := -lzstd -ljansson

objects = $(patsubst %.c,$(O)/%.o,$(wildcard $(1)/*.c)) $(MADE_$(subst /,-,$(1)):%=$(O)/%)
# objects of what is made
MADE_cmd-mci-api := web/mci-api.o
MADE_cmd-mci-store := sql/mci-store.o
MADE_cmd-mci-single := $(SHARED:%=cmd/mci-%.shared.o)
LIB_OBJECTS := $(call objects,lib)
CMD_OBJECTS := $(foreach p,$(PROGRAMS),$(call objects,cmd/$(p)))

.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
JOBS := $(shell nproc)
# A parallel make below this one, unless this one is parallel itself; for targets that show something else.
SUBMAKE = echo "Building in $(O)"; $(MAKE) -s $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

all: $(PROGRAMS:%=$(O)/bin/%)

$(O)/lib/%.o $(O)/cmd/%.o: ALL_CFLAGS += $(CONVERSION)
$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The SQL of the store becomes const tables: cmd/mci-store/sql.h.
MIGRATIONS := $(sort $(wildcard cmd/mci-store/migrations/*.sql))
STATEMENTS := $(sort $(wildcard cmd/mci-store/statements/*.sql))
$(O)/sql/mci-store.h $(O)/sql/mci-store.c &: cmd/mci-store/embed $(MIGRATIONS) $(STATEMENTS)
	@mkdir -p $(@D)
	cmd/mci-store/embed --header $(STATEMENTS) >$(O)/sql/mci-store.h
	cmd/mci-store/embed --source $(MIGRATIONS) -- $(STATEMENTS) >$(O)/sql/mci-store.c
$(O)/sql/mci-store.o: $(O)/sql/mci-store.c
	$(CC) $(ALL_CFLAGS) -Icmd/mci-store -c -o $@ $<
$(call objects,cmd/mci-store) $(TEST_OBJECTS): | $(O)/sql/mci-store.h

# The page becomes a const table: cmd/mci-api/document.h.
WEB := $(sort $(wildcard cmd/mci-api/web/*))
$(O)/web/mci-api.c: cmd/mci-api/embed $(WEB)
	@mkdir -p $(@D)
	cmd/mci-api/embed $(O)/web $(WEB) >$@
$(O)/web/mci-api.o: $(O)/web/mci-api.c
	$(CC) $(ALL_CFLAGS) -Icmd/mci-api -c -o $@ $<

# The sandbox's filter of system calls, made from names by a program of the machine that builds.
HOSTCC ?= cc
$(O)/seccomp/filter.h: cmd/mci-job/seccomp/generate.c
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu17 -O1 $(WARN) -o $(O)/seccomp/generate $< -lseccomp
	$(O)/seccomp/generate >$@.new && mv $@.new $@
$(O)/cmd/mci-job/syscalls.o: $(O)/seccomp/filter.h

# what the assembler reads, and no rule of the compiler knows
$(O)/cmd/mci-supervise/default.o: cmd/mci-supervise/default.wiring
$(O)/cmd/mci/demo.o: cmd/mci/demo.sh

$(O)/libmci.a: $(LIB_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

define shared
$(O)/cmd/mci-$(1).shared.o: $(call objects,cmd/mci-$(1))
	$$(CC) -r -nostdlib -o $$@.all $$^
	objcopy --keep-global-symbol=$(1)_entry $$@.all $$@
	@rm -f $$@.all
endef
$(foreach s,$(SHARED),$(eval $(call shared,$(s))))

define program
$(O)/bin/$(1): $(call objects,cmd/$(1)) $(O)/libmci.a
	@mkdir -p $$(@D)
	$$(CC) $$(LDHARDEN) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))

# what tests of its parts link
$(O)/cmd/$(1).a: $(filter-out %/main.o,$(call objects,cmd/$(1)))
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# Tests in C: Check programs, and fuzz targets with a main that replays their corpus.
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(filter-out %/replay.c,$(wildcard tests/fuzz/*.c)))
UNIT_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*.c tests/contract/*.c))
FUZZ_TESTS := $(FUZZ_TARGETS:%=$(O)/tests/fuzz/%)
TEST_OBJECTS := $(call objects,tests/unit) $(call objects,tests/contract) $(call objects,tests/fuzz)
# A test links the parts of the programs whose headers it includes: two programs may use one name.
tested = $(shell sed -n 's|^\#include "cmd/\([^/]*\)/.*|\1|p' $(1).c | sort -u)
kit = $(patsubst %,$(O)/cmd/%.a,$(tested)) $(O)/libmci.a
test_libs = $(foreach p,$(tested),$(LIBS_$(p)))

$(TEST_OBJECTS): ALL_CFLAGS += -I.
.SECONDEXPANSION:
$(UNIT_TESTS): $(O)/%: $(O)/%.o $$(call kit,$$*)
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs check) $(call test_libs,$*) $(KIT_LIBS)
$(FUZZ_TESTS): $(O)/%: $(O)/%.o $(if $(FUZZ),,$(O)/tests/fuzz/replay.o) $$(call kit,$$*)
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call test_libs,$*) $(KIT_LIBS)
.SECONDARY: $(TEST_OBJECTS)
# it sees who touches what is the process's
$(O)/tests/contract/together: LDFLAGS += -Wl,--wrap=getenv,--wrap=setenv,--wrap=unsetenv,--wrap=chdir,--wrap=umask

# The limits that make bench compares with, and the clients and judges of the proofs: programs of one file that
# use nothing of the kit.
BENCH_TOOLS := $(patsubst %.c,$(O)/%,$(filter-out %/pack.c,$(wildcard tests/bench/*.c)))
PROOF_TOOLS := $(patsubst %.c,$(O)/%,$(wildcard tests/proof/*.c))
$(BENCH_TOOLS) $(PROOF_TOOLS): $(O)/%: %.c $(wildcard tests/proof/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -o $@ $< $(if $(filter %/limit-idle,$@),$(LIBS_mci-single))
# and one that does what a server does, with the kit
$(O)/tests/bench/pack: tests/bench/pack.c $(O)/libmci.a
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -Ilib $(WARN) -O2 -o $@ $^ $(LIBS_mci-log)
BENCH_TOOLS += $(O)/tests/bench/pack

setup:
	@.ci/setup $(PACKAGES_BUILD) $(PACKAGES_CHECK)

run:
	@.ci/setup $(PACKAGES_BUILD)
	@$(SUBMAKE) all
	@.ci/first-run $(O)/bin $(EXAMPLE)

check:
	@rm -f $(O)/check/result
	@.ci/setup $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@$(SUBMAKE) all tests
	@tests/check $(O)

tests: $(UNIT_TESTS) $(FUZZ_TESTS) $(PROOF_TOOLS) threads $(O)/web/installed
# What drives the page in its tests; without it they are skipped, and say so.
$(O)/web/installed: tests/web/package-lock.json
	@mkdir -p $(@D)
	@cp tests/web/package.json tests/web/package-lock.json $(@D)
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
		echo "the packages of tests/web could not be installed: tests of the page will be skipped" >&2

# Where the compiler has no sanitizer of threads there is nothing, and tests/cli/threads.t says so.
THREADED := contract/together unit/children unit/offload unit/store
threads:
	@mkdir -p $(B)/tsan
	@if echo 'int main(void) { return 0; }' | \
		$(CC) -fsanitize=thread -o $(B)/tsan/probe -x c - 2>$(B)/tsan/why; then \
		$(MAKE) TSAN=1 $(THREADED:%=$(B)/tsan/tests/%); \
	fi

lint:
	@.ci/setup $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@$(SUBMAKE) all
	@tests/lint/rooms --print
	@MCI_BIN='$(abspath $(O)/bin)' prove tests/lint/*.t

fuzz:
	@.ci/setup $(PACKAGES_BUILD) $(PACKAGES_FUZZ)
	@$(SUBMAKE) FUZZ=1 fuzz-targets
	@for name in $(FUZZ_TARGETS); do tests/fuzz/run '$(B)/fuzz' $$name $(FUZZ_SECONDS) || exit; done
fuzz-targets: $(FUZZ_TESTS)

bench:
	@.ci/setup $(PACKAGES_BUILD) $(PACKAGES_BENCH)
	@$(SUBMAKE) all $(BENCH_TOOLS)
	@tests/bench/run.sh $(O) $(ROWS)

completions: all
	completions/generate $(O)/bin completions

# What install puts where: file, place below PREFIX, mode. The shells look completions up by program.
INSTALL := $(foreach p,$(PROGRAMS),$(O)/bin/$(p):bin/$(p):755 \
	completions/mci.bash:share/bash-completion/completions/$(p):644 \
	completions/mci.fish:share/fish/vendor_completions.d/$(p).fish:644) \
	completions/_mci:share/zsh/site-functions/_mci:644 \
	$(foreach m,$(wildcard man/*.[1-9]),$(m):share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)):644)

install: all
	@.ci/install '$(DESTDIR)$(PREFIX)' $(INSTALL)

uninstall:
	@.ci/install --remove '$(DESTDIR)$(PREFIX)'

clean:
	rm -rf $(B)

-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(CMD_OBJECTS) $(TEST_OBJECTS))

.PHONY: all setup run check tests threads lint fuzz fuzz-targets bench completions install uninstall clean
