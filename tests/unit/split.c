/* The splitter: examples of every rule, and properties that hold for any text. */
#include "knowledge/split.h"

#include "base/text.h"
#include "extract/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct kept_chunk {
    char *content;
    char *heading;
    int64_t offset, length, token_count;
    uint32_t row, page, last_page;
} kept_chunk;

typedef struct kept {
    kept_chunk *chunks;
    size_t count;
} kept;

static vdb_status keep(void *context, const split_chunk *chunk, vdb_error *error)
{
    (void)error;
    kept *k = context;
    k->chunks = realloc(k->chunks, (k->count + 1) * sizeof *k->chunks);
    assert_non_null(k->chunks);
    k->chunks[k->count++] = (kept_chunk){
        .content = strdup(chunk->content),
        .heading = chunk->heading == NULL ? NULL : strdup(chunk->heading),
        .offset = chunk->offset,
        .length = chunk->length,
        .token_count = chunk->token_count,
        .row = chunk->row,
        .page = chunk->page,
        .last_page = chunk->last_page,
    };
    return VDB_OK;
}

static void release(kept *k)
{
    for (size_t i = 0; i < k->count; i++) {
        free(k->chunks[i].content);
        free(k->chunks[i].heading);
    }
    free(k->chunks);
    *k = (kept){ 0 };
}

/* A small generator of random numbers, the same on every machine. */
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 33) % limit);
}

/* Splits in pieces of at most `piece` bytes, of random lengths; 0: all at once. */
static kept split_bytes(const char *bytes, size_t length, split_options options, uint32_t piece)
{
    kept k = { 0 };
    splitter *s;
    vdb_error error;
    assert_int_equal(splitter_new(&options, keep, &k, &s, &error), VDB_OK);
    for (size_t at = 0; at < length;) {
        size_t take = piece == 0 ? length : 1 + random_below(piece);
        if (take > length - at)
            take = length - at;
        char *copy = malloc(take); /* a sanitizer sees any read past the end, and any use after the call */
        assert_non_null(copy);
        memcpy(copy, bytes + at, take);
        assert_int_equal(splitter_feed(s, copy, take, &error), VDB_OK);
        free(copy);
        at += take;
    }
    assert_int_equal(splitter_finish(s, &error), VDB_OK);
    splitter_free(s);
    return k;
}

static kept split_markdown(const char *text, int target)
{
    return split_bytes(text, strlen(text), (split_options){ .markdown = true, .target_tokens = target }, 0);
}

static kept split_plain(const char *text, int target)
{
    return split_bytes(text, strlen(text), (split_options){ .target_tokens = target }, 0);
}

/* Compares the contents with the expected ones, which end with NULL. */
static void expect(kept k, const char *const *contents)
{
    size_t i = 0;
    for (; contents[i] != NULL && i < k.count; i++)
        assert_string_equal(k.chunks[i].content, contents[i]);
    if (contents[i] != NULL || i != k.count)
        fail_msg("%zu chunks; the next is \"%s\"", k.count, i < k.count ? k.chunks[i].content : "missing");
    release(&k);
}

#define EXPECT(kept, ...) expect(kept, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- rules ---- */

static void headings_make_sections(void **state)
{
    (void)state;
    const char text[] = "Antes.\n"
                        "# Preços\n\nPara particulares.\n\n"
                        "## Consultas ##\nA avaliação custa R$ 120,00.\n"
                        "### De retorno\nSem custo.\n"
                        "## Exames\nRaio X.\n"
                        "# Endereço\nRua A.\n";
    EXPECT(split_markdown(text, 0), "Antes.", "Preços\nPara particulares.",
           "Preços > Consultas\nA avaliação custa R$ 120,00.", "Preços > Consultas > De retorno\nSem custo.",
           "Preços > Exames\nRaio X.", "Endereço\nRua A.");
    kept k = split_markdown(text, 0);
    assert_null(k.chunks[0].heading);
    assert_string_equal(k.chunks[3].heading, "Preços > Consultas > De retorno");
    assert_int_equal(k.chunks[2].offset, strstr(text, "A avaliação") - text);
    assert_int_equal(k.chunks[2].length, strlen("A avaliação custa R$ 120,00."));
    release(&k);
}

