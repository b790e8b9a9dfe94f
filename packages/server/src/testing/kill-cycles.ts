/**
 * Cycles of work and kill -9 on the real process: edits over the socket and over HTTP, an upload that is acknowledged and one that is under way.
 * After each start everything that was acknowledged is looked for.
 */
import { createHash, randomUUID } from "node:crypto";
import { pagesPdf } from "@lectern/pdf/testing";
import type { TestProcess } from "./test-server.ts";
import { isAck, testSocket } from "./test-socket.ts";

export interface KillTotals {
  readonly cycles: number;
  /** Acknowledged, and all found after the last start. */
  readonly edits: number;
  readonly uploads: number;
  readonly lost: readonly string[];
}

const EDITS = 12;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** `isOver` is asked before each cycle. Uploads are checked whole once they are acknowledged, and all of them at the end. */
export async function killCycles(service: TestProcess, most: number, isOver: () => boolean = () => false): Promise<KillTotals> {
  const { id: document } = await service.upload(pagesPdf(1), "wait=60");
  const { jwt } = await service.session(document, { user_id: "mia", expires_in: 86_400 });
  const small = pagesPdf(1);
  const fileOf = (id: string): Uint8Array => Buffer.concat([small, Buffer.from(`% ${id}\n`)]);
  const edits = new Set<string>();
  const uploads = new Map<string, string>();
  const lost: string[] = [];
  const sid = randomUUID();
  let cycles = 0;

  const checkUpload = async (id: string): Promise<void> => {
    const response = await service.request(`/viewer/documents/${id}/pdf?source=true`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok || sha256(bytes) !== uploads.get(id)) lost.push(`upload ${id}: ${response.status}, ${bytes.length} bytes`);
  };

  /** One that was not answered is there whole, or not at all. */
  const checkNotTorn = async (id: string): Promise<void> => {
    const response = await service.request(`/viewer/documents/${id}/pdf?source=true`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.ok ? sha256(bytes) !== sha256(fileOf(id)) : response.status !== 404)
      lost.push(`torn upload ${id}: ${response.status}, ${bytes.length} bytes`);
  };

  for (; cycles < most && !isOver(); cycles++) {
    const socket = await testSocket(service.url);
    const { lastN } = await socket.hello(jwt, { sid });
    const ids = Array.from({ length: EDITS }, (_, i) => `e-${cycles}-${i}`);
    const uploaded = `u-${cycles}`;
    const upload = service.upload(fileOf(uploaded), `wait=0&document_id=${uploaded}`);
    const overHttp = `h-${cycles}`;
    const content = { type: "pspdfkit/note", pageIndex: 0, bbox: [0, 0, 9, 9], text: { format: "plain", value: overHttp } };
    await service.json(`/viewer/documents/${document}/annotations`, { json: { id: overHttp, content } });
    edits.add(overHttp);
    for (const [i, id] of ids.entries())
      socket.push(lastN + 1 + i, [
        ["c", id, "annotation", { type: "rectangle", page: "1.0", geometry: { bbox: [0, 0, 9, 9] }, appearance: {} }],
      ]);
    // Some are acknowledged, the rest is under way or done when the process dies.
    const acked = 1 + (cycles % EDITS);
    await socket.until("acks", isAck(lastN + acked));
    // Now and then in the middle of the upload, now and then behind it.
    if (cycles % 2 === 0) {
      const { id } = await upload;
      uploads.set(id, sha256(fileOf(id)));
    } else upload.catch(() => undefined);
    await service.crash();
    await service.start("/livez");

    const again = await testSocket(service.url);
    const welcome = await again.hello(jwt, { sid });
    again.close();
    if (welcome.lastN < lastN + acked) lost.push(`cycle ${cycles}: ${lastN + acked} acknowledged, ${welcome.lastN} known`);
    for (const id of ids.slice(0, welcome.lastN - lastN)) edits.add(id);
    if (cycles % 2 === 0) await checkUpload(`u-${cycles}`);
    else await checkNotTorn(`u-${cycles}`);
  }
  const { records } = await service.json<{ records: readonly { id: string }[] }>(`/viewer/documents/${document}/records`);
  const found = new Set(records.map(({ id }) => id));
  for (const id of edits) if (!found.has(id)) lost.push(`edit ${id}`);
  if (found.size !== edits.size) lost.push(`${found.size} edits found, ${edits.size} decided`);
  for (const id of uploads.keys()) await checkUpload(id);
  return { cycles, edits: edits.size, uploads: uploads.size, lost };
}
