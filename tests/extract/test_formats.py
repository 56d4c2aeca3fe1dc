"""Every kind of document, whole and hostile, through voicedb-extract: as it is installed, and with sanitizers."""
import os
import resource
import struct
import subprocess
import tempfile
import unittest

import documents
import tap

BUILD = os.environ.get("VOICEDB_BUILD", "build-test")
INSTALLED = os.path.join(BUILD, "src/cli")
SANITIZED = os.path.join(BUILD, "tests/extract")

FRAMES = ["kind", "text", "row", "page", "end"]
KINDS = ["unknown", "text", "markdown", "csv", "html", "pdf", "docx", "odt"]
FAILURES = ["none", "binary", "unsupported", "encoding", "cut short", "damaged", "encrypted", "scanned", "macros", "bomb",
            "entities", "memory"]


def extract(folder, document, seconds=60, megabytes=256):
    """Kind, text with <N> where a page or a record begins, and the failure; the status where it ended otherwise."""
    program = os.path.join(folder, "voicedb-extract-pdf" if b"%PDF-" in document[:1024] else "voicedb-extract")
    with tempfile.TemporaryFile() as file:
        file.write(document)
        file.seek(0)
        done = subprocess.run([program, str(seconds), str(megabytes)], stdin=file, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120)
    if done.returncode != 0:
        return done.returncode, done.stderr.decode()[-2000:], None
    out, at, kind, text, failure = done.stdout, 0, None, "", None
    while at < len(out):
        number, length = struct.unpack_from("=II", out, at)
        payload = out[at + 8:at + 8 + length]
        at += 8 + length
        frame = FRAMES[number]
        if frame == "kind":
            kind = KINDS[payload[0]]
        elif frame == "text":
            text += payload.decode()
        elif frame == "end":
            failure = FAILURES[payload[0]]
        else:
            text += f"<{struct.unpack('=I', payload)[0]}>"
    return kind, text, failure