static void what_is_no_heading(void **state)
{
    (void)state;
    EXPECT(split_markdown("#hashtag um\n####### sete\n    # recuado\n\\# escape", 0),
           "#hashtag um\n####### sete\n    # recuado\n\\# escape");
    EXPECT(split_plain("# Texto simples\nnão tem títulos", 0), "# Texto simples\nnão tem títulos");
    EXPECT(split_markdown("# C#\nUma linguagem.", 0), "C#\nUma linguagem.");
}

static void heading_with_nothing_below(void **state)
{
    (void)state;
    const char text[] = "# Guia\n## Fechado aos domingos\n## Aberto\nDe segunda a sexta.\n## Fim";
    EXPECT(split_markdown(text, 0), "Guia > Fechado aos domingos", "Guia > Aberto\nDe segunda a sexta.", "Guia > Fim");
    kept k = split_markdown(text, 0);
    assert_int_equal(k.chunks[0].offset, strstr(text, "Fechado") - text);
    assert_int_equal(k.chunks[0].length, strlen("Fechado aos domingos"));
    release(&k);
    EXPECT(split_markdown("# ---\n#\n# Um", 0), "Um");
}

static void fenced_code_has_no_headings(void **state)
{
    (void)state;
    EXPECT(split_markdown("# A\n```sh\n# comentário\n~~~\n```\n# B\n~~~~\n# x\n~~~\n# y\n", 0),
           "A\n```sh\n# comentário\n~~~\n```", "B\n~~~~\n# x\n~~~\n# y");
    EXPECT(split_markdown("``` a ` b\n# Título\nTexto.", 0), "``` a ` b", "Título\nTexto.");
}

/* 32 tokens: 128 characters, or 32 words. */
static void blocks_stay_whole(void **state)
{
    (void)state;
    EXPECT(split_plain("Primeiro parágrafo, com uma frase. E com outra frase no fim.\n\n"
                       "Segundo parágrafo, que cabe inteiro. Ele não é cortado, nem aqui.\n\n"
                       "Terceiro, bem curto.\n",
                       32),
           "Primeiro parágrafo, com uma frase. E com outra frase no fim.",
           "Segundo parágrafo, que cabe inteiro. Ele não é cortado, nem aqui.\n\nTerceiro, bem curto.");
}

static void long_paragraphs_are_cut_between_sentences(void **state)
{
    (void)state;
    EXPECT(split_plain("O Dr. Silva atende às 8h. A consulta custa R$ 1.700,00 no\nparticular, à vista. "
                       "A segunda frase não cabe mais aqui! E a terceira? Também não, ela é a última.",
                       32),
           "O Dr. Silva atende às 8h. A consulta custa R$ 1.700,00 no\nparticular, à vista. "
           "A segunda frase não cabe mais aqui!",
           "E a terceira? Também não, ela é a última.");
}

static void long_sentences_are_cut_between_words(void **state)
{
    (void)state;
    char text[400] = "";
    for (int i = 0; i < 30; i++)
        strcat(text, "palavra ");
    kept k = split_plain(text, 32);
    assert_int_equal(k.count, 2);
    for (size_t i = 0; i < k.count; i++)
        assert_int_equal(strncmp(k.chunks[i].content + strlen(k.chunks[i].content) - 7, "palavra", 7), 0);
    release(&k);
}

static void long_words_are_cut_between_characters(void **state)
{
    (void)state;
    char text[1000] = "";
    for (int i = 0; i < 200; i++)
        strcat(text, "ã");
    kept k = split_plain(text, 32);
    assert_int_equal(k.count, 2);
    assert_int_equal(k.chunks[0].length, 2 * 128);
    assert_int_equal(k.chunks[1].length, 2 * 72);
    release(&k);
    text[0] = '\0';
    for (int i = 0; i < 100; i++)
        strcat(text, "xa\u0303"); /* no chunk begins with a combining tilde */
    k = split_plain(text, 32);
    for (size_t i = 0; i < k.count; i++)
        assert_int_not_equal((unsigned char)k.chunks[i].content[0], 0xCC);
    release(&k);
}

