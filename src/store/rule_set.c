#define PCRE2_CODE_UNIT_WIDTH 8

#include "store/rule_set.h"

#include "base/plural.h"
#include "base/text.h"

#include <pcre2.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* An expression that needs more than this is one that explodes: ordinary ones stay below a hundredth of it. */
enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 500, HEAP_LIMIT_KIB = 512, LONGEST_PATTERN = 1000, DEEPEST_PARENTHESES = 50 };

/* A keyword's stemmed words. */
typedef struct phrase {
    const char *const *stems;
    size_t words;
    size_t rule;
    const char *keyword;
} phrase;

typedef struct pattern {
    size_t rule;
    const char *text;
    pcre2_code *code; /* NULL: `trouble` says why */
    const char *trouble;
} pattern;

struct rule_set {
    atomic_uint users;
    arena *memory;
    const vdb_transfer_rule *rows;
    ready_rule *rules;
    size_t count;
    phrase *phrases; /* by their first stem */
    size_t phrase_count;
    pattern *patterns; /* by their rule */
    size_t pattern_count;
    pcre2_match_context *limits;
    char *version;
};

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* The folded words of a text, stemmed; ends with NULL. NULL: memory ran out. */
static const char *const *stems_of(arena *a, const char *text, size_t *count)
{
    char *folded = text_fold(a, text, strlen(text));
    *count = 0;
    if (folded == NULL)
        return NULL;
    size_t words = folded[0] != '\0';
    for (const char *c = folded; *c != '\0'; c++)
        words += *c == ' ';
    const char **stems = arena_array(a, words + 1, sizeof *stems);
    for (char *word = folded; stems != NULL && *count < words; (*count)++) {
        size_t length = strcspn(word, " ");
        bool last = word[length] == '\0';
        stems[*count] = word;
        word[plural_stem(word, length)] = '\0';
        word += length + !last;
    }
    return stems;
}

