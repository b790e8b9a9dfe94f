/** Redaction marks over everything that a text, a regular expression or a preset finds in a layer: on its pages, and in its annotations. */
import type { PageText } from "@lectern/pdf";
import { PatternError, presetPattern, regexPattern } from "@lectern/pdf/search-pattern";
import type { SearchHit } from "@lectern/pdf/search";
import { type CreateRedactions, fromInstantJson, type Op, pageSpace, type Rect } from "@lectern/protocol";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { DocumentDeps } from "../documents/deps.ts";
import { findsIn } from "../documents/search.ts";
import { pageText } from "../documents/stream.ts";
import type { Access, ApplicationCaller, Context, SessionCaller } from "../handlers.ts";
import { storedAnnotation } from "../layers/annotations.ts";
import { idFrom } from "../layers/annotation-routes.ts";
import { requestSid } from "../layers/caller.ts";
import { commitLarge } from "../layers/large-change.ts";
import type { LayerPage } from "../layers/pages.ts";
import type { ReadLayer } from "../layers/reading.ts";

/** Marks that one request may make. */
const MOST_MARKS = 10_000;

export interface CreateContext {
  readonly deps: DocumentDeps;
  readonly layer: ReadLayer;
  readonly context: Context<ApplicationCaller | SessionCaller, Access>;
}

/** The new annotations in the published form. Throws ApiError `unprocessable`, `forbidden`, `limit_exceeded`. */
export async function createRedactions(
  { deps, layer, context }: CreateContext,
  input: CreateRedactions,
): Promise<{ readonly id: string }[]> {
  const find = finder(input);
  const { start = 0, limit = null, includeAnnotations = true } = input.strategyOptions;
  const pages = [...layer.pages()].slice(start, limit === null ? undefined : start + limit);
  const ops: Op[] = [];
  const userId = writer(context, input.user_id);
  const sid = requestSid(context, ["redactions", layer.document.id, layer.layer.name, input]);
  for (const page of pages) {
    const found = await findOn(page);
    for (const rects of found) {
      if (rects.length === 0) continue;
      if (ops.length >= MOST_MARKS)
        throw new ApiError("limit_exceeded", `More than ${MOST_MARKS} places were found: narrow it down, or use start and limit`);
      ops.push(markOp(page, rects));
    }
  }
  if (ops.length > 0)
    await commitLarge(layer.room, ops, { grants: layer.grants, userId, session: layer.sessionId, ...(sid === null ? {} : { sid }) });
  const names = layer.pages();
  return ops.flatMap(([, id]) => {
    const record = layer.room.record(id, layer.grants);
    const stored = record === null ? null : storedAnnotation(record, names);
    return stored === null ? [] : [{ ...stored, pageIndex: stored.content["pageIndex"] }];
  });

  async function findOn(page: LayerPage): Promise<(readonly Rect[])[]> {
    const { applicationId, documentId } = context.access;
    const { content } = page.data;
    const found: (readonly Rect[])[] = [];
    if (content !== null) {
      const text = await pageText(deps, {
        applicationId,
        documentId,
        blob: content.source,
        index: content.sourceIndex,
        signal: context.signal,
      });
      found.push(...(await find(text)).map(({ rects }) => rects));
    }
    if (!includeAnnotations) return found;
    for (const record of layer.room.snapshot(layer.grants, [page.id]).records) {
      if (record.kind !== "annotation" || record.data.page !== page.id || record.data.type === "redaction") continue;
      const words = [(record.data as { text?: { value?: unknown } | string }).text, record.data.note].flatMap((said) =>
        typeof said === "string"
          ? [said]
          : typeof said === "object" && typeof said.value === "string"
            ? [said.value.replace(/<[^>]*>/g, "")]
            : [],
      );
      for (const said of words) {
        if ((await find(oneRun(said))).length === 0) continue;
        found.push([record.data.geometry.bbox]);
        break;
      }
    }
    return found;
  }

  function markOp(page: LayerPage, rects: readonly Rect[]): Op {
    const space = pageSpace(page.shown);
    const shown = rects.map((rect) => space.rectToShown([...rect] as Rect));
    const json = { ...input.content, type: "pspdfkit/markup/redaction", v: 2, pageIndex: page.index, rects: shown, bbox: around(shown) };
    const read = fromInstantJson(json, layer.pages());
    if (!read.ok)
      throw new ApiError("unprocessable", `$.content: ${read.failingPaths[0]?.details ?? "is no redaction"}`, {
        failingPaths: read.failingPaths,
      });
    const id = sid === null ? newId(deps.clock.now(), deps.random(10)) : idFrom(`${sid} ${ops.length}`);
    return ["c", id, "annotation", read.value as unknown as Record<string, unknown>];
  }
}

type Find = (page: PageText) => Promise<readonly SearchHit[]>;

function finder(input: CreateRedactions): Find {
  if (input.strategy === "text") {
    const { text, caseSensitive = false } = input.strategyOptions;
    return (page) => findsIn(page, { query: text, caseSensitive, limit: MOST_MARKS });
  }
  try {
    const query =
      input.strategy === "preset"
        ? presetPattern(input.strategyOptions.preset)
        : regexPattern(input.strategyOptions.regex, { caseSensitive: input.strategyOptions.caseSensitive ?? true });
    return (page) => findsIn(page, { query, limit: MOST_MARKS });
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const failure = { path: "$.strategyOptions.regex", details: error.message };
    throw new ApiError("unprocessable", `${failure.path}: ${failure.details}`, { failingPaths: [failure] });
  }
}

function oneRun(text: string): PageText {
  const edges = Array.from({ length: text.length + 1 }, (_, index) => index);
  return { runs: [{ text, bbox: [0, 0, text.length, 1] as Rect, edges, fontSize: 1, angle: 0, lineEnd: true }] };
}

function around(rects: readonly Rect[]): Rect {
  const left = Math.min(...rects.map(([x]) => x));
  const top = Math.min(...rects.map(([, y]) => y));
  return [left, top, Math.max(...rects.map(([x, , w]) => x + w)) - left, Math.max(...rects.map(([, y, , h]) => y + h)) - top];
}

function writer({ caller }: CreateContext["context"], userId: string | null | undefined): string | null {
  if (caller.kind === "application") return userId ?? null;
  if (userId !== undefined && userId !== caller.session.userId)
    throw new ApiError("forbidden", "user_id must be left out, or be the session's own");
  return caller.session.userId;
}
