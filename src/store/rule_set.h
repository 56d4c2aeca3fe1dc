/*
 * The transfer rules of a secretary, made ready to be held against what callers say: keywords by their first word,
 * patterns compiled, working hours read. Never changes once it is made, so that threads share it; it ends with its last
 * user.
 */
#ifndef VDB_STORE_RULE_SET_H
#define VDB_STORE_RULE_SET_H

#include "store/hours.h"
#include "store/records.h"

/* What one rule was found to be. */
typedef struct rule_match {
    const char *by;      /* keyword, pattern; NULL: it is not meant */
    const char *matched; /* the keyword or pattern as the rule has it */
    const char *trouble; /* a pattern that could not be used, and why; NULL: none */
} rule_match;

typedef struct ready_rule {
    const vdb_transfer_rule *row;
    const hours *hours;        /* NULL: always */
    const char *hours_trouble; /* why they cannot be read, in words; NULL: they can */
} ready_rule;

typedef struct rule_set rule_set;

/* `rows` are in the order in which they are tried, and the set's from here on, also after a failure. */
vdb_status rule_set_new(const vdb_transfer_rule *rows, size_t count, const char *version, rule_set **set,
                        vdb_error *error);
void rule_set_share(const rule_set *set);
void rule_set_release(const rule_set *set); /* NULL is allowed */

size_t rule_set_count(const rule_set *set);
const ready_rule *rule_set_rule(const rule_set *set, size_t index);
const char *rule_set_version(const rule_set *set);

/*
 * Fills `matches`, one for each rule; disabled ones are never meant. `a` holds what is found out on the way. NULL
 * memory: VDB_DEFECT. No expression takes longer than its limits, whatever it is and whatever was said.
 */
vdb_status rule_set_match(const rule_set *set, arena *a, const char *utterance, rule_match *matches, vdb_error *error);

/* VDB_BAD_INPUT, with the place and the reason: PCRE2 cannot compile it. */
vdb_status rule_check_pattern(const char *pattern, vdb_error *error);

#endif
