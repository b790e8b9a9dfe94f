/**
 * A form as producers make them, hand-written: a hierarchy of names, every type of field, scripts, an order of calculation, two widgets of one
 * field, widgets that no field lists, and fields that make no sense. One page, nothing drawn but the fields.
 */
import { type PdfDictionary, pdfName, type PdfRef, type PdfValue, pdfWriter } from "../pdf-writer.ts";

const script = (JS: string): PdfDictionary => ({ S: pdfName("JavaScript"), JS });

/** Names of its fields, in the order of the file. */
export const ORDER_FIELDS = [
  "order.quantity",
  "order.price",
  "order.discount",
  "order.total",
  "order.date",
  "code",
  "notes",
  "pin",
  "agree",
  "colour",
  "twice",
  "size",
  "country",
  "extras",
  "send",
  "signature",
  "nobody",
  "lonely",
] as const;

export function orderForm(): Uint8Array {
  const writer = pdfWriter();
  const root = writer.reserve();
  const tree = writer.reserve();
  const page = writer.reserve();
  const widgets: PdfRef[] = [];
  const helvetica = writer.add({
    Type: pdfName("Font"),
    Subtype: pdfName("Type1"),
    BaseFont: pdfName("Helvetica"),
    Encoding: pdfName("WinAnsiEncoding"),
  });
  const form = writer.stream({ Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 16, 16] }, "0 0 16 16 re S");
  let row = 0;
  const place = (column = 0, height = 20): PdfDictionary => {
    const top = 800 - row * 36;
    return {
      Type: pdfName("Annot"),
      Subtype: pdfName("Widget"),
      P: page,
      F: 4,
      Rect: [50 + column * 150, top - height, 190 + column * 150, top],
    };
  };
  const shown = (dictionary: PdfDictionary, ref = writer.reserve()): PdfRef => {
    writer.set(ref, dictionary);
    widgets.push(ref);
    return ref;
  };
  const field = (dictionary: PdfDictionary, column = 0, height = 20): PdfRef => shown({ ...place(column, height), ...dictionary });
  const border = { MK: { BC: [0.2, 0.3, 0.4], BG: [0.95, 0.97, 1] }, DA: "/Body 11 Tf 0 0 0.5 rg" };
  const states = (name: string): PdfDictionary => ({ AS: pdfName("Off"), AP: { N: { [name]: form, Off: form } } });

  const order = writer.reserve();
  const number = (T: string, extra: PdfDictionary, column: number): PdfRef =>
    field({ Parent: order, FT: pdfName("Tx"), T, ...border, ...extra }, column);
  const format = script('AFNumber_Format(2, 0, 0, 0, "$", true);');
  const quantity = number(
    "quantity",
    {
      V: "2",
      TU: "How many",
      Ff: 2,
      AA: { K: script('AFNumber_Keystroke(0, 0, 0, 0, "", true);'), V: script("AFRange_Validate(true, 1, true, 100);") },
    },
    0,
  );
  const price = number("price", { V: "10.50", AA: { F: format, K: script('AFNumber_Keystroke(2, 0, 0, 0, "$", true);') } }, 1);
  row++;
  const discount = number("discount", { AA: { F: script("AFPercent_Format(0, 0);") } }, 0);
  const total = number(
    "total",
    {
      Q: 2,
      Ff: 1,
      AA: {
        F: format,
        C: script(
          'var q = this.getField("order.quantity").value;\nvar p = this.getField("order.price").value;\nevent.value = q * p * (1 - this.getField("order.discount").value);',
        ),
      },
    },
    1,
  );
  const date = number("date", { AA: { F: script('AFDate_FormatEx("dd/mm/yyyy");'), K: script('AFDate_KeystrokeEx("dd/mm/yyyy");') } }, 2);
  writer.set(order, { T: "order", Kids: [quantity, price, discount, total, date] });
  row++;
  const code = field({ FT: pdfName("Tx"), T: "code", Ff: 1 << 24, MaxLen: 6, V: "AB12", ...border });
  const pin = field({ FT: pdfName("Tx"), T: "pin", Ff: 1 << 13, ...border }, 1);
  row++;
  const notes = field({ FT: pdfName("Tx"), T: "notes", Ff: 1 << 12, V: "Grüße\nзавтра", DV: "Dear …", ...border }, 0, 60);
  row += 2;
  const agree = field({ FT: pdfName("Btn"), T: "agree", V: pdfName("Off"), MK: { CA: "4", BC: [0] }, ...states("Yes") });
  const colour = writer.reserve();
  const red = field({ Parent: colour, MK: { CA: "l", BC: [0] }, ...states("red") }, 1);
  const blue = field({ Parent: colour, MK: { CA: "l", BC: [0] }, ...states("blue"), AS: pdfName("blue") }, 2);
  writer.set(colour, { FT: pdfName("Btn"), T: "colour", Ff: (1 << 14) | (1 << 15), V: pdfName("blue"), TU: "Colour", Kids: [red, blue] });
  row++;
  const twice = writer.reserve();
  const first = field({ Parent: twice, ...border }, 0);
  const second = field({ Parent: twice, ...border }, 1);
  writer.set(twice, { FT: pdfName("Tx"), T: "twice", V: "both", MaxLen: 20, Kids: [first, second] });
  row++;
  const size = writer.reserve();
  const sizes = ["0", "1", "2"].map((state, column) => field({ Parent: size, MK: { CA: "8", BC: [0] }, ...states(state) }, column));
  writer.set(size, { FT: pdfName("Btn"), T: "size", Ff: 1 << 15, Opt: ["Small", "Large", "Large"], V: pdfName("Off"), Kids: sizes });
  row++;
  const country = field({
    FT: pdfName("Ch"),
    T: "country",
    Ff: (1 << 17) | (1 << 18),
    Opt: [
      ["de", "Germany"],
      ["fr", "France"],
    ],
    V: "de",
    ...border,
  });
  const extras = field(
    { FT: pdfName("Ch"), T: "extras", Ff: 1 << 21, Opt: ["Gift", "Express", "Insured"], V: ["Gift", "Insured"], I: [0, 2], ...border },
    1,
    50,
  );
  row += 2;
  const send = field({ FT: pdfName("Btn"), T: "send", Ff: 1 << 16, MK: { CA: "Send" }, A: { S: pdfName("ResetForm") }, AP: { N: form } });
  const signature = field({ FT: pdfName("Sig"), T: "signature" }, 1);
  row++;
  // No widget; no name; a kid that is its own parent; a name that is a number; a widget that no field lists.
  const nobody = writer.add({ FT: pdfName("Tx"), T: "nobody", V: "here" });
  const nameless = writer.add({ FT: pdfName("Tx") });
  const circle = writer.reserve();
  writer.set(circle, { T: "circle", Kids: [circle] });
  const odd = writer.add({ T: 7, FT: 8, Kids: "none" });
  field({ FT: pdfName("Tx"), T: "lonely", V: "alone", ...border });

  const Fields: PdfValue[] = [
    order,
    code,
    notes,
    pin,
    agree,
    colour,
    twice,
    size,
    country,
    extras,
    send,
    signature,
    nobody,
    nameless,
    circle,
    odd,
    null,
  ];
  writer.set(tree, { Type: pdfName("Pages"), Count: 1, Kids: [page] });
  writer.set(page, { Type: pdfName("Page"), Parent: tree, MediaBox: [0, 0, 595, 842], Resources: {}, Annots: widgets });
  writer.set(root, {
    Type: pdfName("Catalog"),
    Pages: tree,
    AcroForm: { Fields, CO: [total], NeedAppearances: true, DA: "/Body 0 Tf 0 g", DR: { Font: { Body: helvetica } } },
  });
  return writer.finish({ Root: root }, { id: "0123456789ABCDEF0123456789ABCDEF" });
}
