/* What each extractor makes of a document. One is "bytes of the document" to "text with <N> where record N begins". */
#include "extract/helper/kind.h"

#include "base/buffer.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BYTES(literal) (literal), sizeof(literal) - 1

static magic_t magic;

static int load_magic(void **state)
{
    (void)state;
    magic = kind_magic();
    return magic == NULL;
}

static int unload_magic(void **state)
{
    (void)state;
    magic_close(magic);
    return 0;
}

static buffer written;

/* Checks the frames and appends what they say. */
static void take(void *context, const char *bytes, size_t length)
{
    (void)context;
    while (length > 0) {
        frame_header header;
        assert_true(length >= sizeof header);
        memcpy(&header, bytes, sizeof header);
        const char *payload = bytes + sizeof header;
        assert_true(header.length <= FRAME_BYTES && header.length <= length - sizeof header);
        if (header.type == FRAME_TEXT) {
            assert_true(text_is_utf8(payload, header.length));
            buffer_append(&written, payload, header.length);
        } else if (header.type == FRAME_ROW) {
            uint32_t number;
            memcpy(&number, payload, sizeof number);
            buffer_printf(&written, "<%u>", number);
        }
        bytes += sizeof header + header.length;
        length -= sizeof header + header.length;
    }
}

static extract_failure extract(const char *bytes, size_t length, document_kind *kind)
{
    static output o;
    document d = { .bytes = bytes, .size = length };
    const char *mime_type;
    buffer_free(&written);
    buffer_init(&written, 64 << 20);
    output_begin(&o, take, NULL);
    extract_failure failure = kind_of(magic, &d, kind, &mime_type);
    if (failure == FAILURE_NONE)
        failure = extractors[*kind](&d, &o);
    output_end(&o, failure);
    return failure;
}

static void becomes(const char *bytes, size_t length, document_kind expected, const char *text)
{
    document_kind kind;
    assert_int_equal(extract(bytes, length, &kind), FAILURE_NONE);
    assert_int_equal(kind, expected);
    assert_string_equal(written.data == NULL ? "" : written.data, text);
    buffer_free(&written);
}

static void fails(const char *bytes, size_t length, extract_failure expected)
{
    document_kind kind;
    assert_int_equal(extract(bytes, length, &kind), expected);
    buffer_free(&written);
}

static void text_in_any_encoding(void **state)
{
    (void)state;
    static const char said[] = "A clínica abre às oito – “já” por 5 €.\n";
    becomes(BYTES("A clínica abre às oito – “já” por 5 €.\n"), KIND_TEXT, said);
    becomes(BYTES("\xEF\xBB\xBF"
                  "A clínica abre às oito – “já” por 5 €.\n"),
            KIND_TEXT, said);
    becomes(BYTES("A cl\xEDnica abre \xE0s oito \x96 \x93j\xE1\x94 por 5 \x80.\n"), KIND_TEXT, said);
    becomes(BYTES("A cl\xEDnica abre \xE0s oito.\n"), KIND_TEXT, "A clínica abre às oito.\n");
    becomes(BYTES("\xFF\xFEO\0l\0\xE1\0\x3D\xD8\x00\xDE"), KIND_TEXT, "Olá😀");
    becomes(BYTES("\xFE\xFF\0O\0l\0\xE1\xD8\x3D"), KIND_TEXT, "Olá\xEF\xBF\xBD");
    becomes(BYTES("Voc\xEA"), KIND_TEXT, "Você");
}

/* Over the borders of the decoder's blocks and of frames. */
static void long_text_in_any_encoding(void **state)
{
    (void)state;
    enum { TIMES = 40000 };
    static const struct {
        const char *unit;
        size_t length;
        const char *text;
    } cases[] = { { BYTES("€á"), "€á" }, { BYTES("\x80\xE1"), "€á" } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        buffer in, expected;
        buffer_init(&in, 1 << 20);
        buffer_init(&expected, 1 << 20);
        for (int n = 0; n < TIMES; n++) {
            buffer_append(&in, cases[i].unit, cases[i].length);
            buffer_append_string(&expected, cases[i].text);
        }
        becomes(in.data, in.length, KIND_TEXT, expected.data);
        buffer_free(&in);
        buffer_free(&expected);
    }
}

static void damaged_text_is_refused(void **state)
{
    (void)state;
    fails(BYTES("Ol\xC3\xA1, voc\xC3"), FAILURE_CUT_SHORT);
    fails(BYTES("\xC3\xA1\xC3\xA9\xC3\xAD\xC3\xB3 \xFF"), FAILURE_ENCODING);
    fails(BYTES("text\0text"), FAILURE_BINARY);
    fails(BYTES("\x7F"
                "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3E\0\x01\0\0\0"),
          FAILURE_UNSUPPORTED);
    fails(BYTES("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0"), FAILURE_UNSUPPORTED);
    fails(BYTES("{\\rtf1\\ansi text}"), FAILURE_UNSUPPORTED);
}

