/** The sample document's pages to try things on: prose, figures, a form, links. */
import { measure } from "./pdf-content.ts";
import {
  ACCENT,
  BLUE,
  body,
  FAINT,
  GREEN,
  heading,
  HEIGHT,
  INK,
  label,
  link,
  MARGIN,
  MEASURE,
  opening,
  PAPER,
  SAND,
  type SampleContent,
  SOFT,
  WHITE,
  WIDTH,
  YELLOW,
} from "./sample-style.ts";

const CLAUSES: readonly (readonly [string, string])[] = [
  [
    "1. The room",
    "The Keeper makes available to the Reader one reading room, furnished with a lectern, a lamp and paper, on the days and at the hours set out in the calendar by the door. The room is quiet. It stays so because those who use it wish it to.",
  ],
  [
    "2. Term",
    "This agreement begins on the first day of the month after both have signed and continues for one year. It renews for another year unless either party says otherwise in writing no later than thirty days before it ends.",
  ],
  [
    "3. Fee",
    "The Reader pays 240 in twelve equal parts, each on the first working day of the month. A part that is more than fourteen days late bears interest at two per cent a year until it is paid.",
  ],
  [
    "4. Papers",
    "Papers brought into the room remain the property of whoever brought them. The Keeper stores them dry and in order, copies nothing without leave, and returns them on request within three working days.",
  ],
  [
    "5. Marks and notes",
    "The Reader may mark copies freely: underline, strike, circle and comment. Originals are never marked. A note is signed with a name and a date, so that whoever reads it later knows whom to ask.",
  ],
  [
    "6. Several readers",
    "Where several readers work on one copy, each sees the marks of the others as they are made, and none may remove what another has written without asking. Disagreement is settled in the margin, and then in conversation.",
  ],
  [
    "7. Loss",
    "The Keeper answers for the loss of a paper entrusted to it up to the cost of replacing it. What was written on the paper cannot be replaced, and so it is kept twice, in places that do not burn together.",
  ],
  [
    "8. End",
    "Either party may end this agreement with sixty days’ notice. The lamp is switched off, the papers go home, and the marks go with them.",
  ],
];

export function agreement(page: SampleContent): void {
  const { content } = page;
  const y = opening(
    page,
    "Pages to try things on",
    "An agreement to mark",
    "Select a sentence and highlight it, or leave a note in the margin. It binds nobody.",
  );
  const top = y + 12;
  content.rect(MARGIN, top, MEASURE, 40, { fill: PAPER, radius: 6 });
  content.text(MARGIN + 16, top + 24.5, "Between", { font: "Times-Italic", size: 11, color: SOFT });
  content.text(MARGIN + 62, top + 24.5, "the Keeper of the Harbour Library", { font: "Times-Bold", size: 11, color: INK });
  content.text(MARGIN + 240, top + 24.5, "and", { font: "Times-Italic", size: 11, color: SOFT });
  content.text(MARGIN + 266, top + 24.5, "the Reader who signs below", { font: "Times-Bold", size: 11, color: INK });

  const gap = 26;
  const width = (MEASURE - gap) / 2;
  for (const column of [0, 1]) {
    const x = MARGIN + column * (width + gap);
    let baseline = top + 72;
    for (const [title, text] of CLAUSES.slice(column * 4, column * 4 + 4)) {
      content.text(x, baseline, title, { font: "Helvetica-Bold", size: 9.5, color: ACCENT });
      baseline =
        content.paragraph(x, baseline + 17, text, { width, font: "Times-Roman", size: 10.5, leading: 15.2, color: INK, align: "justify" }) +
        11;
    }
  }
  content.line(WIDTH / 2, top + 62, WIDTH / 2, HEIGHT - 190, { stroke: SAND, width: 0.8 });
  for (const [column, who] of ["For the Keeper", "The Reader"].entries()) {
    const x = MARGIN + column * (width + gap);
    content.line(x, HEIGHT - 112, x + width - 20, HEIGHT - 112, { stroke: INK, width: 0.7 });
    content.text(x, HEIGHT - 99, who, { size: 8, color: SOFT });
  }
  signature(page, MARGIN + 14, HEIGHT - 122);
}

