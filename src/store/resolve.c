/*
 * Where a call goes. The rules are kept at hand; one round trip then asks what only this moment knows, and whether the
 * rules are still these.
 */
#include "base/json.h"
#include "base/text.h"
#include "store/at_hand.h"
#include "store/rule_set.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_UTTERANCE = 64 * 1024, MOST_TRIES = 5 };

/* ---- rules at hand ----------------------------------------------------------------------------------------------- */

/* From rows of rules and version, which become the set's. */
static vdb_status make_set(const rule_row *rows, size_t count, rule_set **set, vdb_error *error)
{
    arena *a = rows_memory(rows);
    const char *version = arena_copy_string(a, rows[0].version);
    /* An array of the rules alone, in the rows' own memory. */
    vdb_transfer_rule *rules = (vdb_transfer_rule *)(uintptr_t)rows;
    if (rows[0].rule.transfer_rule_uuid == NULL)
        count = 0;
    for (size_t i = 0; i < count; i++)
        memmove(&rules[i], &rows[i].rule, sizeof rules[i]);
    if (version == NULL) {
        vdb_rows_free(rows);
        return error_memory(error);
    }
    return rule_set_new(rules, count, version, set, error);
}

static vdb_status load(vdb_tenant *t, const char *secretary, rule_set **set, vdb_error *error)
{
    const rule_row *rows;
    size_t count;
    const char *uuid = secretary[0] == '\0' ? NULL : secretary;
    vdb_status status =
        tenant_rows(t, REQUEST(TRANSFER_RULE_LOAD, P(uuid)), &rule_row_record, (const void **)&rows, &count, error);
    return status == VDB_OK ? make_set(rows, count, set, error) : status;
}

/* ---- this moment ------------------------------------------------------------------------------------------------- */

typedef struct resolving {
    vdb_tenant *tenant;
    const char *secretary; /* UUID, or "" */
    const char *utterance, *instant;
    arena *memory; /* of the decision */
    vdb_transfer_decision *decision;
    const rule_set *set;
    rule_match *matches;
    PGresult *moment;
} resolving;

static const char *answer(const resolving *r, const char *kind, const char *name)
{
    for (int row = 0; row < PQntuples(r->moment); row++) {
        if (strcmp(PQgetvalue(r->moment, row, 0), kind) == 0 &&
            (name == NULL || strcmp(PQgetvalue(r->moment, row, 1), name) == 0))
            return PQgetisnull(r->moment, row, 2) ? NULL : PQgetvalue(r->moment, row, 2);
    }
    return NULL;
}

static const char *zone_of(const ready_rule *rule)
{
    const char *zone = rule->hours == NULL ? NULL : hours_zone(rule->hours);
    return zone == NULL ? "" : zone;
}

/* What a number is asked for by; NULL: there is nothing to ask, or memory ran out. */
static const char *number_name(const resolving *r, const char *kind, const char *dialled)
{
    if (kind == NULL || dialled == NULL || strcmp(kind, "external") == 0)
        return NULL;
    return arena_printf(r->memory, "%s %s", kind, dialled);
}

static const char *fallback_kind(const vdb_transfer_rule *rule)
{
    bool voicemail = rule->fallback_action != NULL && strcmp(rule->fallback_action, "voicemail") == 0;
    return voicemail ? "voicemail" : "any";
}

static void add_once(json_t *array, const char *text)
{
    size_t index;
    json_t *there;
    json_array_foreach(array, index, there)
    {
        if (text == NULL || strcmp(json_string_value(there), text) == 0)
            return;
    }
    if (text != NULL)
        json_array_append_new(array, json_string(text));
}

/* Only those that are meant are asked about. */
static bool gather(const resolving *r, json_t *zones, json_t *numbers)
{
    for (size_t i = 0; i < rule_set_count(r->set); i++) {
        const ready_rule *rule = rule_set_rule(r->set, i);
        if (r->matches[i].by == NULL)
            continue;
        if (rule->hours != NULL)
            add_once(zones, zone_of(rule));
        add_once(numbers, number_name(r, rule->row->destination_type, rule->row->transfer_extension));
        add_once(numbers, number_name(r, fallback_kind(rule->row), rule->row->fallback_extension));
    }
    return zones != NULL && numbers != NULL;
}

/* What the server says of an instant that is none. */
static vdb_status explain_instant(const resolving *r, vdb_status status, vdb_error *error)
{
    if (r->instant == NULL || error == NULL || strncmp(error->sqlstate, "2200", 4) != 0)
        return status;
    return error_set(error, VDB_BAD_INPUT, "Give one as RFC 3339 has it, such as 2026-12-24T22:30:00-03:00.",
                     "\"%s\" is no instant", r->instant);
}

