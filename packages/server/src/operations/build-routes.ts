/** Routes of builds: what comes out is sent, or takes the place of a document's pages. */
import { createWriteStream } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BuildInstructions, BuildOutput } from "@lectern/protocol";
import { ApiError, newId } from "@lectern/protocol/plain";
import { exportPdf } from "../documents/export.ts";
import { type StoredManifest, shapeOf } from "../documents/manifest.ts";
import { documentSummary } from "../documents/summary.ts";
import type { Access, ApplicationCaller, Context, Handlers, Reply } from "../handlers.ts";
import { reply } from "../handlers.ts";
import { changesFor } from "../layers/changes.ts";
import type { Outgoing } from "../outgoing/request.ts";
import { fetchedFile } from "./fetched-file.ts";
import { commitLarge } from "../layers/large-change.ts";
import { layerFor, type ReadingDeps } from "../layers/reading.ts";
import type { ImageFormat } from "../ports.ts";
import { asText, type BuildContext, built, type Built, finished, rangeOf } from "./build.ts";
import { composedPages, metadataOf, outlineOf } from "./composition.ts";
import { requirePages } from "./content.ts";
import { type GivenFile, readInstructions } from "./instructions.ts";
import { importedPages } from "./import-pages.ts";
import { type PageList, planOps } from "./page-plan.ts";
import { labelled, pagesOf } from "./page-parts.ts";
import { pagesOfFile } from "./pages-of-file.ts";
import { zip } from "./zip.ts";

type BuildCaller = Context<ApplicationCaller, Access | null>;

export interface BuildRoutesDeps {
  readonly reading: ReadingDeps;
  readonly outgoing: Outgoing;
  /** Access of the caller to a document. Throws ApiError `not_found`. */
  readonly accessTo: (context: BuildCaller, documentId: string, layerName: string, password: string | null) => Access;
}

const MOST_IMAGES = 500;
const MEDIA_TYPES: Readonly<Record<ImageFormat, string>> = { png: "image/png", webp: "image/webp", jpeg: "image/jpeg" };

export function buildRoutes({ reading, outgoing, accessTo }: BuildRoutesDeps): Handlers["builds"] {
  const deps = reading.documents;

  /** Files of the build are gone when `use` is done. */
  async function building<T>(
    context: BuildCaller,
    use: (build: BuildContext, instructions: BuildInstructions) => Promise<T>,
    self: { readonly documentId: string; readonly layerName: string } | null,
  ): Promise<T> {
    const made: string[] = [];
    const newFile = (): { readonly path: string; readonly sha256: string } => {
      const id = newId(deps.clock.now(), deps.random(10));
      const path = join(deps.tempDir, `${id}.build`);
      made.push(path);
      return { path, sha256: id };
    };
    const files: Map<string, GivenFile> = new Map();
    // Of all that is fetched together.
    let left = deps.maxUploadBytes;
    try {
      const read = await readInstructions(context.body, { newPath: () => newFile().path, maxBytes: deps.maxUploadBytes });
      for (const [name, file] of read.files) files.set(name, file);
      const build: BuildContext = {
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
          await writeLayer(context, access, target);
        },
      };
      return await use(build, read.instructions);
    } finally {
      await Promise.all(made.map((path) => rm(path, { force: true })));
    }
  }

  async function writeLayer(context: BuildCaller, access: Access, target: string): Promise<void> {
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
          const output = instructions.output ?? {};
          refuseOthers(output);
          if (output.type === "image" || output.type === "json-content")
            throw new ApiError("unprocessable", "$.output: a document is a PDF");
          const pdf = output as Extract<BuildOutput, { type?: "pdf" }>;
          if (pdf.user_password !== undefined || pdf.owner_password !== undefined)
            throw new ApiError("unprocessable", "$.output: pages of a document that is stored have no passwords of their own; use /build");
          const plan = { room: layer.room, grants: layer.grants, clock: deps.clock, random: deps.random };
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
          const write = async (pages: PageList): Promise<number> => {
            const { grants, room } = layer;
            return (
              await commitLarge(room, planOps(layer.pages(), pages, plan), {
                grants,
                userId: grants.userId,
                session: layer.sessionId,
                erases,
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
    if (indexes.length > MOST_IMAGES) throw new ApiError("limit_exceeded", `At most ${MOST_IMAGES} images`);
    const { width, height, dpi } = output;
    if ([width, height, dpi].filter((given) => given !== undefined).length !== 1)
      throw new ApiError("unprocessable", "$.output: give one of width, height and dpi");
    const files: { readonly name: string; readonly bytes: Uint8Array }[] = [];
    for (const page of indexes) {
      const size =
        width !== undefined ? { width: Math.round(width) } : { height: Math.round(height ?? (await heightAt(build, source, page, dpi!))) };
      const bytes = await deps.renderer.image(source, {
        page,
        ...size,
        format,
        annotations: "all",
        encoding: "small",
        signal: build.signal,
      });
      files.push({ name: `${page + 1}.${format === "jpeg" ? "jpg" : format}`, bytes });
    }
    if (files.length === 1) return reply(files[0]!.bytes, { headers: { "content-type": MEDIA_TYPES[format] } });
    return reply(zip(files), { headers: { "content-type": "application/zip" } });
  }

  async function heightAt(build: BuildContext, source: Built["source"], page: number, dpi: number): Promise<number> {
    const list = build.newFile();
    await deps.renderer.prepare(source, { revision: 1, target: list.path, signal: build.signal });
    const [first = "{}"] = (await readFile(list.path, "utf8")).split("\n", 1);
    const { manifest } = JSON.parse(first) as { readonly manifest: StoredManifest };
    const { width, height, rotation } = shapeOf(manifest, page)!;
    return ((rotation % 180 === 0 ? height : width) / 72) * dpi;
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
  if (type === "pdfa" || type === "docx" || type === "xlsx" || type === "pptx")
    throw new ApiError("not_implemented", `$.output.type: ${type} is not offered by this version`);
  if ("optimize" in output && output.optimize !== undefined && Object.values(output.optimize).some((wanted) => wanted === true))
    throw new ApiError("not_implemented", "$.output.optimize is not offered by this version");
  for (const what of ["tables", "keyValuePairs"] as const)
    if (what in output && (output as Readonly<Record<string, unknown>>)[what] === true)
      throw new ApiError("not_implemented", `$.output.${what}: what a page means is not worked out; ask for its text`);
}

function actionsOf({ parts, actions = [] }: BuildInstructions): string[] {
  return [...parts.flatMap((part) => part.actions ?? []), ...actions].map(({ type }) => type);
}
