/*
 * validate.c: whether an operator class can be what this access method takes it for.
 *
 * There are two kinds: a tenant class (equality as a search operator, a hash that agrees with it) and a vector class (a
 * distance as an ordering operator, the same distance as a function, and a description of type and metric).
 */
#include "tenantvec.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

typedef struct TvClass {
    const char *name;
    Oid family;
    Oid type;
    bool vector;
    bool valid;
} TvClass;

static void tv_complain(TvClass *class, const char *what, const char *which)
{
    ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                   errmsg("operator class \"%s\" of access method %s: %s %s", class->name, "tenantvec", what, which)));
    class->valid = false;
}

static bool tv_check_proc(TvClass *class, Form_pg_amproc proc)
{
    if (proc->amproclefttype != proc->amprocrighttype)
        return false;
    if (proc->amprocnum == 2)
        return check_amproc_signature(proc->amproc, INTERNALOID, true, 1, 1, INTERNALOID);
    if (proc->amprocnum != 1)
        return false;
    if (class->vector)
        return check_amproc_signature(proc->amproc, FLOAT8OID, true, 2, 2, proc->amproclefttype, proc->amproclefttype);
    return check_amproc_signature(proc->amproc, INT8OID, false, 2, 2, proc->amproclefttype, INT8OID);
}

static bool tv_check_operator(TvClass *class, Form_pg_amop oper)
{
    if (oper->amopstrategy != 1)
        return false;
    if (class->vector) {
        Oid sort = oper->amopsortfamily;

        return oper->amoppurpose == AMOP_ORDER && oper->amoplefttype == oper->amoprighttype &&
               opfamily_can_sort_type(sort, FLOAT8OID) &&
               check_amop_signature(oper->amopopr, FLOAT8OID, oper->amoplefttype, oper->amoprighttype);
    }
    return oper->amoppurpose == AMOP_SEARCH &&
           check_amop_signature(oper->amopopr, BOOLOID, oper->amoplefttype, oper->amoprighttype);
}

/* The class has what the index will ask of it, and nothing contradicts. */
static void tv_check_members(TvClass *class)
{
    Oid distance = get_opfamily_proc(class->family, class->type, class->type, 1);
    Oid oper = get_opfamily_member(class->family, class->type, class->type, 1);

    if (!OidIsValid(oper))
        tv_complain(class, "lacks operator 1 for", format_type_be(class->type));
    if (!OidIsValid(distance))
        tv_complain(class, "lacks function 1 for", format_type_be(class->type));
    if (class->vector && OidIsValid(oper) && OidIsValid(distance) && get_opcode(oper) != distance)
        tv_complain(class, "orders by another function than", format_procedure(distance));
}

static void tv_check_family(TvClass *class)
{
    CatCList *procs = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(class->family));
    CatCList *opers = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(class->family));

    for (int i = 0; i < procs->n_members; i++) {
        Form_pg_amproc proc = (Form_pg_amproc)GETSTRUCT(&procs->members[i]->tuple);

        if (!tv_check_proc(class, proc))
            tv_complain(class, "has a wrong function", format_procedure(proc->amproc));
    }
    for (int i = 0; i < opers->n_members; i++) {
        Form_pg_amop oper = (Form_pg_amop)GETSTRUCT(&opers->members[i]->tuple);

        if (!tv_check_operator(class, oper))
            tv_complain(class, "has a wrong operator", format_operator(oper->amopopr));
    }
    ReleaseCatCacheList(procs);
    ReleaseCatCacheList(opers);
}

bool tv_validate(Oid opclass)
{
    HeapTuple tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
    Form_pg_opclass form;
    TvClass class;

    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for operator class %u", opclass);
    form = (Form_pg_opclass)GETSTRUCT(tuple);
    class.name = NameStr(form->opcname);
    class.family = form->opcfamily;
    class.type = form->opcintype;
    class.vector = OidIsValid(get_opfamily_proc(class.family, class.type, class.type, 2));
    class.valid = true;
    if (OidIsValid(form->opckeytype))
        tv_complain(&class, "has a storage type", format_type_be(form->opckeytype));
    tv_check_family(&class);
    tv_check_members(&class);
    ReleaseSysCache(tuple);
    return class.valid;
}