static vdb_status ask_moment(resolving *r, vdb_error *error)
{
    json_t *zones = json_array(), *numbers = json_array();
    bool gathered = gather(r, zones, numbers);
    char *zones_text = gathered ? json_dumps(zones, JSON_COMPACT) : NULL;
    char *numbers_text = gathered ? json_dumps(numbers, JSON_COMPACT) : NULL;
    vdb_status status = VDB_OK;
    if (zones_text == NULL || numbers_text == NULL) {
        status = error_memory(error);
    } else {
        const char *uuid = r->secretary[0] == '\0' ? NULL : r->secretary;
        const request check = REQUEST(TRANSFER_CHECK, P(uuid), P(r->instant), P(zones_text), P(numbers_text));
        status = explain_instant(r, tenant_run(r->tenant, &check, 1, &r->moment, error), error);
    }
    free(zones_text);
    free(numbers_text);
    json_decref(zones);
    json_decref(numbers);
    return status;
}

/* ---- deciding ---------------------------------------------------------------------------------------------------- */

#define SAY(r, ...) arena_printf((r)->memory, __VA_ARGS__)

/* What a number's state means; NULL: it can be called. */
static const char *number_trouble(const resolving *r, const char *kind, const char *dialled)
{
    if (strcmp(kind, "external") == 0)
        return dialled[strspn(dialled, "+*#0123456789")] == '\0' ? NULL : SAY(r, "%s is no number to dial", dialled);
    const char *name = number_name(r, kind, dialled);
    const char *state = name == NULL ? NULL : answer(r, "number", name);
    bool any = strcmp(kind, "any") == 0;
    if (state != NULL && strcmp(state, "disabled") == 0)
        return SAY(r, "%s %s is disabled in FusionPBX", any ? "the number" : kind, dialled);
    if (state != NULL && strcmp(state, "missing") == 0)
        return SAY(r, "FusionPBX has no %s %s", any ? "number" : kind, dialled);
    return NULL;
}

/* Why the rule cannot take a call by the clock; NULL: it can. */
static const char *hours_trouble(const resolving *r, const ready_rule *rule)
{
    if (rule->hours_trouble != NULL)
        return rule->hours_trouble;
    if (rule->hours == NULL)
        return NULL;
    local_time now;
    const char *state = answer(r, "zone", zone_of(rule));
    const char *space = state == NULL ? NULL : strchr(state, ' ');
    if (space == NULL || !local_time_parse(space + 1, &now))
        return SAY(r, "there is no time zone %s", zone_of(rule));
    return hours_are_open(rule->hours, &now) ? NULL
                                             : SAY(r, "closed at %s (%.*s)", space + 1, (int)(space - state), state);
}

static const char *meant_by(const resolving *r, size_t i)
{
    return SAY(r, "meant by the %s \"%s\"", r->matches[i].by, r->matches[i].matched);
}

static void fill_fallback(const resolving *r, const vdb_transfer_rule *rule, const char *why)
{
    vdb_transfer_decision *d = r->decision;
    d->outcome = "fallback";
    d->rule = rule;
    d->action = rule->fallback_action != NULL ? rule->fallback_action : "transfer";
    d->number = rule->fallback_extension;
    d->destination_type =
        rule->fallback_extension != NULL && strcmp(fallback_kind(rule), "voicemail") == 0 ? "voicemail" : NULL;
    d->why = why;
}

/* One step's verdict; true: this rule takes the call. */
static bool judge(const resolving *r, size_t i, vdb_transfer_step *step)
{
    const ready_rule *rule = rule_set_rule(r->set, i);
    const rule_match *m = &r->matches[i];
    if (!rule->row->enabled || m->by == NULL) {
        step->verdict = rule->row->enabled ? "not_meant" : "disabled";
        step->why = m->trouble != NULL   ? m->trouble
                    : rule->row->enabled ? "no keyword and no pattern of it was said"
                                         : "the rule is disabled";
        return false;
    }
    if (r->decision->rule != NULL) {
        step->verdict = "later";
        step->why = SAY(r, "%s, but another rule came first", meant_by(r, i));
        return false;
    }
    const char *trouble = hours_trouble(r, rule);
    if (trouble == NULL)
        trouble = number_trouble(r, rule->row->destination_type, rule->row->transfer_extension);
    step->verdict = trouble == NULL ? "chosen" : "passed";
    step->why = trouble == NULL ? meant_by(r, i) : SAY(r, "%s, but %s", meant_by(r, i), trouble);
    return trouble == NULL;
}