function signature({ content }: SampleContent, x: number, y: number): void {
  const points: [number, number][] = [
    [0, 4],
    [8, -22],
    [20, -30],
    [16, -4],
    [14, 10],
    [30, -14],
    [36, -8],
    [40, -2],
    [34, 6],
    [46, -2],
    [56, -10],
    [56, 4],
    [66, -4],
    [76, -12],
    [74, 6],
    [88, -6],
    [98, -14],
    [104, 2],
    [130, -8],
  ];
  content.path(
    points.map(([dx, dy]) => [x + dx, y + dy]),
    { stroke: "#24365f", width: 1.4, smooth: true },
  );
}

/** Readers a month, in two rooms. */
const READERS = [
  ["Jan", 42, 18],
  ["Feb", 48, 22],
  ["Mar", 61, 25],
  ["Apr", 57, 31],
  ["May", 70, 34],
  ["Jun", 66, 40],
  ["Jul", 45, 38],
  ["Aug", 38, 33],
  ["Sep", 74, 45],
  ["Oct", 88, 52],
  ["Nov", 81, 57],
  ["Dec", 59, 49],
] as const;

export function figures(page: SampleContent): void {
  const { content } = page;
  let y = opening(
    page,
    "Pages to try things on",
    "A year in figures",
    "The reading room by month. Frame the best one, and ask what happened in August.",
  );
  y += 22;
  heading(page, MARGIN, y, "Readers a month");
  legend(page, WIDTH - MARGIN - 172, y - 1);

  const [chartTop, chartHeight] = [y + 20, 190];
  const scale = chartHeight / 100;
  for (let tick = 0; tick <= 100; tick += 25) {
    const at = chartTop + chartHeight - tick * scale;
    content.line(MARGIN + 24, at, WIDTH - MARGIN, at, { stroke: tick === 0 ? INK : SAND, width: tick === 0 ? 0.9 : 0.6 });
    content.text(MARGIN + 16, at + 2.8, String(tick), { size: 8, color: SOFT, align: "right" });
  }
  const slot = (MEASURE - 24) / READERS.length;
  const bottom = chartTop + chartHeight;
  for (const [index, [month, main, garden]] of READERS.entries()) {
    const x = MARGIN + 24 + index * slot + slot / 2;
    const peak = main === 88;
    content.rect(x - 11, bottom - main * scale, 10, main * scale, { fill: peak ? ACCENT : BLUE });
    content.rect(x + 1, bottom - garden * scale, 10, garden * scale, { fill: YELLOW });
    if (peak)
      content.text(x - 6, bottom - main * scale - 5, String(main), { font: "Helvetica-Bold", size: 8, color: ACCENT, align: "center" });
    content.text(x, bottom + 13, month, { size: 8, color: SOFT, align: "center" });
  }

  y = bottom + 58;
  heading(page, MARGIN, y, "By quarter");
  const columns = [MARGIN + 12, MARGIN + 190, MARGIN + 280, MARGIN + 370, WIDTH - MARGIN - 12];
  const row = (cells: readonly string[], top: number, style: { readonly bold?: boolean; readonly color?: string }): void => {
    for (const [index, cell] of cells.entries()) {
      content.text(columns[index]!, top + 16.5, cell, {
        font: style.bold === true ? "Helvetica-Bold" : "Helvetica",
        size: 9.5,
        color: style.color ?? INK,
        align: index === 0 ? "left" : "right",
      });
    }
  };
  y += 14;
  content.rect(MARGIN, y, MEASURE, 26, { fill: INK, radius: 4 });
  row(["Quarter", "Main room", "Garden room", "Together", "Change"], y, { bold: true, color: WHITE });
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const quarters = ["First", "Second", "Third", "Fourth"].map((name, index) => {
    const months = READERS.slice(index * 3, index * 3 + 3);
    return { name, main: sum(months.map((month) => month[1])), garden: sum(months.map((month) => month[2])) };
  });
  for (const [index, { name, main, garden }] of quarters.entries()) {
    y += 26;
    if (index % 2 === 1) content.rect(MARGIN, y, MEASURE, 26, { fill: PAPER });
    const before = quarters[index - 1];
    const change = before === undefined ? null : Math.round(((main + garden) / (before.main + before.garden) - 1) * 100);
    row([name, String(main), String(garden), String(main + garden)], y, {});
    content.text(columns[4]!, y + 16.5, change === null ? "–" : `${change < 0 ? "–" : "+"}${Math.abs(change)} %`, {
      font: "Helvetica-Bold",
      size: 9.5,
      color: change === null ? SOFT : change < 0 ? ACCENT : GREEN,
      align: "right",
    });
  }
  y += 26;
  content.line(MARGIN, y, WIDTH - MARGIN, y, { stroke: INK, width: 0.9 });
  const [main, garden] = [sum(quarters.map((quarter) => quarter.main)), sum(quarters.map((quarter) => quarter.garden))];
  row(["The year", String(main), String(garden), String(main + garden)], y, { bold: true });
  content.paragraph(
    MARGIN,
    y + 50,
    "Numbers of an invented library. The garden room opened in January with four chairs; it has eleven now, and a waiting list for the one by the window.",
    { width: MEASURE, font: "Times-Italic", size: 10.5, leading: 15, color: SOFT },
  );
}

