/** Routes about what a file holds beside its pages. */
import { X509Certificate } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ContentGroup, ContentGroupEntry, FileInFile } from "@lectern/pdf";
import { fontFiles, fontNames } from "@lectern/pdf/node";
import type { EmbeddedFile, RecordOf, SignatureReports } from "@lectern/protocol";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { DocumentDeps } from "../documents/deps.ts";
import type { Handlers, StreamBody } from "../handlers.ts";
import type { LayerContext } from "../layers/caller.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "../layers/reading.ts";
import { contentGroupsOf, embeddedFilesOf, fontsOf, signaturesOf } from "./inspect.ts";

export function inspectionRoutes(reading: ReadingDeps): Handlers["inspection"] {
  const deps = reading.documents;
  const layerOf = (context: LayerContext): Promise<ReadLayer> => layerFor(reading, context.access, context);
  let installed: Promise<InstalledFont[]> | null = null;
  return {
    async installedFonts() {
      return { data: await (installed ??= installedFonts()) };
    },
    async fonts(_input, context) {
      const fonts = await fontsOf(deps, await layerOf(context), context.signal);
      return { data: fonts.map(({ name, type, embedded }, idx) => ({ fullName: name, idx, type, embedded })) };
    },
    async installedFontSubstitutions() {
      return { data: [] };
    },
    async fontSubstitutions(_input, context) {
      await layerOf(context);
      return { data: [] };
    },
    async ocgLayers(_input, context) {
      const groups = await contentGroupsOf(deps, await layerOf(context), context.signal);
      return { ocgs: groups.map(ocgOf) };
    },
    async embeddedFiles(_input, context) {
      const layer = await layerOf(context);
      // Where import has made records of them, the layer says which are left.
      const areRecords = hasAttachments(layer);
      const inFile = areRecords ? [] : await embeddedFilesOf(deps, layer, context.signal);
      return { data: { embeddedFiles: [...inFile.map(fileInFile), ...attachmentsOf(layer).map(embeddedFile)] } };
    },
    async signatures(_input, context) {
      return { data: await signaturesOf(deps, await layerOf(context), context.signal) };
    },
    async inspectSignatures(_input, context) {
      const { body, signal } = context;
      if (body === null) throw new ApiError("bad_request", "Send the PDF as the body, or as the part `file` of a form");
      const id = newId(deps.clock.now(), deps.random(10));
      const path = join(deps.tempDir, `${id}.signed.pdf`);
      try {
        const trusted = await received(deps, body, path);
        const { password } = context;
        const source = { path, sha256: id, ...(password === null ? {} : { password }) };
        const wanted = { what: "signatures", trusted, now: deps.clock.now() } as const;
        return { data: JSON.parse(await deps.renderer.inspect(source, wanted, signal)) as SignatureReports };
      } finally {
        await rm(path, { force: true });
      }
    },
  };
}

interface InstalledFont {
  readonly fullName: string;
  readonly idx: number;
  readonly fileName: string;
}

/** Thousands of small reads: between them others have their turn. */
async function installedFonts(): Promise<InstalledFont[]> {
  const fonts: InstalledFont[] = [];
  for (const path of fontFiles()) {
    for (const fullName of fontNames(path)) fonts.push({ fullName, idx: fonts.length, fileName: basename(path) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return fonts;
}

function ocgOf(entry: ContentGroupEntry) {
  if (!("groups" in entry)) return ocgLayer(entry);
  return { ...(entry.id === null ? {} : { ocgId: entry.id }), name: entry.name, layers: entry.groups.map(ocgLayer) };
}

function ocgLayer({ id, name, visible, radioGroup }: ContentGroup) {
  return { ocgId: id, name, visible, ...(radioGroup === null ? {} : { radioGroup }) };
}

function hasAttachments({ base }: ReadLayer): boolean {
  for (const { kind } of base.records.list()) if (kind === "attachment") return true;
  return false;
}

/** By name, those of one name as they were made. */
function attachmentsOf({ room, grants }: ReadLayer): RecordOf<"attachment">[] {
  const found = room.snapshot(grants).records.flatMap((record) => (record.kind === "attachment" ? [record] : []));
  return found.toSorted((a, b) =>
    a.data.name < b.data.name ? -1 : a.data.name > b.data.name ? 1 : a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1),
  );
}

function embeddedFile({ id, data, createdBy, updatedBy, updatedAt }: RecordOf<"attachment">): EmbeddedFile {
  const { blob, name, size, mediaType, description } = data;
  return {
    id,
    content: {
      v: 1,
      type: "pspdfkit/embedded-file",
      fileAttachmentId: blob,
      fileName: name,
      ...(size === undefined ? {} : { fileSize: size }),
      ...(mediaType === undefined ? {} : { contentType: mediaType }),
      ...(description === undefined ? {} : { description }),
      ...(updatedAt === 0 ? {} : { updatedAt: new Date(updatedAt).toISOString() }),
    },
    createdBy,
    updatedBy,
  };
}

function fileInFile({ sha256, size, name, mediaType, description, modifiedAt }: FileInFile, index: number): EmbeddedFile {
  return {
    id: `${index}-${sha256.slice(0, 24)}`,
    content: {
      v: 1,
      type: "pspdfkit/embedded-file",
      fileAttachmentId: sha256,
      fileName: name,
      fileSize: size,
      ...(mediaType === null ? {} : { contentType: mediaType }),
      ...(description === null ? {} : { description }),
      ...(modifiedAt === null ? {} : { updatedAt: new Date(modifiedAt).toISOString() }),
    },
    createdBy: null,
    updatedBy: null,
  };
}

const MAX_CERTIFICATES = 1_000_000;

/** Writes the file to `path`. Answers the certificates that the form says to trust. */
async function received(deps: Pick<DocumentDeps, "maxUploadBytes">, body: StreamBody, path: string): Promise<Uint8Array[]> {
  const write = (bytes: AsyncIterable<Uint8Array>): Promise<void> =>
    pipeline(atMost(bytes, deps.maxUploadBytes), createWriteStream(path, { mode: 0o600 }));
  if (body.kind === "raw") {
    await write(body.bytes);
    return [];
  }
  const trusted: Uint8Array[] = [];
  let hasFile = false;
  for await (const part of body.parts) {
    if (part.kind === "file" && part.name === "file") {
      if (hasFile) throw new ApiError("bad_request", "The form has more than one file");
      await write(part.bytes);
      hasFile = true;
    } else if (part.name === "certificates") {
      const given =
        part.kind === "field"
          ? Buffer.from(part.value)
          : Buffer.concat(await Readable.from(atMost(part.bytes, MAX_CERTIFICATES)).toArray());
      trusted.push(...certificatesIn(given));
    }
  }
  if (!hasFile) throw new ApiError("bad_request", "The form has no part `file`");
  return trusted;
}

async function* atMost(bytes: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > most) throw new ApiError("too_large", `At most ${most} bytes`);
    yield chunk;
  }
}

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** One in DER, or any number in PEM. Throws ApiError `invalid_parameters`. */
function certificatesIn(given: Buffer): Uint8Array[] {
  const blocks = given[0] === 0x30 ? [given] : (given.toString("latin1").match(PEM) ?? []);
  if (blocks.length === 0) throw notCertificates();
  return blocks.map((block) => {
    try {
      return new X509Certificate(block).raw;
    } catch (error) {
      throw notCertificates(error);
    }
  });
}

function notCertificates(cause?: unknown): ApiError {
  const details = "must be certificates in PEM, or one in DER";
  return new ApiError("invalid_parameters", `certificates: ${details}`, { failingPaths: [{ path: "$.certificates", details }], cause });
}