static void fill_choice(const resolving *r, size_t i, const char *why)
{
    const vdb_transfer_rule *rule = rule_set_rule(r->set, i)->row;
    vdb_transfer_decision *d = r->decision;
    d->outcome = d->action = "transfer";
    d->rule = rule;
    d->destination_type = rule->destination_type;
    d->number = rule->transfer_extension;
    d->message = rule->transfer_message;
    d->why = why;
}

/* The first rule that was passed over and says what else to do, if that can be done. */
static void fall_back(const resolving *r, vdb_transfer_step *steps, size_t *index)
{
    for (size_t i = 0; i < rule_set_count(r->set); i++) {
        const vdb_transfer_rule *rule = rule_set_rule(r->set, i)->row;
        bool has_number = rule->fallback_extension != NULL;
        if (strcmp(steps[i].verdict, "passed") != 0 || (rule->fallback_action == NULL && !has_number))
            continue;
        const char *trouble = has_number ? number_trouble(r, fallback_kind(rule), rule->fallback_extension) : NULL;
        if (trouble != NULL) {
            steps[i].why = SAY(r, "%s; its fallback cannot be had: %s", steps[i].why, trouble);
            continue;
        }
        steps[i].verdict = "fallback";
        fill_fallback(r, rule, steps[i].why);
        *index = i;
        return;
    }
}

static const char *const *copy_strings(arena *a, const char *const *strings)
{
    size_t count = 0;
    while (strings != NULL && strings[count] != NULL)
        count++;
    const char **copy = arena_array(a, count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = arena_copy_string(a, strings[i]);
        if (copy[i] == NULL)
            return NULL;
    }
    return copy;
}

/* The rule outlives the rules at hand. */
static bool copy_rule(const resolving *r)
{
    const vdb_transfer_rule *from = r->decision->rule;
    vdb_transfer_rule *to = from == NULL ? NULL : arena_alloc(r->memory, sizeof *to);
    if (to == NULL)
        return from == NULL;
    *to = *from;
    for (size_t i = 0; i < transfer_rule_record.count; i++) {
        const field *f = &transfer_rule_record.fields[i];
        const char **text = (const char **)(void *)((char *)to + f->offset);
        if ((f->type == FIELD_TEXT || f->type == FIELD_JSON || f->type == FIELD_INSTANT) && *text != NULL &&
            (*text = arena_copy_string(r->memory, *text)) == NULL)
            return false;
    }
    to->intent_keywords = copy_strings(r->memory, from->intent_keywords);
    to->intent_patterns = copy_strings(r->memory, from->intent_patterns);
    r->decision->rule = to;
    return to->intent_keywords != NULL && to->intent_patterns != NULL;
}

/* Texts of the decision that are the rules'. */
static bool copy_texts(const resolving *r)
{
    vdb_transfer_decision *d = r->decision;
    const char **const texts[] = { &d->action, &d->destination_type, &d->number, &d->message, &d->matched };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (*texts[i] != NULL && (*texts[i] = arena_copy_string(r->memory, *texts[i])) == NULL)
            return false;
    }
    return true;
}

static vdb_status decide(const resolving *r, vdb_error *error)
{
    vdb_transfer_decision *d = r->decision;
    size_t count = rule_set_count(r->set), chosen = count;
    vdb_transfer_step *steps = arena_array(r->memory, count + 1, sizeof *steps);
    if (steps == NULL)
        return error_memory(error);
    *d = (vdb_transfer_decision){
        .outcome = "none", .why = "no rule is meant by it", .steps = steps, .step_count = count
    };
    for (size_t i = 0; i < count; i++) {
        const vdb_transfer_rule *rule = rule_set_rule(r->set, i)->row;
        steps[i].transfer_rule_uuid = arena_copy_string(r->memory, rule->transfer_rule_uuid);
        steps[i].department_name = arena_copy_string(r->memory, rule->department_name);
        steps[i].priority = rule->priority;
        if (judge(r, i, &steps[i])) {
            fill_choice(r, i, steps[i].why);
            chosen = i;
        } else if (d->rule == NULL && strcmp(steps[i].verdict, "passed") == 0) {
            d->why = "no rule that is meant can take the call now";
        }
    }
    if (d->rule == NULL)
        fall_back(r, steps, &chosen);
    if (chosen < count) {
        d->matched_by = r->matches[chosen].by;
        d->matched = r->matches[chosen].matched;
    }
    d->instant = arena_copy_string(r->memory, answer(r, "instant", NULL));
    bool whole = d->instant != NULL && copy_texts(r) && copy_rule(r);
    for (size_t i = 0; i < count; i++) {
        /* What a step says may be text of the rules at hand. */
        steps[i].why = steps[i].why == NULL ? NULL : arena_copy_string(r->memory, steps[i].why);
        whole =
            whole && steps[i].transfer_rule_uuid != NULL && steps[i].department_name != NULL && steps[i].why != NULL;
    }
    return whole ? VDB_OK : error_memory(error);
}

