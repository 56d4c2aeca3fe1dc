/* The one registry of statuses: their names, and the HTTP status of each. The exit status is the enum's own value. */
#include "base/error.h"

static const struct {
    const char *name;
    int http;
} statuses[] = {
    [VDB_OK] = { "ok", 200 },
    [VDB_DEFECT] = { "defect", 500 },
    [VDB_USAGE] = { "usage", 400 },
    [VDB_NOT_FOUND] = { "not_found", 404 },
    [VDB_CONFLICT] = { "conflict", 409 },
    [VDB_NOT_ALLOWED] = { "not_allowed", 403 },
    [VDB_UNREACHABLE] = { "unreachable", 503 },
    [VDB_SCHEMA] = { "schema", 503 },
    [VDB_PROVIDER] = { "provider", 502 },
    [VDB_BAD_INPUT] = { "bad_input", 422 },
    [VDB_PENDING] = { "pending", 200 },
    [VDB_DRIFT] = { "drift", 200 },
    [VDB_FINDINGS] = { "findings", 200 },
    [VDB_WORSE] = { "worse", 200 },
};

static size_t known(vdb_status status)
{
    size_t index = (size_t)status;
    return index < sizeof statuses / sizeof statuses[0] ? index : VDB_DEFECT;
}

const char *vdb_status_name(vdb_status status)
{
    return statuses[known(status)].name;
}

int vdb_status_http(vdb_status status)
{
    return statuses[known(status)].http;
}

const char *vdb_version(void)
{
    return VOICEDB_VERSION;
}
