/** Files whose annotations, fields, outlines, names and actions are absurd or want something of the reader. */
import { onePage, type RawObjects, seeded, stream } from "./raw-pdf.ts";
import type { Texts } from "./structure.ts";

type File = readonly [name: string, text: () => string];

function listed(groups: Readonly<Record<string, readonly File[]>>): Texts {
  return Object.fromEntries(Object.entries(groups).flatMap(([group, files]) => files.map(([name, text]) => [`${group}: ${name}`, text])));
}

/** A page whose annotations are these objects, from number 5 on. */
function annotated(annotations: readonly string[], more: RawObjects = [], catalog = ""): string {
  return onePage({
    page: `/Annots [${annotations.map((_, n) => `${n + 5} 0 R`).join(" ")}]`,
    catalog,
    objects: [...annotations.map((entries) => `<< /Type /Annot /Rect [50 50 150 100] ${entries} >>`), ...more],
  });
}

const SUBTYPES = [
  "Text",
  "Link",
  "FreeText",
  "Line",
  "Square",
  "Circle",
  "Polygon",
  "PolyLine",
  "Highlight",
  "Underline",
  "Squiggly",
  "StrikeOut",
  "Stamp",
  "Caret",
  "Ink",
  "Popup",
  "FileAttachment",
  "Sound",
  "Movie",
  "Widget",
  "Screen",
  "3D",
  "Redact",
  "Watermark",
];