static void list_items_stay_whole(void **state)
{
    (void)state;
    EXPECT(split_markdown("Traga:\n"
                          "- Documento com foto. Pode ser a carteira de motorista.\n"
                          "- Carteirinha do convênio,\n  se houver. Física ou digital.\n"
                          "- Lista dos remédios que toma. Com as doses de cada um.\n",
                          32),
           "Traga:\n- Documento com foto. Pode ser a carteira de motorista.\n"
           "- Carteirinha do convênio,\n  se houver. Física ou digital.",
           "- Lista dos remédios que toma. Com as doses de cada um.");
}

static void a_short_introduction_stays_with_its_list(void **state)
{
    (void)state;
    EXPECT(split_markdown("Preços:\n\n1. Consulta de avaliação para adultos, R$ 120,00\n"
                          "2. Limpeza com profilaxia e flúor, R$ 180,00\n3. Extração simples, R$ 290,00\n",
                          32),
           "Preços:\n\n1. Consulta de avaliação para adultos, R$ 120,00\n2. Limpeza com profilaxia e flúor, R$ 180,00",
           "3. Extração simples, R$ 290,00");
}

static void a_cut_table_repeats_its_header(void **state)
{
    (void)state;
    EXPECT(split_markdown("# T\n|Dia|Abre|\n|-|-|\n|Segunda e terça na parte da manhã|8h|\n"
                          "|Quarta e quinta na parte da tarde|9h|\n|Sexta o dia inteiro sem almoço|10h|\n"
                          "|Sábado até o meio-dia somente|11h|\n\nDomingo não.",
                          32),
           "T\n|Dia|Abre|\n|-|-|\n|Segunda e terça na parte da manhã|8h|\n|Quarta e quinta na parte da tarde|9h|",
           "T\n|Dia|Abre|\n|-|-|\n|Sexta o dia inteiro sem almoço|10h|\n|Sábado até o meio-dia somente|11h|\n\nDomingo "
           "não.");
}

static void a_cut_table_keeps_its_own_header(void **state)
{
    (void)state;
    EXPECT(split_markdown("|Dia|Abre|\n|-|-|\n|Segunda, terça e quarta na parte da manhã|8h|\n"
                          "|Quinta e sexta somente à tarde e sem almoço para todos|9h|\n|Sábado|10h|\n\n"
                          "|Item|Preço|\n|-|-|\n|Canal|850|\n",
                          32),
           "|Dia|Abre|\n|-|-|\n|Segunda, terça e quarta na parte da manhã|8h|\n"
           "|Quinta e sexta somente à tarde e sem almoço para todos|9h|",
           "|Dia|Abre|\n|-|-|\n|Sábado|10h|\n\n|Item|Preço|\n|-|-|\n|Canal|850|");
}

static void line_ends_and_byte_order_mark(void **state)
{
    (void)state;
    const char text[] = "\xEF\xBB\xBF# Título\r\n\r\nLinha um.\r\nLinha dois.\r\n\r\nFim\rdela.\r\n";
    kept k = split_markdown(text, 0);
    assert_int_equal(k.count, 1);
    assert_string_equal(k.chunks[0].content, "Título\nLinha um.\nLinha dois.\n\nFim\rdela.");
    assert_int_equal(k.chunks[0].offset, strstr(text, "Linha um") - text);
    assert_int_equal(k.chunks[0].length, strlen("Linha um.\r\nLinha dois.\r\n\r\nFim\rdela."));
    release(&k);
    k = split_bytes("um\0dois", 7, (split_options){ 0 }, 0);
    assert_string_equal(k.chunks[0].content, "um dois");
    release(&k);
}

static void nothing_but_signs_is_no_chunk(void **state)
{
    (void)state;
    static const char *const texts[] = { "",       " ",    "\n\n\n", "\xEF\xBB\xBF", "---\n\n***\n",
                                         "\u3164", "# \n", "😀 …",    "\t \r\n" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        kept k = split_markdown(texts[i], 0);
        assert_int_equal(k.count, 0);
        release(&k);
    }
}

