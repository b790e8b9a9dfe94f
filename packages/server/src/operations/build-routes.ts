/** Routes of builds: what comes out is sent, or takes the place of a document's pages. */
import { createWriteStream } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BuildInstructions, BuildOutput } from "@lectern/protocol";
import { ApiError, newId } from "@lectern/protocol/plain";
import { isLinear } from "../documents/download.ts";
import { exportPdf } from "../documents/export.ts";
import { type StoredManifest, shapeOf } from "../documents/manifest.ts";
import { documentSummary } from "../documents/summary.ts";
import type { Access, ApplicationCaller, Context, Handlers, Reply } from "../handlers.ts";
import { reply } from "../handlers.ts";
import { changesFor } from "../layers/changes.ts";
import { notOffered } from "../http/not-offered.ts";
import type { Outgoing } from "../outgoing/request.ts";
import { fetchedFile } from "./fetched-file.ts";
import { commitLarge } from "../layers/large-change.ts";
import { layerFor, type ReadingDeps } from "../layers/reading.ts";
import type { ImageFormat } from "../ports.ts";
import { asText, type BuildContext, built, type Built, finished, type NumberedMark, numberedMarks, rangeOf } from "./build.ts";
import { composedPages, metadataOf, outlineOf } from "./composition.ts";
import { requirePages } from "./content.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { checkedInstructions, type GivenFile, type PartsOnDisk, readInstructions } from "./instructions.ts";
import { requestSid } from "../layers/caller.ts";
import { importedPages } from "./import-pages.ts";
import { type PageList, planOps } from "./page-plan.ts";
import { labelled, pagesOf } from "./page-parts.ts";
import { pagesOfFile } from "./pages-of-file.ts";
import { MOST_FILES, writeZip } from "./zip.ts";

type BuildCaller = Context<ApplicationCaller, Access | null>;

export interface BuildRoutesDeps {
  readonly reading: ReadingDeps;
  readonly outgoing: Outgoing;
  /** Access of the caller to a document. Throws ApiError `not_found`. */
  readonly accessTo: (context: BuildCaller, documentId: string, layerName: string, password: string | null) => Access;
}

/** Where one request builds: its files are gone when it closes. */
interface Workshop {
  readonly newPath: () => string;
  readonly context: (files: ReadonlyMap<string, GivenFile>) => BuildContext;
  readonly close: () => Promise<void>;
}

/** `self`: what `#self` stands for; null: nothing. */
function workshop(
  { reading, outgoing, accessTo }: BuildRoutesDeps,
  context: BuildCaller,
  self: { readonly documentId: string; readonly layerName: string } | null,
): Workshop {
  const deps = reading.documents;
  const made: string[] = [];
  const newFile = (): { readonly path: string; readonly sha256: string } => {
    const id = newId(deps.clock.now(), deps.random(10));
    const path = join(deps.tempDir, `${id}.build`);
    made.push(path);
    return { path, sha256: id };
  };
  // Of all that is fetched together.
  let left = deps.maxUploadBytes;
  return {
    newPath: () => newFile().path,
    context: (files) => ({
      deps,
      files,
      newFile,
      signal: context.signal,
      async fetch(address, path) {
        const target = newFile().path;
        const file = await fetchedFile(outgoing, address, { target, maxBytes: left, path, signal: context.signal });
        left -= (await stat(target)).size;
        return file;
      },
      async document({ id, layer, password }, target) {
        if (id === "#self" && self === null)
          throw new ApiError("unprocessable", "#self is the document of apply_instructions; name one by its id");
        const isSelf = self !== null && (id === "#self" || id === self.documentId);
        const documentId = isSelf ? self.documentId : id;
        const access = accessTo(context, documentId, layer === "" && isSelf ? self.layerName : layer, password);
        return writeLayer(reading, context, access, target);
      },
    }),
    close: async () => void (await Promise.all(made.map((path) => rm(path, { force: true })))),
  };
}

function partsOnDisk({ maxUploadBytes, limits }: DocumentDeps, newPath: () => string): PartsOnDisk {
  return { newPath, maxBytes: maxUploadBytes, limits };
}

/** What an upload of instructions needs. */
export interface DocumentBuild {
  readonly onDisk: PartsOnDisk;
  /** The PDF that the instructions describe, and the password that opens it. Throws ApiError `invalid_parameters`, `unprocessable`, … */
  readonly build: (
    instructions: unknown,
    files: ReadonlyMap<string, GivenFile>,
  ) => Promise<{ readonly path: string; readonly password: string | null }>;
  readonly close: () => Promise<void>;
}