export function annotations(seed: number): Texts {
  const points = (count: number): string => {
    const random = seeded(seed, `points ${count}`);
    return Array.from({ length: count }, () => random.below(300)).join(" ");
  };
  const absurd =
    "/Rect [NaN 1e30 -1e30 99999999999] /C [1e30 -5 NaN 7 8 9] /CA 99999 /F 4294967295 /Border [1e30 NaN -1 [0 0 0]] /BS << /W -1e30 /S 7 /D [-1 0 1e30] >> /BE << /S /C /I 1e30 >> /RD [1e30 1e30 1e30 1e30] /QuadPoints [NaN 1e30] /InkList [[NaN 1e30] 7 [] [1]] /Vertices [1] /L [NaN] /CL [1e30] /LE [/Odd] /Q 99 /Rotate 1e30 /DA (1e30 NaN rg /Nobody 1e30 Tf) /Name /Odd /M (D:99999999999999) /CreationDate (yesterday)";
  return listed({
    "everything absurd": SUBTYPES.map((subtype) => [subtype, () => annotated([`/Subtype /${subtype} ${absurd}`])] as const),
    "everything missing": [
      ["of every kind", () => annotated(SUBTYPES.map((subtype) => `/Subtype /${subtype}`)).replaceAll("/Rect [50 50 150 100]", "")],
    ],
    "too much": [
      ["a highlight of 50,000 quads", () => annotated([`/Subtype /Highlight /QuadPoints [${points(400_000)}]`])],
      ["a highlight of 7 numbers", () => annotated([`/Subtype /Highlight /QuadPoints [${points(7)}]`])],
      ["an ink of a stroke of 200,000 points", () => annotated([`/Subtype /Ink /InkList [[${points(400_000)}]]`])],
      ["an ink of 50,000 strokes", () => annotated([`/Subtype /Ink /InkList [${"[1 2 3 4] ".repeat(50_000)}]`])],
      ["an ink of strokes of one number", () => annotated([`/Subtype /Ink /InkList [${"[1] [] 7 (a) ".repeat(1000)}]`])],
      ["contents of two megabytes", () => annotated([`/Subtype /Text /Contents (${"many words ".repeat(200_000)})`])],
      ["contents of zeros", () => annotated([`/Subtype /Text /Contents <FEFF${"0000".repeat(50_000)}>`])],
      ["contents of half characters", () => annotated([`/Subtype /FreeText /DA (/Helv 12 Tf) /Contents <FEFF${"D83D".repeat(5000)}>`])],
      [
        "contents with every escape",
        () =>
          annotated([
            `/Subtype /Text /T (\\n\\r\\t\\b\\f\\(\\)\\\\\\0\\00\\000\\377\\400\\999\\x\\\n\\\r\n) /Contents (${Array.from({ length: 512 }, (_, n) => `\\${n.toString(8)}`).join("")}\\)`,
          ]),
      ],
      ["20,000 notes", () => annotated(Array<string>(20_000).fill("/Subtype /Text /Contents (x)"))],
      [
        "5,000 free texts",
        () => annotated(Array<string>(5000).fill("/Subtype /FreeText /DA (/Helv 12 Tf 0 g) /Contents (some text in a box)")),
      ],
      ["5,000 times the same", () => annotated(["/Subtype /Square"]).replace("/Annots [5 0 R]", `/Annots [${"5 0 R ".repeat(5000)}]`)],
      ["120,000 times nothing", () => annotated([]).replace("/Annots []", `/Annots [${"null ".repeat(120_000)}]`)],
      ["a thousand with one name", () => annotated(Array<string>(1000).fill("/Subtype /Square /NM (one-name-for-all)"))],
      [
        "names that are paths",
        () =>
          annotated(
            ["../../../../etc/passwd", "a\\000b", "<script>alert(1)</script>", "__proto__", "constructor"].map(
              (name) => `/Subtype /Square /NM (${name}) /T (${name}) /Contents (${name})`,
            ),
          ),
      ],
    ],
    loops: [
      ["a reply to itself", () => annotated(["/Subtype /Text /IRT 5 0 R"])],
      ["replies to each other", () => annotated(["/Subtype /Text /IRT 6 0 R", "/Subtype /Text /IRT 5 0 R"])],
      [
        "a thousand replies in a ring",
        () => annotated(Array.from({ length: 1000 }, (_, n) => `/Subtype /Text /IRT ${((n + 1) % 1000) + 5} 0 R`)),
      ],
      ["a popup of itself", () => annotated(["/Subtype /Popup /Popup 5 0 R /Parent 5 0 R"])],
      ["popups of each other", () => annotated(["/Subtype /Text /Popup 6 0 R", "/Subtype /Popup /Parent 5 0 R /Popup 5 0 R"])],
      ["an appearance that is the annotation", () => annotated(["/Subtype /Stamp /AP << /N 5 0 R >>"])],
      ["an appearance that is its own dictionary", () => annotated(["/Subtype /Stamp /AP 6 0 R /AS /N"], ["<< /N 6 0 R >>"])],
      [
        "an appearance that draws itself",
        () =>
          annotated(
            ["/Subtype /Stamp /AP << /N 6 0 R >>"],
            [stream("/Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>", "/X Do /X Do")],
          ),
      ],
      [
        "an appearance of giants",
        () =>
          annotated(
            ["/Subtype /Stamp /AP << /N 6 0 R >>"],
            [stream("/Subtype /Form /BBox [0 0 1e-30 1e30] /Matrix [1e30 1e30 1e30 1e30 NaN 0]", "0 0 9 9 re f")],
          ),
      ],
      ["annotations that are the page", () => onePage({ page: "/Annots [3 0 R 3 0 R]" })],
      ["annotations that are themselves", () => onePage({ page: "/Annots 5 0 R", objects: ["[5 0 R 5 0 R]"] })],
      ["a value that is the annotation", () => annotated(["/Subtype 5 0 R /Contents 5 0 R /T 5 0 R /C 5 0 R /Rect 5 0 R"])],
    ],
    fields: [
      [
        "a field that is its parent",
        () => annotated(["/Subtype /Widget /FT /Tx /T (a) /Parent 5 0 R"], [], "/AcroForm << /Fields [5 0 R] >>"),
      ],
      [
        "kids in a ring",
        () =>
          annotated(
            ["/Subtype /Widget /T (a) /Kids [6 0 R] /Parent 6 0 R", "/Subtype /Widget /T (b) /Kids [5 0 R] /Parent 5 0 R"],
            [],
            "/AcroForm << /Fields [5 0 R 6 0 R] >>",
          ),
      ],
      [
        "5,000 levels",
        () =>
          onePage({
            catalog: "/AcroForm << /Fields [5 0 R] >>",
            objects: Array.from(
              { length: 5000 },
              (_, n) => `<< /T (${n}) /FT /Tx /Kids [${n + 6} 0 R] ${n > 0 ? `/Parent ${n + 4} 0 R` : ""} >>`,
            ),
          }),
      ],
      [
        "a name of a megabyte",
        () => annotated([`/Subtype /Widget /FT /Tx /T (${"n".repeat(1_000_000)})`], [], "/AcroForm << /Fields [5 0 R] >>"),
      ],
      [
        "a choice of 100,000",
        () =>
          annotated(
            [`/Subtype /Widget /FT /Ch /T (c) /Opt [${"(one) ".repeat(100_000)}] /V (one)`],
            [],
            "/AcroForm << /Fields [5 0 R] /DA (/Helv 0 Tf) >>",
          ),
      ],
      [
        "a value of a megabyte, to be fitted",
        () =>
          annotated(
            [`/Subtype /Widget /FT /Tx /Ff 4096 /T (c) /DA (/Helv 0 Tf) /V (${"word ".repeat(200_000)})`],
            [],
            "/AcroForm << /Fields [5 0 R] /NeedAppearances true >>",
          ),
      ],
      [
        "a comb of two billion",
        () =>
          annotated(
            ["/Subtype /Widget /FT /Tx /Ff 16777216 /MaxLen 2147483647 /T (c) /V (abc) /DA (/Helv 12 Tf)"],
            [],
            "/AcroForm << /Fields [5 0 R] /NeedAppearances true >>",
          ),
      ],
      ["fields that are the form", () => onePage({ catalog: "/AcroForm 5 0 R", objects: ["<< /Fields 5 0 R /DR 5 0 R /XFA 5 0 R >>"] })],
      [
        "20,000 signatures",
        () =>
          onePage({
            catalog: `/AcroForm << /SigFlags 3 /Fields [${"5 0 R ".repeat(20_000)}] >>`,
            objects: ["<< /FT /Sig /T (s) /V << /Type /Sig /Contents <00> /ByteRange [0 99999999999 -1 -1] >> >>"],
          }),
      ],
      [
        "XFA that is no XML",
        () =>
          onePage({
            catalog: "/AcroForm << /Fields [] /XFA [(template) 5 0 R] >> /NeedsRendering true",
            objects: [stream("", "<".repeat(10_000))],
          }),
      ],
    ],
  });
}