static void markdown_keeps_its_blocks(void **state)
{
    (void)state;
    becomes(
        BYTES("Preços\n======\n\nA *limpeza* custa **R$ 200**; veja o [site](http://a.example).\nAté já&nbsp;&amp; "
              "&lt;b&gt;.\n\n"
              "## Descontos ##\n\n* Família: 10%\n* Idosos:\n    1. de 60\n    2. de 70\n\nFim.\n"),
        KIND_MARKDOWN,
        "# Preços\n\nA limpeza custa R$ 200; veja o site.\nAté já & <b>.\n\n## Descontos\n\n- Família: 10%\n- Idosos:\n"
        "  1. de 60\n  2. de 70\n\nFim.");
    becomes(BYTES("# T\n\n| Plano | Preço |\n|:------|------:|\n| A     |  10,00 |\n\n```sh\n# no heading\n\n  ls | "
                  "wc\n```\n"),
            KIND_MARKDOWN,
            "# T\n\n| Plano | Preço |\n|:------|------:|\n| A | 10,00 |\n\n```\n# no heading\n\n  ls | wc\n```");
    becomes(BYTES("# T\n\n\\# no "
                  "heading\n\n<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>\n\nx<br>y <!-- "
                  "z -->\n"),
            KIND_MARKDOWN, "# T\n\n\\# no heading\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nx\ny");
    becomes(BYTES("# T\n\n- a\n\n  second\n\n- b\n"), KIND_MARKDOWN, "# T\n\n- a\nsecond\n- b");
}

static void html_keeps_its_blocks(void **state)
{
    (void)state;
    becomes(BYTES("<!DOCTYPE html><html><head><title>no</title><style>no</style></head><body><nav>no</nav>"
                  "<h1>Pre&ccedil;os <em>de</em> 2026</h1><p>A   limpeza\n custa&nbsp;<b>R$</b> 200.<br>Sempre.</p>"
                  "<script>no()</script><ul><li>um<li><p>dois</p><ol><li>a</li><li>b</li></ol></ul>fim"
                  "<h2></h2><pre>a\n  b\n</pre></body></html>"),
            KIND_HTML,
            "# Preços de 2026\n\nA limpeza custa R$ 200.\nSempre.\n\n- um\n- dois\n  1. a\n  2. b\nfim\n\n```\na\n  "
            "b\n```");
    becomes(BYTES("<html><table><thead><tr><th>Plano</th><th>Preço</th></tr></thead><tbody><tr><td>A|B</td><td><p>10</"
                  "p><p>20</p></td>"
                  "</tr><tr></tr><tr><td></td><td>5</td></tr></tbody></table><p>fim</html>"),
            KIND_HTML, "| Plano | Preço |\n|---|---|\n| A\\|B | 10 20 |\n| | 5 |\n\nfim");
    becomes(BYTES("<div><p>Ol\xE1<p># tudo</div>"), KIND_HTML, "Olá\n\n\\# tudo");
    becomes(BYTES("<?xml version=\"1.0\"?>\n<!DOCTYPE html SYSTEM \"x\">\n"
                  "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body><p>x</p></body></html>"),
            KIND_HTML, "x");
}

static void csv_names_its_values(void **state)
{
    (void)state;
    becomes(BYTES("Serviço;Preço;Obs\r\nLimpeza;R$ 200;\"inclui \"\"flúor\"\";\n e mais\"\r\n;;\r\nCanal;900;\r\n"),
            KIND_CSV,
            "<2>Serviço: Limpeza\nPreço: R$ 200\nObs: inclui \"flúor\"; e mais\n<4>Serviço: Canal\nPreço: 900\n");
    becomes(BYTES("nome,ramal\nAna,800\nEva,801"), KIND_CSV, "<2>nome: Ana\nramal: 800\n<3>nome: Eva\nramal: 801\n");
    becomes(BYTES("nome ,\"ramal\n novo\",x\nAna,800,\nEva,801,\n"), KIND_CSV,
            "<2>nome: Ana\nramal novo: 800\n<3>nome: Eva\nramal novo: 801\n");
    becomes(BYTES("nome\tramal\nJo\xE3o\t800\n"), KIND_CSV, "<2>nome: João\nramal: 800\n");
    becomes(BYTES("Olá, tudo bem?\nSim, e você?\n"), KIND_TEXT, "Olá, tudo bem?\nSim, e você?\n");
    becomes(BYTES("A clínica abre cedo, às oito\nA limpeza é barata, sem custo\nO canal dura, é sério\n"), KIND_TEXT,
            "A clínica abre cedo, às oito\nA limpeza é barata, sem custo\nO canal dura, é sério\n");
    becomes(BYTES("um; dois\ntrês; quatro; cinco\n"), KIND_TEXT, "um; dois\ntrês; quatro; cinco\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_in_any_encoding),    cmocka_unit_test(long_text_in_any_encoding),
        cmocka_unit_test(damaged_text_is_refused), cmocka_unit_test(markdown_keeps_its_blocks),
        cmocka_unit_test(html_keeps_its_blocks),   cmocka_unit_test(csv_names_its_values),
    };
    return cmocka_run_group_tests(tests, load_magic, unload_magic);
}
