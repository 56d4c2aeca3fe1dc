#include "data.h"

#include <math.h>
#include <string.h>

enum {
    KIND_TENANT = 1,
    KIND_DOCUMENT,
    KIND_CHUNK,
    KIND_TENANT_VECTOR,
    KIND_TOPIC_VECTOR,
    KIND_CHUNK_VECTOR,
    KIND_QUESTION,
    KIND_CONTENT,
    KIND_ORDER,
    KIND_ROTATION
};
enum { CHUNKS_A_TOPIC = 40, OFF_TOPIC_EVERY = 10, THIRD = VDB_DIMENSIONS / 3 };

static const double zipf_exponent = 0.9;
static const float of_tenant = 0.5F, of_topic = 0.6F, of_chunk = 0.624F, of_question = 0.75F;

void dataset_init(dataset *d, int tenants, int chunks)
{
    double whole = 0, so_far = 0;
    *d = (dataset){ .tenants = tenants, .chunks = chunks, .first = allocate((size_t)tenants + 1, sizeof(int)) };
    for (int i = 0; i < tenants; i++)
        whole += pow(i + 1, -zipf_exponent);
    for (int i = 0; i < tenants; i++) {
        d->first[i] = (int)(so_far / whole * chunks);
        so_far += pow(i + 1, -zipf_exponent);
    }
    d->first[tenants] = chunks;
}

void dataset_init_like(dataset *d, const int *sizes, int count, int times)
{
    *d = (dataset){ .tenants = count * times, .first = allocate((size_t)count * (size_t)times + 1, sizeof(int)) };
    for (int i = 0; i < d->tenants; i++)
        d->first[i + 1] = d->first[i] + sizes[i / times];
    d->chunks = d->first[d->tenants];
}

void dataset_init_sized(dataset *d, bool quick)
{
    if (quick)
        dataset_init(d, 50, 4000);
    else
        dataset_init(d, 1000, 200000);
}

void dataset_free(dataset *d)
{
    free(d->first);
}

int dataset_size(const dataset *d, int tenant)
{
    return d->first[tenant + 1] - d->first[tenant];
}

int dataset_tenant_of(const dataset *d, int chunk)
{
    int low = 0, high = d->tenants;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (d->first[middle] <= chunk)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void tenant_uuid_of(int tenant, uint8_t uuid[16])
{
    uuid_of(KIND_TENANT, (uint64_t)tenant, uuid);
}

void chunk_uuid_of(int chunk, uint8_t uuid[16])
{
    uuid_of(KIND_CHUNK, (uint64_t)chunk, uuid);
}

/* Sums of four uniform numbers are near enough to a normal distribution. Variance falls as 1/i along the axes. */
void direction(random_stream *r, float *vector)
{
    static float spread[VDB_DIMENSIONS];
    for (int i = 0; spread[VDB_DIMENSIONS - 1] == 0 && i < VDB_DIMENSIONS; i++)
        spread[i] = 1 / sqrtf((float)i + 1);
    for (int i = 0; i < VDB_DIMENSIONS; i++) {
        uint64_t bits = random_next(r);
        int sum = (int)(bits & 0xffff) + (int)(bits >> 16 & 0xffff) + (int)(bits >> 32 & 0xffff) + (int)(bits >> 48);
        vector[i] = spread[i] * (float)(sum - 2 * 0xffff);
    }
    to_length_one(vector);
}

/* A Hadamard transform of each third. */
static void mix_thirds(float *vector)
{
    for (float *third = vector; third < vector + VDB_DIMENSIONS; third += THIRD) {
        for (int span = 1; span < THIRD; span *= 2) {
            for (int i = 0; i < THIRD; i += 2 * span) {
                for (int j = i; j < i + span; j++) {
                    float a = third[j], b = third[j + span];
                    third[j] = a + b;
                    third[j + span] = a - b;
                }
            }
        }
    }
}

/* The rotation that spreads every axis over all numbers: signs, thirds mixed, numbers dealt out anew, twice. */
void turn(float *vector)
{
    float dealt[VDB_DIMENSIONS];
    random_stream r = { seed_of(KIND_ROTATION, 0, 0) };
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < VDB_DIMENSIONS; i++)
            dealt[(i * 3 + i / THIRD) % VDB_DIMENSIONS] = random_next(&r) & 1 ? vector[i] : -vector[i];
        mix_thirds(dealt);
        memcpy(vector, dealt, sizeof dealt);
    }
    to_length_one(vector);
}