export function names(): Texts {
  const outline = (entries: string, ...more: RawObjects): string =>
    onePage({ catalog: "/Outlines 5 0 R", objects: [`<< /Type /Outlines ${entries} >>`, ...more] });
  return listed({
    outline: [
      ["is itself", () => outline("/First 5 0 R /Last 5 0 R /Next 5 0 R")],
      ["an item that is its next", () => outline("/First 6 0 R /Last 6 0 R", "<< /Title (a) /Next 6 0 R >>")],
      ["an item that is its child", () => outline("/First 6 0 R /Last 6 0 R", "<< /Title (a) /First 6 0 R /Last 6 0 R >>")],
      [
        "a ring of three",
        () =>
          outline(
            "/First 6 0 R /Last 8 0 R",
            "<< /Title (a) /Next 7 0 R >>",
            "<< /Title (b) /Next 8 0 R /First 6 0 R >>",
            "<< /Title (c) /Next 6 0 R /First 7 0 R >>",
          ),
      ],
      ["2,000 levels", () => outline("/First 6 0 R", ...Array.from({ length: 2000 }, (_, n) => `<< /Title (${n}) /First ${n + 7} 0 R >>`))],
      [
        "60,000 items",
        () =>
          outline("/First 6 0 R", ...Array.from({ length: 60_000 }, (_, n) => `<< /Title (${n}) /Next ${n + 7} 0 R /Dest [3 0 R /Fit] >>`)),
      ],
      ["a title of two megabytes", () => outline("/First 6 0 R", `<< /Title (${"t".repeat(2_000_000)}) >>`)],
      [
        "destinations that are none",
        () =>
          outline(
            "/First 6 0 R",
            "<< /Title (a) /Dest [99 /XYZ NaN 1e30 -1e30] /A << /S /GoTo /D [null /Odd] >> /Next 7 0 R >>",
            "<< /Title (b) /Dest (nowhere) /Count 1e30 >>",
          ),
      ],
      [
        "titles that are markup",
        () => outline("/First 6 0 R", "<< /Title (<img src=x onerror=alert\\(1\\)>) /A << /S /URI /URI (javascript:alert\\(1\\)) >> >>"),
      ],
    ],
    names: [
      [
        "a tree that is itself",
        () =>
          onePage({
            catalog: "/Names << /Dests 5 0 R /EmbeddedFiles 5 0 R >> /Outlines << /First 6 0 R >>",
            objects: ["<< /Kids [5 0 R 5 0 R] /Limits [(a) (z)] >>", "<< /Title (a) /Dest (name) >>"],
          }),
      ],
      [
        "a tree of 3,000 levels",
        () =>
          onePage({
            catalog: "/Names << /Dests 5 0 R >> /Outlines << /First << /Title (a) /Dest (name) >> >>",
            objects: Array.from({ length: 3000 }, (_, n) => `<< /Kids [${n + 6} 0 R] /Limits [(a) (z)] >>`),
          }),
      ],
      [
        "a destination that is itself",
        () =>
          onePage({
            catalog: "/Names << /Dests << /Names [(name) 5 0 R] >> >> /Outlines << /First << /Title (a) /Dest (name) >> >>",
            objects: ["<< /D 5 0 R >>"],
          }),
      ],
      ["labels in a ring", () => onePage({ catalog: "/PageLabels 5 0 R", objects: ["<< /Kids [5 0 R] /Limits [0 9] >>"] })],
      [
        "labels of giants",
        () => onePage({ catalog: "/PageLabels << /Nums [0 << /S /r /St 2147483647 >> -5 << /S /A /St 2000000000 >> 1e30 7] >>" }),
      ],
      ["a label of roman billions", () => onePage({ catalog: "/PageLabels << /Nums [0 << /S /R /St 1000000000 >>] >>" })],
      ["a label of a billion letters", () => onePage({ catalog: "/PageLabels << /Nums [0 << /S /a /St 2147483647 >>] >>" })],
      ["a prefix of a megabyte", () => onePage({ catalog: `/PageLabels << /Nums [0 << /P (${"p".repeat(1_000_000)}) >>] >>` })],
      [
        "metadata of megabytes",
        () =>
          onePage({
            objects: [
              `<< /Title (${"t".repeat(1_000_000)}) /Author <FEFFD800DC00D800> /CreationDate (D:2024) /ModDate (D:00000000000000-99'99') >>`,
            ],
            options: { trailer: "/Info 5 0 R" },
          }),
      ],
      ["metadata that is itself", () => onePage({ objects: ["<< /Title 5 0 R /Author 5 0 R >>"], options: { trailer: "/Info 5 0 R" } })],
      [
        "a tree of structure that is itself",
        () =>
          onePage({
            catalog: "/MarkInfo << /Marked true >> /StructTreeRoot 5 0 R",
            objects: ["<< /Type /StructTreeRoot /K [5 0 R 5 0 R] /ParentTree 5 0 R /RoleMap << /A /B /B /A >> >>"],
          }),
      ],
      [
        "layers in a ring",
        () =>
          onePage({
            content: "/OC /L BDC 0 0 9 9 re f EMC",
            resources: "/Properties << /L 5 0 R >>",
            catalog: "/OCProperties << /OCGs [5 0 R] /D << /Order [5 0 R] >> >>",
            objects: ["<< /Type /OCMD /OCGs [5 0 R] /VE [/And 6 0 R] >>", "[/Not 6 0 R]"],
          }),
      ],
    ],
  });
}

