/** The sample document's story: cover, what it is, how a document travels, what next. */
import { measure } from "./pdf-content.ts";
import {
  ACCENT,
  BLUE,
  body,
  cursor,
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

export function cover(page: SampleContent): void {
  const { content } = page;
  content.rect(0, 0, WIDTH, HEIGHT, { fill: INK });
  // Faint ruled lines, like a sheet of writing paper.
  for (let y = 60; y < HEIGHT; y += 26) content.line(0, y, WIDTH, y, { stroke: "#1d2a4a", width: 0.6 });
  content.circle(396, 512, 178, { fill: ACCENT });
  content.circle(396, 512, 214, { stroke: "#3a3550", width: 0.8 });
  content.circle(396, 512, 252, { stroke: "#2a3050", width: 0.8 });
  lectern(page, 396, 476);
  cursor(page, 284, 560, "Ada", BLUE);
  cursor(page, 484, 446, "Grace", GREEN);

  label(page, MARGIN, 86, "A sample document", YELLOW);
  content.text(MARGIN - 3, 168, "Welcome to", { font: "Times-Italic", size: 44, color: SAND });
  content.text(MARGIN - 4, 246, "Lectern", { font: "Times-Roman", size: 92, color: WHITE, spacing: -2 });
  content.rect(MARGIN, 276, 46, 3, { fill: ACCENT });
  content.paragraph(MARGIN, 304, "Read, mark and share documents,\ntogether, on a server of your own.", {
    width: 300,
    size: 13,
    leading: 20,
    color: SAND,
  });
  content.text(MARGIN, HEIGHT - 52, "Eight pages: a short tour, and some to try things on.", { size: 9, color: "#9aa5c4" });
}

/** An open book on a stand, its spine at (x, y). */
function lectern({ content }: SampleContent, x: number, y: number): void {
  content.path(
    [
      [x - 24, y + 130],
      [x + 24, y + 130],
      [x + 36, y + 306],
      [x - 36, y + 306],
    ],
    { fill: "#0f1830", close: true },
  );
  content.rect(x - 92, y + 300, 184, 20, { fill: "#0f1830", radius: 6 });
  content.path(
    [
      [x - 158, y - 26],
      [x + 158, y - 26],
      [x + 182, y + 152],
      [x - 182, y + 152],
    ],
    { fill: "#0f1830", close: true },
  );
  content.rect(x - 188, y + 146, 376, 14, { fill: "#243256", radius: 4 });

  for (const side of [-1, 1]) {
    const at = (dx: number, dy: number): [number, number] => [x + side * dx, y + dy];
    // The block of pages below, then the page on top with its gentle curve.
    content.path(
      [at(0, 0), at(40, -26), at(95, -22), at(140, -16), at(150, 40), at(158, 92), at(166, 138), at(110, 128), at(50, 124), at(0, 148)],
      { fill: FAINT, smooth: true, close: true },
    );
    content.path(
      [at(0, -4), at(40, -32), at(95, -28), at(138, -22), at(147, 34), at(154, 84), at(162, 130), at(106, 120), at(48, 116), at(0, 142)],
      { fill: WHITE, smooth: true, close: true },
    );
    for (let line = 0; line < 9; line++) {
      const [near, far] = [20 + line * 0.6, 124 + line * 2.2];
      const dy = 4 + line * 11.6;
      const curve = [at(near, dy - 11), at(near + 30, dy - 19), at(far - 40, dy - 19), at(far - (line === 8 ? 50 : 0), dy - 15)];
      if (side === 1 && (line === 3 || line === 4)) content.path(curve, { stroke: YELLOW, width: 9, smooth: true });
      content.path(curve, {
        stroke: line === 0 && side === -1 ? ACCENT : "#b9bfcc",
        width: line === 0 && side === -1 ? 4 : 2.2,
        smooth: true,
      });
    }
  }
  content.line(x, y - 4, x, y + 142, { stroke: "#d5d0c4", width: 1.5 });
  // A line drawn by hand under the left page's last words.
  content.path(
    [
      [x - 132, y + 102],
      [x - 112, y + 94],
      [x - 96, y + 108],
      [x - 78, y + 98],
      [x - 64, y + 92],
      [x - 58, y + 104],
      [x - 44, y + 97],
    ],
    { stroke: BLUE, width: 2.4, smooth: true },
  );
}

export function introduction(page: SampleContent): void {
  const { content } = page;
  let y = opening(
    page,
    "A short tour",
    "What it is",
    "A place where documents are read and marked by several people at once, and where nothing that they write is lost.",
  );
  y = body(
    page,
    MARGIN,
    y + 16,
    "Lectern is a service and a viewer. The service keeps your documents, draws their pages and remembers every mark; the viewer shows them in any web page, at once, however long they are. An app of yours uploads a document, asks for a session, and hands that session to the browser. Everybody who has the document open sees the same marks a moment after they are made.",
  );

  const cards = [
    {
      title: "Read",
      text: "The first page is there before anything heavy has loaded. Scroll a thousand pages, search, select, zoom.",
      draw: bookIcon,
      color: BLUE,
    },
    {
      title: "Mark",
      text: "Highlight a sentence, draw with a pen, leave a note, frame a figure, write on the page. All of it can be undone.",
      draw: penIcon,
      color: ACCENT,
    },
    {
      title: "Share",
      text: "Two people or twenty: changes travel as they happen, and each session may do what you allow and no more.",
      draw: peopleIcon,
      color: GREEN,
    },
  ];
  const gap = 16;
  const width = (MEASURE - 2 * gap) / 3;
  const top = y + 18;
  for (const [index, card] of cards.entries()) {
    const x = MARGIN + index * (width + gap);
    content.rect(x, top, width, 186, { fill: PAPER, radius: 8 });
    content.rect(x, top, width, 4, { fill: card.color });
    content.circle(x + 36, top + 44, 21, { fill: WHITE, stroke: card.color, width: 1.2 });
    card.draw(page, x + 36, top + 44, card.color);
    content.text(x + 16, top + 92, card.title, { font: "Times-Bold", size: 17, color: INK });
    content.paragraph(x + 16, top + 111, card.text, { width: width - 30, size: 9, leading: 13.4, color: SOFT });
  }

  y = top + 234;
  heading(page, MARGIN, y, "In this document");
  const contents: [string, string, number][] = [
    ["How a document travels", "From upload to the screen of a reader, in one picture.", 2],
    ["An agreement to mark", "Prose in two columns. Select some of it.", 3],
    ["A year in figures", "Charts and a table, to frame and to point at.", 4],
    ["A form", "Text, choices and boxes, as forms have them.", 5],
    ["Links", "Some stay in this document, some leave it.", 6],
  ];
  y += 14;
  for (const [title, text, target] of contents) {
    content.line(MARGIN, y, WIDTH - MARGIN, y, { stroke: SAND, width: 0.8 });
    content.text(MARGIN, y + 21, title, { font: "Helvetica-Bold", size: 10, color: INK });
    content.text(MARGIN + 150, y + 21, text, { font: "Times-Roman", size: 11, color: SOFT });
    content.text(WIDTH - MARGIN, y + 21, String(target), { font: "Helvetica-Bold", size: 10, color: ACCENT, align: "right" });
    page.links.push({ rect: [MARGIN, y + 2, MEASURE, 30], target: { page: target } });
    y += 33;
  }
  content.line(MARGIN, y, WIDTH - MARGIN, y, { stroke: SAND, width: 0.8 });
}

function bookIcon({ content }: SampleContent, x: number, y: number, color: string): void {
  for (const side of [-1, 1]) {
    content.path(
      [
        [x, y - 6],
        [x + side * 4, y - 10],
        [x + side * 9, y - 9],
        [x + side * 12, y - 8],
        [x + side * 12, y - 3],
        [x + side * 12, y + 3],
        [x + side * 12, y + 7],
        [x + side * 9, y + 6],
        [x + side * 4, y + 6],
        [x, y + 9],
      ],
      { stroke: color, width: 1.6, smooth: true },
    );
  }
  content.line(x, y - 6, x, y + 9, { stroke: color, width: 1.6 });
}

function penIcon({ content }: SampleContent, x: number, y: number, color: string): void {
  content.path(
    [
      [x - 10, y + 9],
      [x - 8, y + 2],
      [x + 5, y - 11],
      [x + 10, y - 6],
      [x - 3, y + 7],
    ],
    { stroke: color, width: 1.6, close: true },
  );
  content.line(x + 1, y - 7, x + 6, y - 2, { stroke: color, width: 1.6 });
}

function peopleIcon({ content }: SampleContent, x: number, y: number, color: string): void {
  for (const [dx, size] of [
    [-5, 1],
    [6, 0.85],
  ] as const) {
    content.circle(x + dx, y - 5, 4 * size, { stroke: color, width: 1.6, fill: WHITE });
    content.path(
      [
        [x + dx - 7 * size, y + 9],
        [x + dx - 7 * size, y - 1],
        [x + dx + 7 * size, y - 1],
        [x + dx + 7 * size, y + 9],
      ],
      { stroke: color, width: 1.6, fill: WHITE, smooth: true },
    );
  }
}

export function journey(page: SampleContent): void {
  const { content } = page;
  let y = opening(
    page,
    "A short tour",
    "How a document travels",
    "Three parties, three steps. Your backend speaks for you, the browser holds a session.",
  );
  const top = y + 8;
  content.rect(MARGIN - 14, top, MEASURE + 28, 282, { fill: PAPER, radius: 10 });

  const box = { width: 118, height: 76 };
  const [backend, service, browser] = [
    { x: MARGIN + 8, y: top + 44, title: "Your backend", text: "knows your users", color: BLUE },
    { x: WIDTH / 2 - box.width / 2, y: top + 162, title: "Lectern", text: "keeps, draws, merges", color: INK },
    { x: WIDTH - MARGIN - 8 - box.width, y: top + 44, title: "A browser", text: "shows the viewer", color: GREEN },
  ] as const;
  const middle = (station: { x: number }): number => station.x + box.width / 2;

  arrow(
    page,
    [
      [middle(backend), backend.y + box.height + 4],
      [middle(backend), top + 200],
      [middle(backend), top + 200],
      [service.x - 8, top + 200],
    ],
    ACCENT,
  );
  arrow(
    page,
    [
      [backend.x + box.width + 6, top + 82],
      [WIDTH / 2 - 20, top + 82],
      [WIDTH / 2 + 20, top + 82],
      [browser.x - 8, top + 82],
    ],
    ACCENT,
  );
  arrow(
    page,
    [
      [middle(browser), browser.y + box.height + 4],
      [middle(browser), top + 200],
      [middle(browser), top + 200],
      [service.x + box.width + 8, top + 200],
    ],
    ACCENT,
    true,
  );
  step(page, middle(backend) + 22, top + 176, "1", "upload");
  step(page, WIDTH / 2, top + 82, "2", "session");
  step(page, middle(browser) - 22, top + 176, "3", "pages, marks");

  for (const station of [backend, service, browser]) {
    content.rect(station.x + 2, station.y + 3, box.width, box.height, { fill: SAND, radius: 8 });
    content.rect(station.x, station.y, box.width, box.height, {
      fill: station === service ? INK : WHITE,
      stroke: station.color,
      width: 1.2,
      radius: 8,
    });
    content.text(middle(station), station.y + 36, station.title, {
      font: "Times-Bold",
      size: 16,
      color: station === service ? WHITE : INK,
      align: "center",
    });
    content.text(middle(station), station.y + 54, station.text, { size: 9, color: station === service ? SAND : SOFT, align: "center" });
  }

  const steps = [
    [
      "Upload",
      "Your backend sends a file with its key and receives an id. The file is stored under the fingerprint of its content and never changed again; what people add later is kept beside it, as small records.",
    ],
    [
      "Session",
      "For a person who wants to read, your backend asks for a session: a signed token that opens this one document, for a while, with the rights that you choose. Reading alone is a right of its own.",
    ],
    [
      "Viewer",
      "The browser opens the document with that token. The first page comes as a picture, ready to look at; then words to select, and a line to the service on which marks travel both ways.",
    ],
  ] as const;
  y = top + 322;
  const width = (MEASURE - 40) / 3;
  for (const [index, [title, text]] of steps.entries()) {
    const x = MARGIN + index * (width + 20);
    content.text(x, y, String(index + 1), { font: "Times-Roman", size: 34, color: ACCENT });
    content.text(x + 24, y - 3, title, { font: "Times-Bold", size: 15, color: INK });
    content.paragraph(x, y + 24, text, { width, font: "Times-Roman", size: 10.5, leading: 15, color: INK });
  }

  const band = y + 168;
  content.rect(MARGIN - 14, band, MEASURE + 28, 72, { fill: INK, radius: 10 });
  content.rect(MARGIN + 8, band + 20, 3, 32, { fill: YELLOW });
  content.text(MARGIN + 26, band + 33, "A change counts as saved when it is on the disk, and not before.", {
    font: "Times-Italic",
    size: 14.5,
    color: WHITE,
  });
  content.text(
    MARGIN + 26,
    band + 51,
    "Pull the plug between two strokes of the pen: what you were told is saved is there when the lights come back.",
    { size: 8.5, color: SAND },
  );
}

function arrow({ content }: SampleContent, curve: readonly [number, number][], color: string, both = false): void {
  content.path(curve, { stroke: color, width: 1.6, smooth: true });
  const [start, second] = [curve[0]!, curve[1]!];
  const [before, end] = [curve[2]!, curve[3]!];
  for (const [from, to] of both
    ? ([
        [before, end],
        [second, start],
      ] as const)
    : ([[before, end]] as const)) {
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
    const side = (turn: number): [number, number] => [to[0] - 9 * Math.cos(angle + turn), to[1] - 9 * Math.sin(angle + turn)];
    content.path([side(0.42), to, side(-0.42)], { fill: color, stroke: color, width: 1, close: true });
  }
}

function step({ content }: SampleContent, x: number, y: number, number: string, text: string): void {
  const width = measure(text, { font: "Helvetica-Bold", size: 8.5 }) + 36;
  content.rect(x - width / 2, y - 11, width, 22, { fill: WHITE, stroke: ACCENT, width: 1, radius: 11 });
  content.circle(x - width / 2 + 11, y, 7.5, { fill: ACCENT });
  content.text(x - width / 2 + 11, y + 3, number, { font: "Helvetica-Bold", size: 8.5, color: WHITE, align: "center" });
  content.text(x - width / 2 + 24, y + 3, text, { font: "Helvetica-Bold", size: 8.5, color: INK });
}

export function closing(page: SampleContent): void {
  const { content } = page;
  content.rect(0, 0, WIDTH, 330, { fill: INK });
  for (let y = 60; y < 320; y += 26) content.line(0, y, WIDTH, y, { stroke: "#1d2a4a", width: 0.6 });
  content.circle(WIDTH - 84, 96, 150, { stroke: "#3a3550", width: 0.8 });
  content.circle(WIDTH - 84, 96, 96, { fill: ACCENT });
  cursor(page, WIDTH - 118, 84, "You", BLUE);
  label(page, MARGIN, 86, "What next", YELLOW);
  content.text(MARGIN - 2, 168, "Your turn", { font: "Times-Roman", size: 60, color: WHITE, spacing: -1 });
  content.paragraph(
    MARGIN,
    208,
    "Open this document in a second window, side by side with this one, and draw in either. Then put a document of your own in its place.",
    { width: 330, font: "Times-Italic", size: 15, leading: 22, color: SAND },
  );

  heading(page, MARGIN, 382, "In a web page of yours");
  const code = [
    '<script src="https://your-server/sdk/lectern.js"></script>',
    "",
    "<script>",
    '  Lectern.load({ container: "#viewer", session });',
    "</script>",
  ];
  content.rect(MARGIN, 398, MEASURE, 112, { fill: PAPER, radius: 8 });
  content.rect(MARGIN, 398, 4, 112, { fill: ACCENT });
  for (const [index, line] of code.entries())
    content.text(MARGIN + 22, 424 + index * 17, line, { font: "Courier", size: 10.5, color: INK });

  heading(page, MARGIN, 552, "Worth trying");
  const tries = [
    ["Find a word", "Search for “paper”; it is on many pages.", 3],
    ["Mark a clause", "Select a sentence of the agreement and highlight it.", 3],
    ["Frame a figure", "Draw a rectangle around the tallest bar.", 4],
    ["Go back", "Undo all of it, one step at a time.", 0],
  ] as const;
  for (const [index, [title, text, target]] of tries.entries()) {
    const y = 582 + index * 36;
    content.circle(MARGIN + 8, y - 4, 8, { stroke: ACCENT, width: 1.2 });
    content.path(
      [
        [MARGIN + 4.6, y - 4],
        [MARGIN + 7, y - 1.4],
        [MARGIN + 11.6, y - 7],
      ],
      { stroke: ACCENT, width: 1.4 },
    );
    const width = link(page, MARGIN + 28, y, title, { page: target }, 11);
    content.text(MARGIN + 28 + Math.max(width + 14, 110), y, text, { font: "Times-Roman", size: 11.5, color: SOFT });
  }
  content.line(MARGIN, HEIGHT - 58, WIDTH - MARGIN, HEIGHT - 58, { stroke: FAINT, width: 0.5 });
  content.text(MARGIN, HEIGHT - 42, "Lectern is free software under the Apache License 2.0.", { size: 8, color: SOFT });
  content.text(WIDTH - MARGIN, HEIGHT - 42, String(page.index), { font: "Helvetica-Bold", size: 8, color: INK, align: "right" });
}
