/** Comments on marks of other programs, whose kind records do not know: in the layer, and as replies in the file. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestServer, testServer } from "../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

/** Readers find the objects without a table. */
const FILE = `%PDF-1.7
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[5 0 R]>> endobj
4 0 obj <</Type/XObject/Subtype/Form/BBox[0 0 50 20]/Length 29>> stream
1 0 0 rg 0 0 50 20 re f      
endstream endobj
5 0 obj <</Type/Annot/Subtype/Caret/NM(their-caret)/Rect[100 700 200 740]/F 4/Contents(insert this)/AP<</N 4 0 R>>/Secret 42>> endobj
trailer <</Root 1 0 R>>
`;

interface Comments {
  readonly data: { readonly comments: readonly { readonly id: string; readonly content: { readonly text: unknown } }[] };
}

test("a mark of a kind that is not known is commented on; the file has the replies on the mark, and gives them back", async () => {
  const { id } = await server.upload(Buffer.from(FILE, "latin1"));
  const comment = (text: string) => ({
    comments: [{ content: { type: "pspdfkit/comment", v: 1, pageIndex: 0, text, creatorName: "Ann" }, user_id: "ann" }],
  });
  const path = `/viewer/documents/${id}/annotations/their-caret/comments`;
  for (const text of ["Why here?", "Because."]) {
    const response = await server.request(path, { method: "POST", json: comment(text) });
    if (!response.ok) throw new Error(await response.text());
  }
  const said = async (of: string): Promise<string[]> => {
    const { data } = await server.json<Comments>(`/viewer/documents/${of}/annotations/their-caret/comments`);
    return data.comments.map(({ content }) =>
      typeof content.text === "string" ? content.text : (content.text as { value: string }).value,
    );
  };
  expect(await said(id)).toEqual(["Why here?", "Because."]);
  const file = Buffer.from(await (await server.request(`/viewer/documents/${id}/pdf`)).arrayBuffer());
  const text = file.toString("latin1");
  // The mark is what it was; both hang on it.
  expect(text).toMatch(/\/Subtype ?\/Caret/);
  expect(text).toMatch(/\/Secret 42/);
  const caret = /(\d+) 0 obj\s*<<(?:(?!endobj)[\s\S])*\/Subtype ?\/Caret/.exec(text)![1]!;
  expect(text.match(new RegExp(`/IRT ${caret} 0 R`, "g"))).toHaveLength(2);
  const { id: copy } = await server.upload(file);
  expect(await said(copy)).toEqual(["Why here?", "Because."]);
});