void add_scaled(float *vector, const float *other, float weight)
{
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        vector[i] += weight * other[i];
}

/* Sixteen sums side by side, which the compiler makes vector instructions of. */
float dot_product(const float *a, const float *b)
{
    float sums[16] = { 0 }, sum = 0;
    for (int i = 0; i < VDB_DIMENSIONS; i += 16) {
        for (int j = 0; j < 16; j++)
            sums[j] += a[i + j] * b[i + j];
    }
    for (int j = 0; j < 16; j++)
        sum += sums[j];
    return sum;
}

void to_length_one(float *vector)
{
    float scale = 1 / sqrtf(dot_product(vector, vector));
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        vector[i] *= scale;
}

static void add_direction(float *vector, uint64_t seed, float weight)
{
    float other[VDB_DIMENSIONS];
    random_stream r = { seed };
    direction(&r, other);
    add_scaled(vector, other, weight);
}

/* Rows behind the dataset's own are further ones of the tenant's first document, about anything. */
static uint64_t document_of(const dataset *d, int tenant, int chunk)
{
    int place = chunk < d->chunks ? chunk - d->first[tenant] : 0;
    return (uint64_t)tenant << 32 | (uint64_t)(place / CHUNKS_A_DOCUMENT);
}

static uint64_t topic_of(const dataset *d, int tenant, int chunk)
{
    uint64_t topics = (uint64_t)(dataset_size(d, tenant) / CHUNKS_A_TOPIC + 1);
    uint64_t about = chunk < d->chunks ? document_of(d, tenant, chunk) : (uint64_t)chunk;
    return seed_of(KIND_DOCUMENT, about, 0) % topics;
}

static void unturned_vector(const dataset *d, int tenant, int chunk, float *vector)
{
    memset(vector, 0, VDB_DIMENSIONS * sizeof *vector);
    add_direction(vector, seed_of(KIND_TENANT_VECTOR, (uint64_t)tenant, 0), of_tenant);
    add_direction(vector, seed_of(KIND_TOPIC_VECTOR, (uint64_t)tenant, topic_of(d, tenant, chunk)), of_topic);
    add_direction(vector, seed_of(KIND_CHUNK_VECTOR, (uint64_t)chunk, 0), of_chunk);
    to_length_one(vector);
}

void chunk_vector(const dataset *d, int tenant, int chunk, float *vector)
{
    unturned_vector(d, tenant, chunk, vector);
    turn(vector);
}

void question_vector(const dataset *d, int tenant, int number, float *vector)
{
    random_stream r = { seed_of(KIND_QUESTION, (uint64_t)tenant, (uint64_t)number) };
    float own[VDB_DIMENSIONS];
    direction(&r, own);
    memset(vector, 0, VDB_DIMENSIONS * sizeof *vector);
    if (number % OFF_TOPIC_EVERY != OFF_TOPIC_EVERY - 1)
        unturned_vector(d, tenant, d->first[tenant] + (int)random_below(&r, (uint64_t)dataset_size(d, tenant)), vector);
    add_scaled(vector, own, of_question);
    turn(vector);
}