static int compare_phrases(const void *one, const void *other)
{
    const phrase *a = one, *b = other;
    int order = strcmp(a->stems[0], b->stems[0]);
    return order != 0 ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static size_t count_strings(const char *const *strings)
{
    size_t count = 0;
    while (strings != NULL && strings[count] != NULL)
        count++;
    return count;
}

/* ---- patterns ---------------------------------------------------------------------------------------------------- */

static pcre2_code *compile(const char *text, char *reason, size_t room)
{
    int code;
    PCRE2_SIZE offset;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *compiled = NULL;
    snprintf(reason, room, "memory ran out");
    if (context != NULL) {
        pcre2_set_max_pattern_length(context, LONGEST_PATTERN);
        pcre2_set_parens_nest_limit(context, DEEPEST_PARENTHESES);
        compiled =
            pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context);
    }
    if (compiled == NULL && context != NULL) {
        PCRE2_UCHAR message[200];
        pcre2_get_error_message(code, message, sizeof message);
        snprintf(reason, room, "%s at character %zu", (const char *)message, (size_t)offset + 1);
    }
    pcre2_compile_context_free(context);
    /* Without executable memory to be had, PCRE2 interprets. */
    if (compiled != NULL)
        (void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
    return compiled;
}

vdb_status rule_check_pattern(const char *text, vdb_error *error)
{
    char reason[256];
    pcre2_code *code = compile(text, reason, sizeof reason);
    if (code == NULL) {
        error_set(error, VDB_BAD_INPUT, "Write a regular expression as Perl has them, such as 'segunda via|boletos?'.",
                  "the pattern \"%s\" cannot be used", text);
        return error_detail(error, "%s", reason);
    }
    pcre2_code_free(code);
    return VDB_OK;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static vdb_status add_phrases(rule_set *s, size_t rule, vdb_error *error)
{
    const char *const *keyword = s->rows[rule].intent_keywords;
    for (; keyword != NULL && *keyword != NULL; keyword++) {
        phrase *p = &s->phrases[s->phrase_count];
        p->stems = stems_of(s->memory, *keyword, &p->words);
        if (p->stems == NULL)
            return error_memory(error);
        p->rule = rule;
        p->keyword = *keyword;
        s->phrase_count += p->words > 0;
    }
    return VDB_OK;
}

static vdb_status add_patterns(rule_set *s, size_t rule, vdb_error *error)
{
    const char *const *text = s->rows[rule].intent_patterns;
    for (; text != NULL && *text != NULL; text++) {
        char reason[256];
        pattern *p = &s->patterns[s->pattern_count++];
        p->rule = rule;
        p->text = *text;
        p->code = compile(*text, reason, sizeof reason);
        p->trouble =
            p->code == NULL ? arena_printf(s->memory, "the pattern \"%s\" cannot be used: %s", *text, reason) : NULL;
        if (p->code == NULL && p->trouble == NULL)
            return error_memory(error);
    }
    return VDB_OK;
}

static vdb_status add_rule(rule_set *s, size_t rule, vdb_error *error)
{
    vdb_error reason = { 0 };
    hours *h;
    ready_rule *r = &s->rules[rule];
    r->row = &s->rows[rule];
    if (hours_parse(s->memory, r->row->working_hours, &h, &reason) == VDB_OK)
        r->hours = h;
    else
        r->hours_trouble = arena_copy_string(s->memory, reason.message);
    vdb_status status = r->row->enabled ? add_phrases(s, rule, error) : VDB_OK;
    return status == VDB_OK && r->row->enabled ? add_patterns(s, rule, error) : status;
}

static bool allocate(rule_set *s)
{
    size_t keywords = 0, patterns = 0;
    for (size_t i = 0; i < s->count; i++) {
        keywords += count_strings(s->rows[i].intent_keywords);
        patterns += count_strings(s->rows[i].intent_patterns);
    }
    s->limits = pcre2_match_context_create(NULL);
    s->rules = arena_array(s->memory, s->count + 1, sizeof *s->rules);
    s->phrases = arena_array(s->memory, keywords + 1, sizeof *s->phrases);
    s->patterns = arena_array(s->memory, patterns + 1, sizeof *s->patterns);
    if (s->limits == NULL || s->rules == NULL || s->phrases == NULL || s->patterns == NULL)
        return false;
    pcre2_set_match_limit(s->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(s->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
    return true;
}

static void discard(rule_set *s)
{
    for (size_t i = 0; i < s->pattern_count; i++)
        pcre2_code_free(s->patterns[i].code);
    pcre2_match_context_free(s->limits);
    vdb_rows_free(s->rows);
    arena_free(s->memory);
    free(s);
}

vdb_status rule_set_new(const vdb_transfer_rule *rows, size_t count, const char *version, rule_set **set,
                        vdb_error *error)
{
    rule_set *s = calloc(1, sizeof *s);
    arena *memory = arena_new();
    if (s == NULL || memory == NULL) {
        vdb_rows_free(rows);
        arena_free(memory);
        free(s);
        return error_memory(error);
    }
    *s = (rule_set){ .users = 1, .memory = memory, .rows = rows, .count = count };
    s->version = arena_copy_string(memory, version);
    vdb_status status = s->version == NULL || !allocate(s) ? error_memory(error) : VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < count; i++)
        status = add_rule(s, i, error);
    if (status != VDB_OK) {
        discard(s);
        return status;
    }
    if (s->phrases != NULL)
        qsort(s->phrases, s->phrase_count, sizeof *s->phrases, compare_phrases);
    *set = s;
    return VDB_OK;
}

void rule_set_share(const rule_set *set)
{
    atomic_fetch_add(&((rule_set *)(uintptr_t)set)->users, 1);
}

void rule_set_release(const rule_set *set)
{
    rule_set *s = (rule_set *)(uintptr_t)set;
    if (s != NULL && atomic_fetch_sub(&s->users, 1) == 1)
        discard(s);
}

size_t rule_set_count(const rule_set *s)
{
    return s->count;
}

const ready_rule *rule_set_rule(const rule_set *s, size_t index)
{
    return &s->rules[index];
}

const char *rule_set_version(const rule_set *s)
{
    return s->version;
}

/* ---- matching ---------------------------------------------------------------------------------------------------- */

/* The first phrase whose first stem is not below. */
static size_t lower_bound(const rule_set *s, const char *stem)
{
    size_t low = 0, high = s->phrase_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(s->phrases[middle].stems[0], stem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_there(const phrase *p, const char *const *said, size_t left)
{
    bool same = p->words <= left;
    for (size_t i = 1; same && i < p->words; i++)
        same = strcmp(p->stems[i], said[i]) == 0;
    return same;
}

static void match_keywords(const rule_set *s, const char *const *said, size_t words, rule_match *matches)
{
    for (size_t at = 0; at < words; at++) {
        for (size_t i = lower_bound(s, said[at]); i < s->phrase_count && strcmp(s->phrases[i].stems[0], said[at]) == 0;
             i++) {
            const phrase *p = &s->phrases[i];
            if (matches[p->rule].by == NULL && stands_there(p, said + at, words - at))
                matches[p->rule] = (rule_match){ .by = "keyword", .matched = p->keyword };
        }
    }
}

static vdb_status match_pattern(const rule_set *s, const pattern *p, const char *utterance, pcre2_match_data *data,
                                arena *a, rule_match *match, vdb_error *error)
{
    if (p->code == NULL) {
        match->trouble = p->trouble;
        return VDB_OK;
    }
    int found = pcre2_match(p->code, (PCRE2_SPTR)utterance, strlen(utterance), 0, PCRE2_NO_UTF_CHECK, data, s->limits);
    if (found >= 0) {
        match->by = "pattern";
        match->matched = p->text;
    } else if (found != PCRE2_ERROR_NOMATCH) {
        match->trouble = arena_printf(a, "the pattern \"%s\" takes too long on this and was given up", p->text);
        if (match->trouble == NULL)
            return error_memory(error);
    }
    return VDB_OK;
}

static vdb_status match_patterns(const rule_set *s, arena *a, const char *utterance, rule_match *matches,
                                 vdb_error *error)
{
    if (s->pattern_count == 0)
        return VDB_OK;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    vdb_status status = data == NULL ? error_memory(error) : VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < s->pattern_count; i++) {
        rule_match *match = &matches[s->patterns[i].rule];
        if (match->by == NULL)
            status = match_pattern(s, &s->patterns[i], utterance, data, a, match, error);
    }
    pcre2_match_data_free(data);
    return status;
}

vdb_status rule_set_match(const rule_set *s, arena *a, const char *utterance, rule_match *matches, vdb_error *error)
{
    size_t words;
    const char *const *said = stems_of(a, utterance, &words);
    if (said == NULL)
        return error_memory(error);
    match_keywords(s, said, words, matches);
    return match_patterns(s, a, utterance, matches, error);
}