static void chunks_overlap_by_sentences(void **state)
{
    (void)state;
    const char text[] = "Uma frase curta. Outra frase que vem logo depois. Mais uma que enche o primeiro pedaço. "
                        "A quarta já é do segundo. E a quinta termina o texto inteiro aqui mesmo.";
    split_options options = { .target_tokens = 32, .overlap_tokens = 12 };
    EXPECT(split_bytes(text, strlen(text), options, 0),
           "Uma frase curta. Outra frase que vem logo depois. Mais uma que enche o primeiro pedaço. "
           "A quarta já é do segundo.",
           "A quarta já é do segundo. E a quinta termina o texto inteiro aqui mesmo.");
}

static void deep_and_long_headings_leave_room(void **state)
{
    (void)state;
    char text[4000] = "";
    for (int level = 1; level <= 6; level++) {
        strcat(text, &"######"[6 - level]);
        for (int i = 0; i < 20; i++)
            strcat(text, " comprido");
        strcat(text, "\n");
    }
    strcat(text, "Corpo do texto que fica.\n");
    kept k = split_markdown(text, 32);
    assert_int_equal(k.count, 1);
    assert_true(k.chunks[0].token_count <= 32);
    assert_non_null(strstr(k.chunks[0].content, "\nCorpo do texto que fica."));
    release(&k);
}

static void feed(splitter *s, const char *text)
{
    vdb_error error;
    assert_int_equal(splitter_feed(s, text, strlen(text), &error), VDB_OK);
}

static void chunks_tell_their_pages(void **state)
{
    (void)state;
    kept k = { 0 };
    splitter *s;
    vdb_error error;
    assert_int_equal(splitter_new(&(split_options){ .markdown = true }, keep, &k, &s, &error), VDB_OK);
    feed(s, "Capa.\n");
    for (uint32_t page = 2; page <= 5; page++) {
        static const char *const pages[] = { "# Preços\n", "", "\nA limpeza custa\n", "duzentos.\n\n# Fim\nTchau.\n" };
        assert_int_equal(splitter_page(s, page, &error), VDB_OK);
        feed(s, pages[page - 2]);
    }
    assert_int_equal(splitter_page(s, 6, &error), VDB_OK);
    feed(s, "# Contra capa");
    assert_int_equal(splitter_finish(s, &error), VDB_OK);
    splitter_free(s);
    static const uint32_t expected[][2] = { { 0, 0 }, { 4, 5 }, { 5, 5 }, { 6, 6 } };
    assert_int_equal(k.count, COUNT(expected));
    for (size_t i = 0; i < k.count; i++) {
        assert_int_equal(k.chunks[i].page, expected[i][0]);
        assert_int_equal(k.chunks[i].last_page, expected[i][1]);
        assert_int_equal(k.chunks[i].row, 0);
    }
    assert_string_equal(k.chunks[1].content, "Preços\nA limpeza custa\nduzentos.");
    release(&k);
}

static void a_row_is_a_chunk(void **state)
{
    (void)state;
    kept k = { 0 };
    splitter *s;
    vdb_error error;
    assert_int_equal(splitter_new(&(split_options){ .target_tokens = 32, .overlap_tokens = 16 }, keep, &k, &s, &error),
                     VDB_OK);
    for (uint32_t row = 2; row <= 4; row++) {
        assert_int_equal(splitter_row(s, row, &error), VDB_OK);
        feed(s, row == 3
                    ? "nome: Ana Maria. Fala com todos. Sempre. Atende a recepção e o caixa, todos os dias da semana.\n"
                      "obs: chega às oito horas e sai às dezoito horas, menos aos sábados e domingos."
                    : "nome: Eva");
    }
    assert_int_equal(splitter_finish(s, &error), VDB_OK);
    splitter_free(s);
    assert_true(k.count > 3);
    for (size_t i = 0; i < k.count; i++) {
        bool outer = i == 0 || i == k.count - 1;
        assert_int_equal(k.chunks[i].row, i == 0 ? 2 : outer ? 4 : 3);
        assert_int_equal(strcmp(k.chunks[i].content, "nome: Eva") == 0, outer);
    }
    release(&k);
}