/* ---- the call ---------------------------------------------------------------------------------------------------- */

/* With the rules at hand; `*stale`: they are others now. */
static vdb_status try_with(resolving *r, bool *stale, vdb_error *error)
{
    r->matches = arena_array(r->memory, rule_set_count(r->set) + 1, sizeof *r->matches);
    vdb_status status =
        r->matches == NULL ? error_memory(error) : rule_set_match(r->set, r->memory, r->utterance, r->matches, error);
    if (status == VDB_OK)
        status = ask_moment(r, error);
    if (status != VDB_OK)
        return status;
    *stale = !at_hand_is_current(rule_set_version(r->set), r->moment, "version", 2);
    if (r->secretary[0] != '\0' && answer(r, "secretary", NULL) == NULL)
        status = error_set(error, VDB_NOT_FOUND, "Run `voicedb secretary list` to see what there is.",
                           "no secretary \"%s\" in this tenant", r->secretary);
    else if (!*stale)
        status = decide(r, error);
    PQclear(r->moment);
    r->moment = NULL;
    return status;
}

static vdb_status resolve(resolving *r, vdb_error *error)
{
    char key[AT_HAND_KEY_ROOM];
    bool stale = true;
    vdb_status status = VDB_OK;
    kept *at_hand = at_hand_key(key, r->tenant, r->secretary) ? at_hand_rules(r->tenant->pool) : NULL;
    for (int i = 0; status == VDB_OK && stale && i < MOST_TRIES; i++) {
        const rule_set *found = i == 0 && at_hand != NULL ? kept_find(at_hand, key) : NULL;
        rule_set *loaded = NULL;
        if (found == NULL)
            status = load(r->tenant, r->secretary, &loaded, error);
        if (status != VDB_OK)
            return status;
        r->set = found == NULL ? loaded : found;
        if (loaded != NULL && at_hand != NULL)
            kept_put(at_hand, key, loaded, 1 + rule_set_count(loaded));
        status = try_with(r, &stale, error);
        rule_set_release(r->set);
    }
    return status == VDB_OK && stale
               ? error_set(error, VDB_CONFLICT, "Try again.", "the transfer rules change all the time")
               : status;
}

static vdb_status check_utterance(const char *utterance, vdb_error *error)
{
    vdb_status status = check_required(utterance, "utterance", error);
    if (status != VDB_OK)
        return status;
    size_t length = strnlen(utterance, LONGEST_UTTERANCE + 1);
    if (length > LONGEST_UTTERANCE)
        return error_set(error, VDB_BAD_INPUT, "Give what the caller said last.",
                         "the utterance is longer than %d bytes", LONGEST_UTTERANCE);
    return text_is_utf8(utterance, length)
               ? VDB_OK
               : error_set(error, VDB_BAD_INPUT, "Give UTF-8.", "the utterance is not UTF-8");
}

vdb_status vdb_transfer_resolve(vdb_tenant *tenant, const char *secretary, const char *utterance, const char *instant,
                                const vdb_transfer_decision **decision, vdb_error *error)
{
    char room[37];
    const char *uuid = secretary;
    error_clear(error);
    vdb_status status = check_utterance(utterance, error);
    /* A UUID needs no look-up: what is asked of this moment tells whether there is such a secretary. */
    if (status == VDB_OK && (secretary == NULL || !text_is_uuid(secretary)))
        status = secretary_resolve(tenant, secretary, room, &uuid, error);
    if (status != VDB_OK)
        return status;
    resolving r = {
        .tenant = tenant, .secretary = uuid == NULL ? "" : uuid, .utterance = utterance, .instant = instant
    };
    r.decision = rows_allocate(sizeof *r.decision, 1, &r.memory);
    if (r.decision == NULL)
        return error_memory(error);
    status = resolve(&r, error);
    if (status == VDB_OK)
        *decision = r.decision;
    else
        vdb_rows_free(r.decision);
    return status;
}