export function actions(): Texts {
  const script = "/S /JavaScript /JS (while \\(true\\) app.alert\\(1\\);)";
  const each: Readonly<Record<string, string>> = {
    JavaScript: script,
    Launch: "/S /Launch /F (/bin/sh) /Win << /F (cmd.exe) /P (/c calc) >>",
    URI: "/S /URI /URI (javascript:alert\\(1\\))",
    "URI with a tab": "/S /URI /URI (java\\tscript:alert\\(1\\))",
    "URI of data": "/S /URI /URI (data:text/html,<script>alert\\(1\\)</script>)",
    "URI of a file": "/S /URI /URI (file:///etc/passwd)",
    "URI of a megabyte": `/S /URI /URI (https://example.com/${"a".repeat(1_000_000)})`,
    SubmitForm: "/S /SubmitForm /F (http://127.0.0.1:1/) /Flags 4",
    ImportData: "/S /ImportData /F (/etc/passwd)",
    GoToR: "/S /GoToR /F (\\\\\\\\127.0.0.1\\\\share\\\\x.pdf) /D [0 /Fit]",
    GoToE: "/S /GoToE /T << /R /C /N (x) /T << /R /P >> >>",
    Rendition: "/S /Rendition /OP 0 /JS (app.alert\\(1\\))",
    Named: "/S /Named /N /Print",
    "in a ring": "/S /URI /URI (https://example.com/) /Next 5 0 R",
  };
  return listed({
    "action on opening": Object.entries(each).map(
      ([name, entries]) =>
        [
          name,
          () =>
            onePage({
              catalog: "/OpenAction 5 0 R /AA << /WC 5 0 R /WS 5 0 R >>",
              page: "/AA << /O 5 0 R /C 5 0 R >>",
              objects: [`<< ${entries} >>`],
            }),
        ] as const,
    ),
    "action of a link": Object.entries(each).map(
      ([name, entries]) => [name, () => annotated(["/Subtype /Link /A 6 0 R /AA << /E 6 0 R >>"], [`<< ${entries} >>`])] as const,
    ),
    "action of a field": [
      [
        "JavaScript",
        () =>
          annotated(
            [
              `/Subtype /Widget /FT /Tx /T (a) /V (1) /AA << /K << ${script} >> /F << ${script} >> /V << ${script} >> /C << ${script} >> >>`,
            ],
            [],
            "/AcroForm << /Fields [5 0 R] /CO [5 0 R] >>",
          ),
      ],
      ["JavaScript by name", () => onePage({ catalog: `/Names << /JavaScript << /Names [(a) << ${script} >>] >> >>` })],
    ],
  });
}