static void options_out_of_range(void **state)
{
    (void)state;
    static const split_options wrong[] = {
        { .target_tokens = 31 },  { .target_tokens = -1 },   { .target_tokens = 4001 },
        { .overlap_tokens = -1 }, { .overlap_tokens = 101 }, { .target_tokens = 40, .overlap_tokens = 21 },
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        splitter *s = NULL;
        vdb_error error;
        assert_int_equal(splitter_new(&wrong[i], keep, NULL, &s, &error), VDB_USAGE);
        assert_null(s);
        assert_string_not_equal(error.hint, "");
    }
}

static vdb_status refuse(void *context, const split_chunk *chunk, vdb_error *error)
{
    (void)chunk;
    ++*(int *)context;
    return error_set(error, VDB_PROVIDER, NULL, "no more");
}

static void a_sink_can_stop(void **state)
{
    (void)state;
    int calls = 0;
    splitter *s;
    vdb_error error;
    assert_int_equal(splitter_new(&(split_options){ .markdown = true }, refuse, &calls, &s, &error), VDB_OK);
    const char text[] = "Um.\n# Dois\nDois.\n# Três\nTrês.\n";
    assert_int_equal(splitter_feed(s, text, strlen(text), &error), VDB_PROVIDER);
    assert_string_equal(error.message, "no more");
    assert_int_equal(calls, 1);
    splitter_free(s);
}

/* ---- properties ---- */

/* A text made of what makes splitting hard. */
static size_t random_text(char *text, size_t room)
{
    static const char *const parts[] = {
        "a",
        "palavra ",
        "ação ",
        "Dr. ",
        "R$ 1.700,00 ",
        "fim. ",
        "É? ",
        "😀",
        "\n",
        "\r\n",
        "\n\n",
        "\n\n\n",
        "# ",
        "## Título\n",
        "\n### X\n",
        "- ",
        "\n- item ",
        "\n  ",
        "\n1. ",
        "|a|b|\n",
        "\n|-|-|\n",
        "|",
        "\n```\n",
        "\n~~~\n",
        "\t",
        " ",
        "…",
        "\u00A0",
        "x\u0301",
        "\n| c | d |\n",
        "---\n",
        "supercalifragilisticoespialidoso",
        "日本語",
        "\"Sim.\" ",
    };
    static const char *const fillers[] = { "abcdefghij", "um dois três. ", "\n", " ", "ç", "| célula " };
    size_t length = 0, most = random_below(5) == 0 ? room : 1 + random_below(3000);
    if (random_below(8) == 0)
        length = (size_t)sprintf(text, "\xEF\xBB\xBF");
    while (length + 400 < most) {
        const char *part = parts[random_below(COUNT(parts))];
        int times = 1;
        if (random_below(60) == 0) {
            part = fillers[random_below(COUNT(fillers))];
            times = (int)random_below(600);
        }
        for (int i = 0; i < times && length + 400 < room; i++)
            length += (size_t)sprintf(text + length, "%s", part);
    }
    return length;
}

static void same_chunks(const kept *a, const kept *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->chunks[i].content, b->chunks[i].content);
        assert_int_equal(a->chunks[i].offset, b->chunks[i].offset);
        assert_int_equal(a->chunks[i].length, b->chunks[i].length);
        assert_int_equal(a->chunks[i].token_count, b->chunks[i].token_count);
    }
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n\f\v")] == '\0';
}

/* The passage as it should stand at the content's end. */
static void ends_with_passage(const kept_chunk *c, const char *text)
{
    char *passage = malloc((size_t)c->length + 1);
    assert_non_null(passage);
    size_t n = 0;
    for (int64_t i = c->offset; i < c->offset + c->length; i++) {
        bool dropped = text[i] == '\r' && i + 1 < c->offset + c->length && text[i + 1] == '\n';
        if (!dropped)
            passage[n++] = text[i];
    }
    passage[n] = '\0';
    size_t content = strlen(c->content);
    assert_true(content >= n);
    assert_string_equal(c->content + content - n, passage);
    free(passage);
}

