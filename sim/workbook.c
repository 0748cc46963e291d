#include "sim/workbook.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/zip.h"

#define XML         "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define SHEETML     "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define OFFICE      "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE     "http://schemas.openxmlformats.org/package/2006/"
#define SPREADSHEET "application/vnd.openxmlformats-officedocument.spreadsheetml."

static const struct {
	const char *name;
	const char *text;
} frame[] = {
	{ "[Content_Types].xml",
		XML "<Types xmlns=\"" PACKAGE "content-types\"><Default Extension=\"rels\" "
		    "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
		    "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" SPREADSHEET "sheet.main+xml\"/>"
		    "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"" SPREADSHEET
		    "worksheet+xml\"/></Types>" },
	{ "_rels/.rels",
		XML "<Relationships xmlns=\"" PACKAGE
		    "relationships\"><Relationship Id=\"rId1\" Type=\"" OFFICE
		    "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>" },
	{ "xl/workbook.xml",
		XML "<workbook xmlns=\"" SHEETML "\" xmlns:r=\"" OFFICE
		    "\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>" },
	{ "xl/_rels/workbook.xml.rels",
		XML "<Relationships xmlns=\"" PACKAGE
		    "relationships\"><Relationship Id=\"rId1\" Type=\"" OFFICE
		    "/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>" },
};

static void
put_escaped(struct buf *out, struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		switch (text.at[i]) {
		case '<':
			buf_put_str(out, STR("&lt;"));
			break;
		case '&':
			buf_put_str(out, STR("&amp;"));
			break;
		default:
			if ((unsigned char)text.at[i] >= ' ')
				buf_put_char(out, text.at[i]);
		}
	}
}

static void
put_text_cell(struct buf *out, struct str text)
{
	buf_put_str(out, STR("<c t=\"inlineStr\"><is><t>"));
	put_escaped(out, text);
	buf_put_str(out, STR("</t></is></c>"));
}

static void
put_row(struct buf *out, const char *kind, struct str name, struct str value)
{
	struct buf text;

	buf_put_str(out, STR("<row>"));
	put_text_cell(out, str_of(kind));
	put_text_cell(out, name);
	if (json_kind_of(value) == JSON_NUMBER) {
		buf_put_str(out, STR("<c><v>"));
		buf_put_str(out, value);
		buf_put_str(out, STR("</v></c>"));
	} else {
		buf_init(&text, (size_t)64 << 20);
		if (json_kind_of(value) != JSON_STRING || !json_unquote(value, &text))
			buf_put_str(&text, value);
		put_text_cell(out, buf_text(&text));
		buf_fini(&text);
	}
	buf_put_str(out, STR("</row>"));
}

static void
put_rows(struct buf *out, const char *kind, struct str object, const struct cell *cells)
{
	struct json_walk walk;
	struct str key, value;

	if (!object.at) {
		for (; cells->name; cells++)
			put_row(out, kind, str_of(cells->name), str_of(cells->value));
		return;
	}
	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &key, &value)) {
		struct buf name;

		buf_init(&name, (size_t)1 << 20);
		if (json_unquote(key, &name))
			put_row(out, kind, buf_text(&name), value);
		buf_fini(&name);
	}
}

struct blob *
workbook_make(const struct model *model, struct str inputs, struct str outputs)
{
	struct blob *ret = blob_new();
	struct zip_writer zip;
	struct buf sheet;
	size_t i;

	zip_begin(&zip, ret);
	for (i = 0; i < sizeof(frame) / sizeof(frame[0]); i++)
		zip_add(&zip, frame[i].name, str_of(frame[i].text));
	buf_init(&sheet, (size_t)256 << 20);
	buf_put_str(&sheet, STR(XML "<worksheet xmlns=\"" SHEETML "\"><sheetData>"));
	put_rows(&sheet, "input", inputs, model->inputs);
	put_rows(&sheet, "output", outputs, model->outputs);
	buf_put_str(&sheet, STR("</sheetData></worksheet>"));
	zip_add(&zip, "xl/worksheets/sheet1.xml", buf_text(&sheet));
	buf_fini(&sheet);
	zip_end(&zip);
	return ret;
}
