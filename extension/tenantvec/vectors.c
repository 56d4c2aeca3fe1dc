/*
 * vectors.c: the index as its operator classes describe it, and pgvector's values as arrays of float.
 *
 * The layouts below are those of pgvector's `vector` and `halfvec` on disk; this extension does not link to it.
 */
#include "tenantvec.h"

#include <math.h>

#include "utils/lsyscache.h"

typedef struct TvVector {
    int32 vl_len_;
    int16 dim;
    int16 unused;
    float x[FLEXIBLE_ARRAY_MEMBER];
} TvVector;

typedef struct TvHalfvec {
    int32 vl_len_;
    int16 dim;
    int16 unused;
    uint16 x[FLEXIBLE_ARRAY_MEMBER];
} TvHalfvec;

#define TV_DESCRIBE(name, metric, half)                                                                                \
    PG_FUNCTION_INFO_V1(name);                                                                                         \
    Datum name(PG_FUNCTION_ARGS)                                                                                       \
    {                                                                                                                  \
        static const TvVectorType type = { metric, half };                                                             \
        PG_RETURN_POINTER(&type);                                                                                      \
    }                                                                                                                  \
    extern Datum name(PG_FUNCTION_ARGS)

TV_DESCRIBE(tenantvec_vector_l2, TV_L2, false);
TV_DESCRIBE(tenantvec_vector_ip, TV_IP, false);
TV_DESCRIBE(tenantvec_vector_cosine, TV_COSINE, false);
TV_DESCRIBE(tenantvec_halfvec_l2, TV_L2, true);
TV_DESCRIBE(tenantvec_halfvec_ip, TV_IP, true);
TV_DESCRIBE(tenantvec_halfvec_cosine, TV_COSINE, true);

static float tv_half_to_float(uint16 half)
{
    uint32 sign = (uint32)(half & 0x8000) << 16;
    uint32 exponent = (half >> 10) & 0x1f;
    uint32 fraction = half & 0x3ff;
    union {
        uint32 bits;
        float value;
    } result;

    if (exponent == 0) {
        result.value = (float)fraction * (1.0f / 16777216.0f);
        result.bits |= sign;
    } else if (exponent == 0x1f)
        result.bits = sign | 0x7f800000 | (fraction << 13);
    else
        result.bits = sign | ((exponent + 112) << 23) | (fraction << 13);
    return result.value;
}

/* Everything about the index that its catalog entries say; lives in `ctx`. */
TvIndex *tv_open(Relation index, MemoryContext ctx)
{
    TvIndex *ix = MemoryContextAllocZero(ctx, sizeof(TvIndex));
    FmgrInfo *describe = index_getprocinfo(index, 2, 2);
    Oid family = index->rd_opfamily[0];
    Oid equal;
    bool byval;
    int16 len;

    ix->rel = index;
    ix->ctx = ctx;
    ix->type = (const TvVectorType *)DatumGetPointer(FunctionCall1(describe, PointerGetDatum(NULL)));
    ix->hash = index_getprocinfo(index, 1, 1);
    ix->distance = index_getprocinfo(index, 2, 1);
    ix->key_type = index->rd_opcintype[0];
    get_typlenbyval(ix->key_type, &len, &byval);
    ix->key_typlen = len;
    ix->key_typbyval = byval;
    equal = get_opfamily_member(family, ix->key_type, ix->key_type, 1);
    if (!OidIsValid(equal))
        elog(ERROR, "operator class of \"%s\" has no equality", RelationGetRelationName(index));
    fmgr_info_cxt(get_opcode(equal), &ix->equal, ctx);
    return ix;
}

/* Length of a detoasted vector. */
int tv_vector_dim(const TvIndex *ix, Datum vector)
{
    const TvVector *v = (const TvVector *)DatumGetPointer(vector);
    size_t element = ix->type->half ? sizeof(uint16) : sizeof(float);

    if (v->dim < 1 || v->dim > TV_MAX_DIM || VARSIZE(v) != offsetof(TvVector, x) + element * v->dim)
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("not a vector of 1 to %d dimensions", TV_MAX_DIM)));
    return v->dim;
}

/* Make the buffers fit; forgets the reference point when the dimension changes. */
void tv_set_dim(TvIndex *ix, int dim)
{
    if (ix->dim == dim)
        return;
    if (ix->work) {
        pfree(ix->work);
        pfree(ix->ref);
    }
    ix->work = MemoryContextAllocZero(ix->ctx, sizeof(float) * TvPadded(dim));
    ix->ref = MemoryContextAllocZero(ix->ctx, sizeof(float) * TvPadded(dim));
    ix->ref_id = 0;
    ix->rotated = false;
    ix->dim = dim;
}

/*
 * Load a detoasted vector as the index sees it: of length one under cosine, padded with zeros, rotated. False if it has
 * no direction that could be coded.
 */
bool tv_vector_load(TvIndex *ix, Datum vector, float *out)
{
    int dim = tv_vector_dim(ix, vector);
    int padded = TvPadded(dim);
    float scale = 1;

    if (ix->type->half) {
        const TvHalfvec *v = (const TvHalfvec *)DatumGetPointer(vector);

        for (int i = 0; i < dim; i++)
            out[i] = tv_half_to_float(v->x[i]);
    } else
        memcpy(out, ((const TvVector *)DatumGetPointer(vector))->x, sizeof(float) * dim);
    memset(out + dim, 0, sizeof(float) * (padded - dim));
    if (ix->type->metric == TV_COSINE) {
        double norm2 = tv_norm2(out, padded);

        scale = (float)(1 / sqrt(norm2));
        if (norm2 == 0 || !isfinite(scale))
            return false;
    }
    tv_rotate(out, padded, scale);
    return true;
}

/* Have a detoasted vector at hand. */
void tv_vector_set(TvIndex *ix, Datum vector)
{
    tv_set_dim(ix, tv_vector_dim(ix, vector));
    ix->vector = vector;
    ix->rotated = false;
}

/* Load the vector at hand into ix->work, unless it is there. False if it cannot be coded. */
bool tv_vector_rotated(TvIndex *ix)
{
    if (!ix->rotated)
        ix->ranked = tv_vector_load(ix, ix->vector, ix->work);
    ix->rotated = true;
    return ix->ranked;
}
