/* What tenants have stored: passages and their models, documents, secretaries, notices. */
#include "doctor/doctor.h"

#include "base/json.h"
#include "knowledge/builtin.h"
#include "knowledge/embed.h"
#include "queries.h"
#include "store/chunk_terms.h"

#include <stdlib.h>
#include <string.h>

vdb_status check_chunk_embedding(doctor *d, vdb_error *error)
{
    if (!d->facts.codes) {
        doctor_skip(d, "There are no codes to read it from: pgvector is older than 0.7.");
        return VDB_OK;
    }
    return doctor_ask_reports(d, QUERY_DOCTOR_CHUNK_EMBEDDINGS, (const param[]){ P(d->domain) }, error);
}

vdb_status check_document_terms(doctor *d, vdb_error *error)
{
    number version;
    const param params[] = { p_int(&(int64_t){ TERMS_VERSION }, &version), P(d->domain) };
    return doctor_ask_reports(d, QUERY_DOCTOR_DOCUMENT_TERMS, params, error);
}

vdb_status check_document_stuck(doctor *d, vdb_error *error)
{
    return doctor_ask_reports(d, QUERY_DOCTOR_STUCK_DOCUMENTS, (const param[]){ P(d->domain) }, error);
}

vdb_status check_secretary_provider(doctor *d, vdb_error *error)
{
    return doctor_ask_reports(d, QUERY_DOCTOR_SECRETARIES, (const param[]){ P(d->domain) }, error);
}

vdb_status check_webhook_waiting(doctor *d, vdb_error *error)
{
    return doctor_ask_reports(d, QUERY_DOCTOR_WEBHOOKS, (const param[]){ P(d->domain) }, error);
}

/* ---- models ------------------------------------------------------------------------------------------------------ */

/* NULL: nobody can use this config, so that it offers nothing. A model is known without the secrets. Free with
 * json_decref(). */
static json_t *model_of(const char *provider_name, const char *config)
{
    embedder *e;
    char *masked = vdb_provider_config_masked(config);
    vdb_status status = masked == NULL ? VDB_BAD_INPUT : embedder_new(provider_name, masked, &e, NULL);
    free(masked);
    if (status != VDB_OK)
        return NULL;
    json_t *model = json_string(embedder_model(e));
    embedder_free(e);
    return model;
}

static bool append_offer(json_t *offers, const PGresult *result, int row)
{
    json_t *model = model_of(PQgetvalue(result, row, 1), PQgetvalue(result, row, 2));
    if (model == NULL)
        return true;
    bool enabled = PQgetvalue(result, row, 3)[0] == 't';
    return json_array_append_new(offers, json_pack("{s:s, s:o, s:b}", "provider_uuid", PQgetvalue(result, row, 0),
                                                   "model", model, "enabled", enabled)) == 0;
}

/* A JSON array; NULL: memory ran out. Free with free(). */
static char *list_offers(const PGresult *result)
{
    json_t *offers = json_array();
    bool complete = offers != NULL;
    for (int i = 0; complete && i < PQntuples(result); i++)
        complete = append_offer(offers, result, i);
    char *text = complete ? json_dumps(offers, JSON_COMPACT) : NULL;
    json_decref(offers);
    return text;
}

vdb_status check_chunk_model(doctor *d, vdb_error *error)
{
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_EMBEDDERS, (const param[]){ P(d->domain) }, &result, error);
    if (status != VDB_OK)
        return status;
    char *offers = list_offers(result);
    PQclear(result);
    status = offers == NULL ? error_memory(error)
                            : doctor_ask_reports(d, QUERY_DOCTOR_CHUNK_MODELS,
                                                 (const param[]){ P(d->domain), P(offers), P(BUILTIN_MODEL) }, error);
    free(offers);
    return status;
}