static const char *const words[] = {
    "consulta",    "horário",      "agendamento",    "clínica",     "hotel",      "quarto",         "diária",
    "reserva",     "cancelamento", "convênio",       "pagamento",   "cartão",     "desconto",       "parcela",
    "boleto",      "recepção",     "estacionamento", "vizinho",     "café",       "manhã",          "piscina",
    "criança",     "acompanhante", "documento",      "identidade",  "exame",      "receita",        "dentista",
    "limpeza",     "canal",        "aparelho",       "urgência",    "plantão",    "feriado",        "domingo",
    "sábado",      "entrega",      "pedido",         "prazo",       "garantia",   "assistência",    "técnico",
    "visita",      "orçamento",    "contrato",       "fatura",      "vencimento", "segunda",        "via",
    "cadastro",    "endereço",     "bairro",         "ônibus",      "metrô",      "elevador",       "acessível",
    "cadeirante",  "animal",       "pequeno",        "porte",       "toalha",     "lençol",         "ventilador",
    "aquecimento", "chuveiro",     "internet",       "senha",       "televisão",  "cofre",          "lavanderia",
    "almoço",      "jantar",       "cardápio",       "vegetariano", "alergia",    "leite",          "trigo",
    "remédio",     "pressão",      "febre",          "vacina",      "retorno",    "encaminhamento", "especialista",
    "ortopedia",   "pediatria",    "ginecologia",    "cardiologia", "matrícula",  "mensalidade",    "turma",
    "professor",   "uniforme",     "transporte",     "seguro",      "sinistro",   "guincho",        "oficina",
};
static const char *const links[] = {
    "de", "com", "para", "sem", "até", "depois de", "antes de", "e", "ou", "na hora de"
};
enum { WORDS = sizeof words / sizeof words[0], LINKS = sizeof links / sizeof links[0], SUBJECT_WORDS = 6 };

void sentence(random_stream *r, int subject, char *text, size_t room)
{
    size_t length = 0;
    int count = 6 + (int)random_below(r, 7);
    for (int i = 0; i < count && length + 40 < room; i++) {
        uint64_t word = random_below(r, 3) == 0
                            ? random_below(r, WORDS)
                            : seed_of(KIND_CONTENT, (uint64_t)subject, random_below(r, SUBJECT_WORDS)) % WORDS;
        const char *link = i == 0 ? "" : links[random_below(r, LINKS)];
        length += (size_t)snprintf(text + length, room - length, "%s%s%s%s", i == 0 ? "" : " ", link, i == 0 ? "" : " ",
                                   words[word]);
    }
    snprintf(text + length, room - length, ".");
}

static bool many_words;

void content_of_many_words(void)
{
    many_words = true;
}

/* Ranks by Zipf and Mandelbrot: frequency 1 / (rank + 30). */
void draw_word(random_stream *r, char *word, size_t room)
{
    static const char *const syllables[] = { "ba", "ce", "di", "fo", "gu", "la",  "me",  "ni",  "po",  "ru",
                                             "sa", "te", "vi", "zo", "lu", "pra", "tre", "cri", "flo", "bru" };
    enum { SYLLABLES = sizeof syllables / sizeof syllables[0], MANY = SYLLABLES * SYLLABLES * SYLLABLES, OFFSET = 30 };
    double share = (double)(random_next(r) >> 11) / (double)(UINT64_C(1) << 53);
    int rank = (int)(OFFSET * pow((double)(MANY + OFFSET) / OFFSET, share)) - OFFSET;
    snprintf(word, room, "%s%s%s", syllables[rank % SYLLABLES], syllables[rank / SYLLABLES % SYLLABLES],
             syllables[rank / (SYLLABLES * SYLLABLES) % SYLLABLES]);
}

static void some_words(random_stream *r, char *text, size_t room)
{
    size_t length = 0;
    for (int i = 0; i < 8; i++) {
        char word[16];
        draw_word(r, word, sizeof word);
        length += (size_t)snprintf(text + length, room - length, i % 2 == 0 ? "%s de " : "%s ", word);
    }
    text[length - 1] = '.';
}

void chunk_content(int chunk, char content[CONTENT_ROOM])
{
    random_stream r = { seed_of(KIND_CONTENT, (uint64_t)chunk, 1) };
    size_t length = 0;
    while (length < 560) {
        if (many_words)
            some_words(&r, content + length, 256);
        else
            sentence(&r, chunk / CHUNKS_A_DOCUMENT, content + length, 256);
        length += strlen(content + length);
        content[length++] = ' ';
    }
    content[length - 1] = '\0';
}

static void load_domains(PGconn *pg, const dataset *d)
{
    copy_stream c;
    copy_begin(&c, pg, "COPY v_domains (domain_uuid, domain_name, domain_enabled) FROM STDIN (FORMAT binary)");
    for (int tenant = 0; tenant < d->tenants; tenant++) {
        uint8_t uuid[16];
        char name[64];
        tenant_uuid_of(tenant, uuid);
        snprintf(name, sizeof name, "tenant-%d.example", tenant);
        copy_row(&c, 3);
        copy_bytes(&c, uuid, sizeof uuid);
        copy_text(&c, name);
        copy_bool(&c, true);
    }
    copy_end(&c);
}