function legend({ content }: SampleContent, x: number, y: number): void {
  for (const [index, [name, color]] of (
    [
      ["Main room", BLUE],
      ["Garden room", YELLOW],
    ] as const
  ).entries()) {
    content.rect(x + index * 86, y - 8, 9, 9, { fill: color, radius: 2 });
    content.text(x + index * 86 + 14, y, name, { size: 8.5, color: SOFT });
  }
}

export function form(page: SampleContent): void {
  const { content, fields } = page;
  let y = opening(
    page,
    "Pages to try things on",
    "A form",
    "A place in the reading room, asked for in writing: fields of every common type.",
  );
  const top = y + 10;
  content.rect(MARGIN - 14, top, MEASURE + 28, 486, { fill: PAPER, radius: 10 });
  const [left, right] = [MARGIN + 8, WIDTH / 2 + 10];
  const half = WIDTH / 2 - MARGIN - 18;
  const caption = (x: number, at: number, text: string): void =>
    void content.text(x, at, text, { font: "Helvetica-Bold", size: 8.5, color: INK });
  const option = (x: number, at: number, text: string): void => void content.text(x, at, text, { size: 9.5, color: INK });

  y = top + 34;
  label(page, left, y, "About you");
  y += 24;
  caption(left, y, "Full name");
  fields.push({ type: "text", name: "reader.name", label: "Full name", rect: [left, y + 6, half, 24], value: "", required: true });
  caption(right, y, "Library card");
  fields.push({
    type: "text",
    name: "reader.card",
    label: "Library card, eight characters",
    rect: [right, y + 6, half, 24],
    comb: true,
    maxLength: 8,
    value: "HL240117",
  });
  y += 54;
  caption(left, y, "E-mail");
  fields.push({ type: "text", name: "reader.email", label: "E-mail", rect: [left, y + 6, half, 24], value: "" });
  caption(right, y, "Town");
  fields.push({
    type: "combobox",
    name: "reader.town",
    label: "Town",
    rect: [right, y + 6, half, 24],
    options: ["Harbour", "Hill", "Meadow", "Old Town"],
    value: "Harbour",
  });

  y += 70;
  content.line(left, y - 22, WIDTH - MARGIN - 8, y - 22, { stroke: FAINT, width: 0.6 });
  label(page, left, y, "The place");
  y += 24;
  caption(left, y, "Room");
  const rooms = ["Main room", "Garden room", "No preference"];
  fields.push({
    type: "radio",
    name: "place.room",
    label: "Room",
    value: "garden",
    buttons: ["main", "garden", "any"].map((value, index) => ({ value, rect: [left, y + 10 + index * 22, 14, 14] })),
  });
  for (const [index, room] of rooms.entries()) option(left + 22, y + 20.5 + index * 22, room);
  caption(right, y, "Days");
  for (const [index, day] of ["Monday", "Wednesday", "Saturday"].entries()) {
    fields.push({
      type: "checkbox",
      name: `place.${day.toLowerCase()}`,
      label: day,
      rect: [right, y + 10 + index * 22, 14, 14],
      checked: index === 1,
    });
    option(right + 22, y + 20.5 + index * 22, day);
  }
  caption(right + half / 2 + 6, y, "From");
  fields.push({
    type: "listbox",
    name: "place.from",
    label: "From",
    rect: [right + half / 2 + 6, y + 8, half / 2 - 6, 62],
    options: ["8:00", "10:00", "13:00", "16:00"],
    value: "10:00",
  });

  y += 106;
  content.line(left, y - 22, WIDTH - MARGIN - 8, y - 22, { stroke: FAINT, width: 0.6 });
  label(page, left, y, "Anything else");
  y += 14;
  fields.push({
    type: "text",
    name: "remarks",
    label: "Anything else",
    rect: [left, y, MEASURE - 16, 88],
    multiLine: true,
    value: "A chair by the window, if one is free.",
  });
  y += 114;
  fields.push({ type: "checkbox", name: "rules", label: "I have read the agreement", rect: [left, y - 11, 14, 14] });
  option(left + 22, y, "I have read");
  const before = measure("I have read ", { size: 9.5 });
  const wide = link(page, left + 22 + before, y, "the agreement", { page: 3 }, 9.5);
  option(left + 22 + before + wide, y, ", and I will be quiet.");
}

