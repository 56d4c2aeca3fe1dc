#include "knowledge/common.h"

#include "base/text.h"

/*
 * The stems, in strcmp() order, of the words that are at least one of 5000 in Portuguese texts of all kinds, from
 * encyclopedias to subtitles, by the counts of wordfreq 3.1 (Speer, 2022); without stop words, names and foreign words.
 */
static const char *const common_stems[] = {
    "aca",       "acab",      "aceit",         "acess",     "acho",     "acontec", "acord",     "acredit",  "afirm",
    "agu",       "ajud",      "alem",          "algo",      "alguem",   "alto",    "amig",      "amor",     "ano",
    "ante",      "antig",     "aparec",        "apes",      "apo",      "apoi",    "aprend",    "apresent", "artig",
    "assoc",     "assunt",    "atenca",        "ativ",      "atra",     "atrav",   "atual",     "aument",   "autor",
    "baix",      "bas",       "bat",           "beb",       "boa",      "bom",     "branc",     "busc",     "cabec",
    "cam",       "caminh",    "camp",          "capital",   "car",      "carr",    "cas",       "caus",     "centr",
    "cerc",      "cert",      "cham",          "cheg",      "cidad",    "cinc",    "clar",      "cois",     "coloc",
    "comec",     "comig",     "complet",       "compr",     "comum",    "comun",   "comunic",   "conhec",   "consegu",
    "consider",  "consig",    "cont",          "continu",   "contr",    "control", "convers",   "cop",      "coraca",
    "corp",      "corr",      "cort",          "cri",       "crianc",   "critic",  "cuid",      "cultur",   "dad",
    "dar",       "decid",     "deix",          "dentr",     "desd",     "desej",   "desenvolv", "deu",      "deus",
    "dev",       "dia",       "diferent",      "dificil",   "dinheir",  "direit",  "diss",      "divers",   "diz",
    "dois",      "dua",       "durant",        "econom",    "educ",     "embor",   "empres",    "encontr",  "enquant",
    "ensin",     "entant",    "entend",        "entrar",    "envi",     "envolv",  "equip",     "escol",    "escolh",
    "escrev",    "espac",     "especial",      "esper",     "esquec",   "estad",   "estud",     "event",    "ex",
    "exempl",    "exist",     "explic",        "fac",       "facil",    "fal",     "falt",      "famil",    "fat",
    "federal",   "feir",      "feit",          "feliz",     "fest",     "fez",     "fic",       "filh",     "film",
    "fim",       "final",     "fiqu",          "fiz",       "forc",     "form",    "fort",      "fot",      "frent",
    "fui",       "fund",      "futebol",       "futur",     "ganh",     "gent",    "geral",     "gost",     "govern",
    "grand",     "grup",      "guerr",         "hav",       "histor",   "hoj",     "hom",       "hor",      "human",
    "ide",       "imag",      "import",        "inclu",     "indic",    "inform",  "ingles",    "inic",     "inici",
    "inter",     "interess",  "internacional", "internet",  "ir",       "ira",     "irma",      "janeir",   "jog",
    "jornal",    "jov",       "junt",          "lad",       "lanc",     "legal",   "lei",       "lembr",    "lev",
    "lid",       "lig",       "lind",          "lingu",     "linh",     "list",    "livr",      "local",    "log",
    "long",      "lug",       "lut",           "mae",       "mai",      "maior",   "mal",       "mand",     "maneir",
    "manha",     "mant",      "mao",           "mar",       "marc",     "mat",     "med",       "medic",    "mei",
    "melhor",    "membr",     "men",           "menin",     "mensag",   "ment",    "mes",       "mil",      "milha",
    "milit",     "minut",     "mod",           "moment",    "morr",     "mort",    "mostr",     "motiv",    "moviment",
    "mud",       "mulh",      "mund",          "music",     "nacional", "nad",     "negoci",    "ninguem",  "nivel",
    "noit",      "nom",       "nort",          "not",       "notic",    "nov",     "numer",     "nunc",     "objet",
    "obra",      "obrig",     "ocorr",         "oficial",   "olha",     "olho",    "oper",      "organiz",  "ouv",
    "pag",       "pagin",     "pai",           "pais",      "palavr",   "papel",   "par",       "parec",    "part",
    "particip",  "pass",      "paz",           "pec",       "ped",      "pedr",    "peg",       "pen",      "pens",
    "pequen",    "perceb",    "perd",          "pergunt",   "period",   "permit",  "pes",       "pesquis",  "pesso",
    "pessoal",   "plan",      "pod",           "polic",     "polit",    "pont",    "popul",     "porem",    "port",
    "portugues", "poss",      "possivel",      "possu",     "post",     "pouc",    "pov",       "pratic",   "precis",
    "present",   "president", "primeir",       "principal", "problem",  "process", "procur",    "produca",  "professor",
    "program",   "projet",    "propr",         "propri",    "prov",     "proxim",  "public",    "quart",    "quas",
    "quatr",     "questa",    "quis",          "rap",       "real",     "realiz",  "realment",  "receb",    "red",
    "regia",     "relaca",    "relacion",      "represent", "respeit",  "respond", "respons",   "result",   "rio",
    "rua",       "sab",       "sair",          "sal",       "sant",     "saud",    "segu",      "seguint",  "segund",
    "segur",     "seguranc",  "sei",           "seman",     "senhor",   "sent",    "seri",      "serv",     "servic",
    "sid",       "sint",      "sistem",        "sit",       "situaca",  "social",  "sociedad",  "sol",      "som",
    "sonh",      "sul",       "talvez",        "tant",      "tard",     "tecnic",  "tecnolog",  "temp",     "tend",
    "tenh",      "tent",      "termin",        "terr",      "text",     "tim",     "tip",       "tir",      "tiv",
    "tom",       "torn",      "total",         "trabalh",   "trat",     "traz",    "tres",      "ultim",    "unic",
    "unid",      "univers",   "usad",          "usar",      "uso",      "utiliz",  "val",       "valor",    "vam",
    "var",       "vari",      "vej",           "velh",      "vem",      "vend",    "ver",       "verdad",   "vez",
    "vi",        "vid",       "vir",           "visit",     "vist",     "viv",     "volt",      "vot",
};

bool is_common_stem(const char *stem)
{
    return text_is_among(stem, common_stems, sizeof common_stems / sizeof common_stems[0]);
}
