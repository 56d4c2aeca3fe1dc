/* Light stemming: what a Portuguese plural shares with its singular, and no more. */
#ifndef VDB_BASE_PLURAL_H
#define VDB_BASE_PLURAL_H

#include <stddef.h>

/*
 * Cuts a folded word (text_fold()) down to a form that singular and plural have in common: "boletos", "boleto";
 * "cartoes", "cartao"; "hoteis", "hotel"; "flores", "flor". The form need be no word. Returns its length; the word
 * never grows.
 */
size_t plural_stem(char *word, size_t length);

#endif
