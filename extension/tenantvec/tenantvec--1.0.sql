\echo Use "CREATE EXTENSION tenantvec" to load this file. \quit

CREATE FUNCTION tenantvec_handler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME' LANGUAGE C;

CREATE ACCESS METHOD tenantvec TYPE INDEX HANDLER tenantvec_handler;

COMMENT ON ACCESS METHOD tenantvec IS 'nearest neighbours inside one tenant';

-- What a vector column holds and which distance orders it; support function 2 of the vector classes.
CREATE FUNCTION tenantvec_vector_l2(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION tenantvec_vector_ip(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION tenantvec_vector_cosine(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION tenantvec_halfvec_l2(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION tenantvec_halfvec_ip(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION tenantvec_halfvec_cosine(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Tenant column: equality, and a hash that agrees with it.
CREATE OPERATOR CLASS uuid_ops
    DEFAULT FOR TYPE uuid USING tenantvec AS
    OPERATOR 1 = (uuid, uuid),
    FUNCTION 1 uuid_hash_extended(uuid, int8);

CREATE OPERATOR CLASS text_ops
    DEFAULT FOR TYPE text USING tenantvec AS
    OPERATOR 1 = (text, text),
    FUNCTION 1 hashtextextended(text, int8);

CREATE OPERATOR FAMILY integer_ops USING tenantvec;

CREATE OPERATOR CLASS int8_ops
    DEFAULT FOR TYPE int8 USING tenantvec FAMILY integer_ops AS
    OPERATOR 1 = (int8, int8),
    FUNCTION 1 hashint8extended(int8, int8);

CREATE OPERATOR CLASS int4_ops
    DEFAULT FOR TYPE int4 USING tenantvec FAMILY integer_ops AS
    OPERATOR 1 = (int4, int4),
    FUNCTION 1 hashint4extended(int4, int8);

ALTER OPERATOR FAMILY integer_ops USING tenantvec ADD
    OPERATOR 1 = (int8, int4),
    OPERATOR 1 = (int8, int2),
    OPERATOR 1 = (int4, int8),
    OPERATOR 1 = (int4, int2);

-- Vector column: the operator it is ordered by, and that operator's function for the exact order.
CREATE OPERATOR CLASS vector_l2_ops
    FOR TYPE vector USING tenantvec AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 l2_distance(vector, vector),
    FUNCTION 2 (vector, vector) tenantvec_vector_l2(internal);

CREATE OPERATOR CLASS vector_ip_ops
    FOR TYPE vector USING tenantvec AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector),
    FUNCTION 2 (vector, vector) tenantvec_vector_ip(internal);

CREATE OPERATOR CLASS vector_cosine_ops
    FOR TYPE vector USING tenantvec AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 cosine_distance(vector, vector),
    FUNCTION 2 (vector, vector) tenantvec_vector_cosine(internal);

CREATE OPERATOR CLASS halfvec_l2_ops
    FOR TYPE halfvec USING tenantvec AS
    OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 l2_distance(halfvec, halfvec),
    FUNCTION 2 (halfvec, halfvec) tenantvec_halfvec_l2(internal);

CREATE OPERATOR CLASS halfvec_ip_ops
    FOR TYPE halfvec USING tenantvec AS
    OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec),
    FUNCTION 2 (halfvec, halfvec) tenantvec_halfvec_ip(internal);

CREATE OPERATOR CLASS halfvec_cosine_ops
    FOR TYPE halfvec USING tenantvec AS
    OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 cosine_distance(halfvec, halfvec),
    FUNCTION 2 (halfvec, halfvec) tenantvec_halfvec_cosine(internal);

CREATE FUNCTION tenantvec_tenants(index regclass, OUT tenant text, OUT rows bigint, OUT dimensions int, OUT pages bigint,
                                  OUT lists int, OUT bits int)
    RETURNS SETOF record AS 'MODULE_PATHNAME' LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION tenantvec_check(index regclass, OUT tenants bigint, OUT rows bigint, OUT pages bigint,
                                OUT free_pages bigint, OUT lost_pages bigint)
    RETURNS record AS 'MODULE_PATHNAME' LANGUAGE C STRICT VOLATILE;

-- Both read rows of every tenant, past row-level security.
REVOKE ALL ON FUNCTION tenantvec_tenants(regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION tenantvec_check(regclass) FROM PUBLIC;