export function documentBuild(routes: BuildRoutesDeps, context: BuildCaller): DocumentBuild {
  const shop = workshop(routes, context, null);
  return {
    onDisk: partsOnDisk(routes.reading.documents, shop.newPath),
    async build(json, files) {
      const instructions = checkedInstructions(json);
      const output = pdfOutput(instructions);
      const build = shop.context(files);
      const { path } = await finished(build, await built(build, instructions), output);
      return { path, password: output.user_password ?? null };
    },
    close: shop.close,
  };
}

/** Throws ApiError `unprocessable`, `not_implemented`. */
function pdfOutput({ output = {} }: BuildInstructions): Extract<BuildOutput, { type?: "pdf" }> {
  refuseOthers(output);
  if (output.type === "image" || output.type === "json-content") throw new ApiError("unprocessable", "$.output: a document is a PDF");
  return output as Extract<BuildOutput, { type?: "pdf" }>;
}

async function writeLayer(reading: ReadingDeps, context: BuildCaller, access: Access, target: string): Promise<readonly NumberedMark[]> {
  const deps = reading.documents;
  const layer = await layerFor(reading, access, { address: context.address, signal: context.signal });
  if (layer.document.passwordProtected)
    throw new ApiError("unprocessable", `The document ${access.documentId} has a password: its pages cannot be taken over`);
  const exported = await exportPdf(deps, {
    document: layer.document,
    changes: changesFor(layer),
    pages: await composedPages(deps, layer.document, {
      base: layer.base,
      changed: layer.room.changed({ kind: "page" }),
      pages: layer.pages(),
      extras: { metadata: metadataOf(layer.room), outline: outlineOf(layer.room) },
    }),
    signal: context.signal,
  });
  await pipeline(exported.bytes, createWriteStream(target, { mode: 0o600 }));
  return numberedMarks(layer.room.snapshot(layer.grants).records);
}

const MEDIA_TYPES: Readonly<Record<ImageFormat, string>> = { png: "image/png", webp: "image/webp", jpeg: "image/jpeg" };