export function links(page: SampleContent): void {
  const { content } = page;
  let y = opening(page, "Pages to try things on", "Links", "Those within the document turn the page. Those that leave it ask first.");
  y += 26;
  heading(page, MARGIN, y, "Within this document");
  y += 26;
  for (const [text, target, note] of [
    ["Back to the cover", { page: 0 }, "fits the page"],
    ["The picture of the journey", { page: 2, top: 160 }, "goes to a place on the page"],
    ["Clause 5 of the agreement", { page: 3, top: 240 }, "goes to a place on the page"],
    ["The table of quarters", { page: 4, top: 480 }, "goes to a place on the page"],
  ] as const) {
    content.circle(MARGIN + 4, y - 4, 2.4, { fill: ACCENT });
    link(page, MARGIN + 18, y, text, target);
    content.text(WIDTH - MARGIN, y, note, { font: "Times-Italic", size: 10.5, color: SOFT, align: "right" });
    y += 25;
  }

  y += 24;
  heading(page, MARGIN, y, "Out of it");
  y += 16;
  const cards = [
    [
      "The format of this file",
      "ISO 32000-2, Portable document format: everything that a page may hold.",
      "https://www.iso.org/standard/75839.html",
    ],
    ["The licence of Lectern", "Apache License, version 2.0: use it, change it, share it.", "https://www.apache.org/licenses/LICENSE-2.0"],
    [
      "Documents for everybody",
      "Web Content Accessibility Guidelines 2.2: what a reader who does not see needs.",
      "https://www.w3.org/TR/WCAG22/",
    ],
    [
      "How a browser knows a PDF",
      "RFC 8118: the media type application/pdf, and what a link to a page looks like.",
      "https://www.rfc-editor.org/rfc/rfc8118",
    ],
  ] as const;
  for (const [title, text, uri] of cards) {
    content.rect(MARGIN, y, MEASURE, 66, { fill: PAPER, radius: 8 });
    content.rect(MARGIN, y, 4, 66, { fill: BLUE });
    content.text(MARGIN + 20, y + 22, title, { font: "Times-Bold", size: 13, color: INK });
    content.text(MARGIN + 20, y + 38, text, { font: "Times-Roman", size: 10.5, color: SOFT });
    link(page, MARGIN + 20, y + 54, uri.replace("https://", ""), { uri }, 8.5);
    page.links.push({ rect: [MARGIN, y, MEASURE, 44], target: { uri } });
    // An arrow that leaves its box.
    const [x, at] = [WIDTH - MARGIN - 30, y + 26];
    content.path(
      [
        [x + 4, at],
        [x - 2, at],
        [x - 2, at + 14],
        [x + 12, at + 14],
        [x + 12, at + 8],
      ],
      { stroke: BLUE, width: 1.3 },
    );
    content.path(
      [
        [x + 5, at + 7],
        [x + 14, at - 2],
      ],
      { stroke: BLUE, width: 1.3 },
    );
    content.path(
      [
        [x + 8, at - 2],
        [x + 14, at - 2],
        [x + 14, at + 4],
      ],
      { stroke: BLUE, width: 1.3 },
    );
    y += 78;
  }
  body(
    page,
    MARGIN,
    y + 22,
    "A viewer should never follow a link by itself. It shows where the link leads, waits for a yes, and opens the page in a window that knows nothing of this one.",
  );
}
