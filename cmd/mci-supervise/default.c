#include "default.h"

#include <stdint.h>

/* The file itself, which the assembler puts here: nothing has to be kept in step. */
__asm__(".pushsection .rodata\n"
	"default_wiring_text:\n"
	".incbin \"cmd/mci-supervise/default.wiring\"\n"
	"default_wiring_end:\n"
	".byte 0\n"
	".popsection\n");
extern const char default_wiring_text[], default_wiring_end[];

struct span
default_wiring(void)
{
	size_t n = (uintptr_t)default_wiring_end - (uintptr_t)default_wiring_text;

	return (struct span){ default_wiring_text, n };
}