static void load_documents(PGconn *pg, const dataset *d)
{
    copy_stream c;
    copy_begin(&c, pg,
               "COPY v_voice_documents (document_uuid, domain_uuid, document_name, processing_status, chunk_count) "
               "FROM STDIN (FORMAT binary)");
    for (int tenant = 0; tenant < d->tenants; tenant++) {
        uint8_t domain[16];
        tenant_uuid_of(tenant, domain);
        for (int chunk = d->first[tenant]; chunk < d->first[tenant + 1]; chunk += CHUNKS_A_DOCUMENT) {
            uint8_t uuid[16];
            char name[64];
            uuid_of(KIND_DOCUMENT, document_of(d, tenant, chunk), uuid);
            snprintf(name, sizeof name, "documento-%d.md", (chunk - d->first[tenant]) / CHUNKS_A_DOCUMENT);
            int left = d->first[tenant + 1] - chunk;
            copy_row(&c, 5);
            copy_bytes(&c, uuid, sizeof uuid);
            copy_bytes(&c, domain, sizeof domain);
            copy_text(&c, name);
            copy_text(&c, "ready");
            copy_int(&c, left < CHUNKS_A_DOCUMENT ? left : CHUNKS_A_DOCUMENT);
        }
    }
    copy_end(&c);
}

void chunk_row_make(const dataset *d, int tenant, int chunk, chunk_row *row)
{
    float vector[VDB_DIMENSIONS];
    chunk_uuid_of(chunk, row->chunk);
    tenant_uuid_of(tenant, row->domain);
    uuid_of(KIND_DOCUMENT, document_of(d, tenant, chunk), row->document);
    row->index = chunk < d->chunks ? (chunk - d->first[tenant]) % CHUNKS_A_DOCUMENT : chunk;
    chunk_content(chunk, row->content);
    chunk_vector(d, tenant, chunk, vector);
    wire_vector(vector, row->wire);
}

void copy_chunk(copy_stream *c, const chunk_row *row)
{
    copy_row(c, 9);
    copy_bytes(c, row->chunk, sizeof row->chunk);
    copy_bytes(c, row->domain, sizeof row->domain);
    copy_bytes(c, row->document, sizeof row->document);
    copy_int(c, row->index);
    copy_text(c, row->content);
    copy_bytes(c, row->wire, sizeof row->wire);
    copy_text(c, BENCH_MODEL);
    copy_int(c, VDB_DIMENSIONS);
    copy_int(c, (int32_t)strlen(row->content) / 4);
}

static int *random_order(int count)
{
    random_stream r = { seed_of(KIND_ORDER, (uint64_t)count, 0) };
    int *order = allocate((size_t)count, sizeof *order);
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j = (int)random_below(&r, (uint64_t)i + 1), swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    return order;
}

/* `order` NULL: as they are numbered, tenant after tenant. */
static void load_chunks(PGconn *pg, const dataset *d, const int *order)
{
    copy_stream c;
    chunk_row row;
    copy_begin(&c, pg, "COPY v_voice_document_chunks (" CHUNK_COLUMNS ") FROM STDIN (FORMAT binary)");
    for (int i = 0; i < d->chunks; i++) {
        int chunk = order == NULL ? i : order[i];
        chunk_row_make(d, dataset_tenant_of(d, chunk), chunk, &row);
        copy_chunk(&c, &row);
        if (i % 20000 == 0)
            fprintf(stderr, "\rloading chunks: %d of %d", i, d->chunks);
    }
    copy_end(&c);
    fprintf(stderr, "\rloading chunks: %d of %d\n", d->chunks, d->chunks);
}

void load_dataset(PGconn *pg, const dataset *d)
{
    int *order = random_order(d->chunks);
    load_domains(pg, d);
    load_documents(pg, d);
    load_chunks(pg, d, order);
    free(order);
}

void load_dataset_ordered(PGconn *pg, const dataset *d)
{
    load_domains(pg, d);
    load_documents(pg, d);
    load_chunks(pg, d, NULL);
}