/* Every letter and digit is in a passage; in Markdown, or in a line that is a heading. */
static void nothing_is_lost(const kept *k, const char *text, size_t length, bool markdown)
{
    char *covered = calloc(length + 1, 1);
    assert_non_null(covered);
    for (size_t i = 0; i < k->count; i++)
        memset(covered + k->chunks[i].offset, 1, (size_t)k->chunks[i].length);
    size_t start = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (start < length) {
        const char *end = memchr(text + start, '\n', length - start);
        size_t bytes = end == NULL ? length - start : (size_t)(end - text) - start + 1;
        if (!markdown || line_read(text + start, bytes, true).kind != LINE_HEADING) {
            for (size_t i = start; i < start + bytes; i++) {
                char c = text[i];
                bool counts = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                if (counts && !covered[i])
                    fail_msg("byte %zu (\"%c\") is in no chunk", i, c);
            }
        }
        start += bytes;
    }
    free(covered);
}

static void check_chunks(const kept *k, const char *text, size_t length, split_options options)
{
    int target = options.target_tokens == 0 ? 200 : options.target_tokens;
    int64_t end = 0, start = -1;
    for (size_t i = 0; i < k->count; i++) {
        const kept_chunk *c = &k->chunks[i];
        assert_true(c->length > 0 && c->offset >= 0 && c->offset + c->length <= (int64_t)length);
        assert_false(is_blank(c->content));
        assert_true(text_is_utf8(c->content, strlen(c->content)));
        assert_true(c->token_count >= 1 && c->token_count <= target);
        assert_true(c->offset > start && c->offset + c->length > end);
        if (options.overlap_tokens == 0)
            assert_true(c->offset >= end);
        ends_with_passage(c, text);
        start = c->offset;
        end = c->offset + c->length;
    }
    nothing_is_lost(k, text, length, options.markdown);
}

static void properties_of_random_texts(void **state)
{
    (void)state;
    enum { ROOM = 40000, ROUNDS = 400 };
    static const int targets[] = { 0, 32, 33, 50, 120, 4000 };
    char *text = malloc(ROOM);
    assert_non_null(text);
    random_state = 20260301;
    for (int round = 0; round < ROUNDS; round++) {
        size_t length = random_text(text, ROOM);
        split_options options = { .markdown = random_below(2) == 0,
                                  .target_tokens = targets[random_below(COUNT(targets))] };
        if (random_below(3) == 0)
            options.overlap_tokens = (int)random_below(16);
        kept whole = split_bytes(text, length, options, 0);
        kept pieces = split_bytes(text, length, options, random_below(2) == 0 ? 3 : 5000);
        check_chunks(&whole, text, length, options);
        same_chunks(&whole, &pieces);
        release(&whole);
        release(&pieces);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headings_make_sections),
        cmocka_unit_test(what_is_no_heading),
        cmocka_unit_test(heading_with_nothing_below),
        cmocka_unit_test(fenced_code_has_no_headings),
        cmocka_unit_test(blocks_stay_whole),
        cmocka_unit_test(long_paragraphs_are_cut_between_sentences),
        cmocka_unit_test(long_sentences_are_cut_between_words),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(list_items_stay_whole),
        cmocka_unit_test(a_short_introduction_stays_with_its_list),
        cmocka_unit_test(a_cut_table_repeats_its_header),
        cmocka_unit_test(a_cut_table_keeps_its_own_header),
        cmocka_unit_test(line_ends_and_byte_order_mark),
        cmocka_unit_test(nothing_but_signs_is_no_chunk),
        cmocka_unit_test(chunks_overlap_by_sentences),
        cmocka_unit_test(deep_and_long_headings_leave_room),
        cmocka_unit_test(chunks_tell_their_pages),
        cmocka_unit_test(a_row_is_a_chunk),
        cmocka_unit_test(options_out_of_range),
        cmocka_unit_test(a_sink_can_stop),
        cmocka_unit_test(properties_of_random_texts),
    };
    return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