export function buildRoutes(routes: BuildRoutesDeps): Handlers["builds"] {
  const { reading, accessTo } = routes;
  const deps = reading.documents;

  async function building<T>(
    context: BuildCaller,
    use: (build: BuildContext, instructions: BuildInstructions) => Promise<T>,
    self: { readonly documentId: string; readonly layerName: string } | null,
  ): Promise<T> {
    const shop = workshop(routes, context, self);
    try {
      const onDisk = partsOnDisk(deps, shop.newPath);
      const { files, instructions } = await readInstructions(context.body, onDisk);
      return await use(shop.context(files), instructions);
    } finally {
      await shop.close();
    }
  }

  return {
    async build(_input, context) {
      return building(
        context,
        async (build, instructions) => {
          const output = instructions.output ?? {};
          refuseOthers(output);
          const made = await built(build, instructions);
          if (output.type === "image") return images(build, made, output);
          if (output.type === "json-content")
            return reply(JSON.stringify(await asText(build, made, output)), { headers: { "content-type": "application/json" } });
          const { path } = await finished(build, made, output as Extract<BuildOutput, { type?: "pdf" }>);
          return fileReply(path, "application/pdf");
        },
        null,
      );
    },
    async applyInstructions({ documentId }, context) {
      const layer = await layerFor(reading, context.access, { address: context.address, signal: context.signal, create: true });
      requirePages(layer);
      if (layer.document.passwordProtected) throw new ApiError("unprocessable", "A document with a password cannot be rebuilt");
      const self = { documentId, layerName: layer.layer.name };
      const seq = await building(
        context,
        async (build, instructions) => {
          const pdf = pdfOutput(instructions);
          if (pdf.user_password !== undefined || pdf.owner_password !== undefined)
            throw new ApiError("unprocessable", "$.output: pages of a document that is stored have no passwords of their own; use /build");
          const plan = { room: layer.room, grants: layer.grants, clock: deps.clock, random: deps.random, mostPages: deps.limits.pages };
          const list = await pagesOf(instructions, {
            ...plan,
            layer,
            content: async (part) => {
              const { source } = await built(build, { parts: [part] });
              return pagesOfFile(deps, layer.document, { source, signal: build.signal });
            },
            isSelf: ({ id, layer: name }) => (id === "#self" || id === documentId) && (name === undefined || name === layer.layer.name),
            imports: (wanted, path) =>
              importedPages(
                { reading, accessTo: (_context, id, name) => accessTo(context, id === "#self" ? documentId : id, name, null) },
                context,
                { layer, wanted, path },
              ),
          });
          const erases = actionsOf(instructions).includes("applyRedactions");
          const sid = requestSid(context, ["apply_instructions", documentId, layer.layer.name, instructions]);
          const write = async (pages: PageList): Promise<number> => {
            const { grants, room } = layer;
            return (
              await commitLarge(room, planOps(layer.pages(), pages, plan), {
                grants,
                userId: grants.userId,
                session: layer.sessionId,
                erases,
                ...(sid === null ? {} : { sid }),
              })
            ).seq;
          };
          if (list !== null) return write(labelled(list, pdf));
          const { source } = await built(build, instructions);
          // What was there is deleted, and can be restored unless it was redacted.
          const pages = await pagesOfFile(deps, layer.document, { source, signal: build.signal });
          return write(labelled(pages, pdf));
        },
        self,
      );
      return { data: { ...documentSummary(layer.document), pageCount: layer.pages().count, seq } };
    },
  };

  async function images(
    build: BuildContext,
    { source, pageCount }: Built,
    output: Extract<BuildOutput, { type: "image" }>,
  ): Promise<Reply> {
    const format = output.format === undefined ? "png" : output.format === "jpg" ? "jpeg" : output.format;
    const indexes = rangeOf(output.pages ?? { start: 0, end: 0 }, pageCount);
    if (indexes.length === 0) throw new ApiError("unprocessable", `$.output.pages: holds no page, there are ${pageCount}`);
    if (indexes.length > MOST_FILES) throw new ApiError("limit_exceeded", `At most ${MOST_FILES} images`);
    const { width, height, dpi } = output;
    if ([width, height, dpi].filter((given) => given !== undefined).length !== 1)
      throw new ApiError("unprocessable", "$.output: give one of width, height and dpi");
    const shapes = dpi === undefined ? null : await manifestOf(build, source);
    const heightAt = (page: number): number => {
      const shape = shapes === null ? null : shapeOf(shapes, page)!;
      return shape === null ? height! : ((shape.rotation % 180 === 0 ? shape.height : shape.width) / 72) * dpi!;
    };
    const image = (page: number): Promise<Uint8Array> =>
      deps.renderer.image(source, {
        page,
        ...(width === undefined ? { height: Math.round(heightAt(page)) } : { width: Math.round(width) }),
        format,
        annotations: "all",
        encoding: "small",
        signal: build.signal,
      });
    if (indexes.length === 1) return reply(await image(indexes[0]!), { headers: { "content-type": MEDIA_TYPES[format] } });
    const { path } = build.newFile();
    const extension = format === "jpeg" ? "jpg" : format;
    async function* images(): AsyncGenerator<{ readonly name: string; readonly bytes: Uint8Array }> {
      for (const page of indexes) yield { name: `${page + 1}.${extension}`, bytes: await image(page) };
    }
    await writeZip(path, images());
    return fileReply(path, "application/zip");
  }

  async function manifestOf(build: BuildContext, source: Built["source"]): Promise<StoredManifest> {
    const list = build.newFile();
    await deps.renderer.prepare(source, { revision: 1, target: list.path, signal: build.signal });
    const [first = "{}"] = (await readFile(list.path, "utf8")).split("\n", 1);
    return (JSON.parse(first) as { readonly manifest: StoredManifest }).manifest;
  }
}

/** Opened now: the file's name is gone when the answer is on its way. */
async function fileReply(path: string, mediaType: string): Promise<Reply> {
  const file = await open(path);
  const { size } = await file.stat();
  const headers = { "content-type": mediaType, "content-length": String(size), "cache-control": "private, no-store" };
  return reply(file.createReadStream(), { headers });
}

function refuseOthers(output: BuildOutput): void {
  const { type } = output;
  if (type === "pdfa") throw notOffered("pdfa");
  if (type === "docx" || type === "xlsx" || type === "pptx") throw notOffered("office");
  if ("optimize" in output) isLinear(output.optimize ?? {});
  for (const what of ["tables", "keyValuePairs"] as const)
    if (what in output && (output as Readonly<Record<string, unknown>>)[what] === true) throw notOffered("meaning");
}

function actionsOf({ parts, actions = [] }: BuildInstructions): string[] {
  return [...parts.flatMap((part) => part.actions ?? []), ...actions].map(({ type }) => type);
}
