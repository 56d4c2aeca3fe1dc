"""Documents made for tests: as small as they can be, whole or with one thing wrong."""
import io
import zipfile
import zlib

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
OPEN = ('xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"')
ODT_TYPE = "application/vnd.oasis.opendocument.text"

# Word in Portuguese: the styles' names stay English, their ids do not.
STYLES = f"""<?xml version="1.0" encoding="UTF-8"?><w:styles {WORD}>
<w:style w:styleId="Ttulo1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Ttulo2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Meu"><w:name w:val="Meu"/><w:basedOn w:val="Ttulo2"/></w:style>
<w:style w:styleId="Marcas"><w:name w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
</w:styles>"""


def package(parts):
    """A zip file of these parts, in this order."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in parts.items():
            z.writestr(name, content)
    return target.getvalue()


def docx(body, **parts):
    """`body`: XML of w:body."""
    return package({
        "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "word/styles.xml": STYLES,
        "word/document.xml": f'<?xml version="1.0"?><w:document {WORD}><w:body>{body}</w:body></w:document>',
    } | parts)


def paragraph(text, style="", properties=""):
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{style}{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def odt(body, **parts):
    """`body`: XML of office:text."""
    return package({
        "mimetype": ODT_TYPE,
        "content.xml": f'<?xml version="1.0"?><office:document-content {OPEN}><office:body><office:text>{body}</office:text>'
                       "</office:body></office:document-content>",
    } | parts)


def escaped(text):
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def shown(text, typeset):
    """How a line is shown: all at once, or as programs that typeset do it, in pieces that are moved together or apart."""
    if not typeset:
        return b"(%s) Tj" % escaped(text)
    return b"[" + b" ".join(b"(%s) %d" % (escaped(text[i:i + 2]), i % 7 - 3) for i in range(0, len(text), 2)) + b"] TJ"


def pdf(pages, trailer=b"", typeset=False):
    """Each page: a list of (x, y from the bottom, size, text)."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"",
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    kids = []
    for lines in pages:
        content = b"".join(b"BT /F1 %d Tf %d %d Td %s ET\n" % (size, x, y, shown(text, typeset)) for x, y, size, text in lines)
        content, packed = (zlib.compress(content), b"/Filter /FlateDecode ") if typeset else (content, b"")
        objects.append(b"<< %s/Length %d >>\nstream\n%s\nendstream" % (packed, len(content), content))
        kids.append(len(objects) + 1)
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
                       b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % k for k in kids))
    out, places = b"%PDF-1.5\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (out + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table) +
            b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, len(out)))


def encrypted_pdf():
    """No password opens it."""
    return pdf([[(50, 700, 12, "segredo")]],
               trailer=b"/ID [<%s> <%s>] /Encrypt << /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>"
                       % (b"00" * 16, b"00" * 16, b"11" * 32, b"22" * 32))


# Word's encrypted files are compound files of an old kind, with a stream of this name.
ENCRYPTED_DOCX = (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + bytes(16) + b"\x3E\x00\x03\x00\xFE\xFF\x09\x00" + bytes(480) +
                  "EncryptedPackage".encode("utf-16-le") + bytes(512))


def docx_bomb(megabytes):
    """A few hundred kilobytes that unpack to so much text."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as z:
        with z.open("word/document.xml", "w") as part:
            part.write(f"<w:document {WORD}><w:body><w:p><w:r><w:t>".encode())
            for _ in range(megabytes):
                part.write(b"<w:t>x " + b" " * ((1 << 20) - 13) + b"</w:t>")
            part.write(b"</w:t></w:r></w:p></w:body></w:document>")
    return target.getvalue()


ENTITIES = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(9)) + "]>"


def entity_bomb():
    """Some hundred bytes, of which a careless parser makes ten gigabytes."""
    return docx("", **{"word/document.xml": f'<?xml version="1.0"?>{ENTITIES}<w:document {WORD}><w:body><w:p><w:r><w:t>&j;</w:t>'
                                            "</w:r></w:p></w:body></w:document>"})
