/*
 * specwords: words that stand where a spec has none: ours in a wrong place, and those of other systems
 * (mci-from(7)).
 */
#ifndef MCI_SPECWORDS_H
#define MCI_SPECWORDS_H

/* What to write, or where, as it goes on behind "unknown key; "; NULL when the word is not known. */
const char *spec_words_advice(const char *word);

#endif