class Formats(unittest.TestCase):
    maxDiff = None

    def becomes(self, document, kind, text):
        for folder in (INSTALLED, SANITIZED):
            self.assertEqual(extract(folder, document), (kind, text, "none"))

    def fails(self, document, failure):
        for folder in (INSTALLED, SANITIZED):
            self.assertEqual(extract(folder, document)[2], failure)

    def test_docx_keeps_headings_lists_and_tables(self):
        body = (documents.paragraph("Preços", "Ttulo1") + documents.paragraph("A limpeza &amp; o resto custam R$ 200.") +
                documents.paragraph("Descontos", "Meu") + documents.paragraph("um", "Marcas") +
                documents.paragraph("dois", "", '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="2"/></w:numPr>') +
                "<w:tbl><w:tr><w:tc>" + documents.paragraph("Plano") + "</w:tc><w:tc>" + documents.paragraph("Preço|mês") +
                '</w:tc></w:tr><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>' + documents.paragraph("Básico") +
                documents.paragraph("grátis") + "</w:tc></w:tr></w:tbl>"
                "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t># c</w:t></w:r><w:del><w:r><w:t>x</w:t></w:r></w:del></w:p>")
        self.becomes(documents.docx(body), "docx",
                     "# Preços\n\nA limpeza & o resto custam R$ 200.\n\n## Descontos\n\n- um\n  - dois\n\n| Plano | Preço\\|mês |\n"
                     "|---|---|\n| Básico grátis | |\n\na b\n\\# c")

    def test_odt_keeps_headings_lists_and_tables(self):
        body = ('<text:h text:outline-level="2">Preços</text:h><text:p>A <text:span>limpeza</text:span><text:s text:c="2"/>custa'
                "<text:line-break/>pouco<text:note><text:p>nota</text:p></text:note></text:p><text:list><text:list-item>"
                "<text:p>um</text:p><text:list><text:list-item><text:p>dois</text:p></text:list-item></text:list></text:list-item>"
                "</text:list><table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell>"
                "<table:table-cell><text:p>B</text:p></table:table-cell></table:table-row><table:table-row>"
                '<table:table-cell table:number-columns-spanned="2"><text:p>1</text:p></table:table-cell><table:covered-table-cell/>'
                "</table:table-row></table:table>")
        self.becomes(documents.odt(body), "odt",
                     "## Preços\n\nA limpeza custa\npouco\n\n- um\n  - dois\n\n| A | B |\n|---|---|\n| 1 | |")

    def test_pdf_keeps_headings_paragraphs_tables_and_pages(self):
        first = [(50, 780, 24, "Preços da clínica"), (50, 740, 11, "A limpeza custa R$ 200,00 (cada), vale na segunda-"),
                 (50, 726, 11, "feira também."), (50, 690, 11, "Outro parágrafo, com texto bastante."),
                 (50, 640, 16, "Planos"), (50, 620, 11, "Plano"), (150, 620, 11, "Para quem"), (250, 620, 11, "Preço"),
                 (50, 605, 11, "Básico"), (250, 605, 11, "R$ 10"), (50, 590, 11, "Completo"), (150, 590, 11, "todos"),
                 (250, 590, 11, "R$ 20"), (50, 550, 11, "Depois da tabela.")]
        self.becomes(documents.pdf([first, [(50, 780, 11, "Na página dois.")]]), "pdf",
                     "<1># Preços da clínica\n\nA limpeza custa R$ 200,00 (cada), vale na segunda-feira também.\n\n"
                     "Outro parágrafo, com texto bastante.\n\n## Planos\n\n| Plano | Para quem | Preço |\n|---|---|---|\n"
                     "| Básico | | R$ 10 |\n| Completo | todos | R$ 20 |\n\nDepois da tabela.<2>\nNa página dois.")

    def test_lists_in_pdf(self):
        """A bullet is a mark of ours, beside its text or in front of it; a list with numbers is no table."""
        lines = [(50, 700, 11, "• um item que"), (60, 686, 11, "vai na linha seguinte"), (50, 672, 11, "•"), (90, 672, 11, "dois"),
                 (50, 658, 11, "1."), (90, 658, 11, "primeiro"), (50, 644, 11, "2."), (90, 644, 11, "segundo")]
        self.becomes(documents.pdf([lines]), "pdf",
                     "<1>- um item que\nvai na linha seguinte\n- dois\n1. primeiro\n2. segundo")

    def test_two_columns_of_text_are_no_table(self):
        lines = [(x, 700 - 11 * i, 9, f"coluna {x} linha {i} com palavras que enchem a largura")
                 for x in (40, 320) for i in range(10)]
        kind, text, failure = extract(INSTALLED, documents.pdf([lines]))
        self.assertEqual((kind, failure), ("pdf", "none"))
        self.assertNotIn("|", text)
        self.assertLess(text.index("coluna 40 linha 9"), text.index("coluna 320 linha 0"))

    def test_what_has_no_text_for_us(self):
        self.fails(documents.pdf([[], []]), "scanned")
        self.fails(documents.encrypted_pdf(), "encrypted")
        self.fails(documents.ENCRYPTED_DOCX, "encrypted")
        manifest = ('<!DOCTYPE m PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "Manifest.dtd"><m><f><encryption-data/></f></m>')
        self.fails(documents.odt("", **{"META-INF/manifest.xml": manifest}), "encrypted")
        self.fails(documents.docx("", **{"word/vbaProject.bin": "x"}), "macros")
        self.fails(documents.odt("", **{"Basic/Standard/Module1.xml": "x"}), "macros")
        self.fails(documents.package({"xl/workbook.xml": "x"}), "unsupported")
        self.fails(documents.ENCRYPTED_DOCX.replace(b"E\0n\0c", b"X\0x\0x"), "unsupported")

    def test_damaged_documents(self):
        whole = {"pdf": documents.pdf([[(50, 700, 12, "texto")]]), "docx": documents.docx(documents.paragraph("texto")), "odt": documents.odt("")}
        for kind, document in whole.items():
            self.assertEqual(extract(INSTALLED, document)[::2], (kind, "none"))
            for cut in range(5, len(document), 1 + len(document) // 40):
                for folder in (INSTALLED, SANITIZED):
                    self.assertIn(extract(folder, document[:cut])[2], ("damaged", "none", "scanned", "unsupported", "binary"))
        self.fails(whole["docx"][:-60], "damaged")
        self.fails(documents.docx("<w:p>"), "damaged")
        self.fails(documents.odt("", **{"content.xml": ""}), "damaged")

    def test_bombs(self):
        """Bounded in memory and time, whatever they unpack to."""
        self.fails(documents.entity_bomb(), "entities")
        self.assertEqual(extract(INSTALLED, documents.docx_bomb(1024))[2], "bomb")
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 256 << 10)


if __name__ == "__main__":
    tap.main()
