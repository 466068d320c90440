# mci: see README.md. Everything that is built goes to $(B).
B ?= build
PREFIX ?= /usr/local
CC ?= cc
PROGRAMS := $(notdir $(wildcard cmd/*))
VERSION := 0.1.0

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wconversion
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=3 -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now,--as-needed
ifdef SAN
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDHARDEN := -fsanitize=address,undefined
endif
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -DMCI_VERSION='"$(VERSION)"' -Ilib $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP

LIB_OBJECTS := $(patsubst lib/%.c,$(B)/lib/%.o,$(wildcard lib/*.c))

# What a program links besides the kit and libc.
LIBS_mci-build := -ljansson -lfyaml

all: $(PROGRAMS:%=$(B)/bin/%)

$(B)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/cmd/%.o: cmd/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/libmci.a: $(LIB_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

define program
$(B)/bin/$(1): $(patsubst cmd/%.c,$(B)/cmd/%.o,$(wildcard cmd/$(1)/*.c)) $(B)/libmci.a
	@mkdir -p $$(@D)
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $$@ $$^ $(LIBS_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all
