import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectFile, type PdfEngine } from "@lectern/pdf";
import { fileReader, openPdfiumNode } from "@lectern/pdf/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { append, identity, type Identity, signPdf, unsignedPdf } from "../testing/signed-pdf.ts";
import { signatureReports } from "./report.ts";

let engine: PdfEngine;
const folder = mkdtempSync(join(tmpdir(), "lectern-signatures-"));
beforeAll(async () => {
  engine = await openPdfiumNode();
});
afterAll(() => {
  engine.close();
  rmSync(folder, { recursive: true });
});

const NOW = Date.parse("2030-06-01T12:00:00Z");
const SIGNED_AT = Date.parse("2029-01-02T03:04:05Z");
const root = identity("Root CA", { isCa: true });
const middle = identity("Middle CA", { isCa: true, issuer: root });
const ana = identity("Ana Ruiz", { issuer: middle });
const rsa = identity("Rosa", { kind: "rsa", issuer: middle });
const edwards = identity("Ed", { kind: "ed25519", issuer: middle });
const alone = identity("Alone");

function check(bytes: Uint8Array, trusted: readonly Identity[] = [root]) {
  const path = join(folder, "file.pdf");
  writeFileSync(path, bytes);
  const file = fileReader(path);
  try {
    const fields = inspectFile(engine, file).signatureFields();
    return signatureReports({ fields, file, trusted: trusted.map(({ certificate }) => certificate), now: NOW });
  } finally {
    file.close();
  }
}

/** Of the only signature. */
const one = (bytes: Uint8Array, trusted?: readonly Identity[]) => check(bytes, trusted).signatures[0]!;
const chain = { signer: ana, others: [middle] };

/** With other bytes in place of `from`, as many of them. */
function altered(file: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(file);
  copy.write(to, copy.indexOf(from), "latin1");
  return copy;
}

test("a signature that holds, of somebody who is trusted", () => {
  const more = "/Reason (I agree) /Location (Quito) /Name (Somebody else) /M (D:20290102030405Z)";
  expect(check(signPdf(unsignedPdf(), { ...chain, at: SIGNED_AT, more }))).toEqual({
    checkedAt: "2030-06-01T12:00:00.000Z",
    documentModifiedSinceSignature: false,
    status: "valid",
    signatures: [
      {
        type: "pspdfkit/signature-info",
        signatureFormFQN: "signature",
        documentIntegrityStatus: "ok",
        certificateChainValidationStatus: "ok_but_could_not_check_revocation",
        signatureValidationStatus: "valid",
        isTrusted: true,
        isSelfSigned: false,
        isExpired: false,
        documentModifiedSinceSignature: false,
        signerName: "Ana Ruiz",
        creationDate: "2029-01-02T03:04:05.000Z",
        signatureReason: "I agree",
        signatureLocation: "Quito",
        validFrom: "2020-01-01T00:00:00.000Z",
        validUntil: "2049-12-31T00:00:00.000Z",
        issuerName: "Middle CA",
        signatureType: "cms",
      },
    ],
  });
});

test("a file without signatures has none, and no status", () => {
  expect(check(unsignedPdf())).toEqual({ checkedAt: expect.any(String), documentModifiedSinceSignature: false, signatures: [] });
});

describe("ways of signing", () => {
  test.each([
    ["ECDSA", {}],
    ["RSA", { signer: rsa }],
    ["RSASSA-PSS", { signer: rsa, pss: true }],
    ["Ed25519", { signer: edwards }],
    ["another digest", { signer: rsa, digest: "sha512" as const }],
    ["without attributes", { signedAttributes: false }],
    ["indefinite lengths", { indefinite: true }],
    ["CAdES", { subFilter: "ETSI.CAdES.detached" }],
    ["a digest that is signed", { subFilter: "adbe.pkcs7.sha1", digest: "sha1" as const }],
    ["a timestamp of the document", { subFilter: "ETSI.RFC3161" }],
  ])("%s", (_name, spec) => {
    const file = signPdf(unsignedPdf(), { ...chain, ...spec });
    // A timestamp of the fixture brings one certificate only.
    expect(one(file, [middle])).toMatchObject({ documentIntegrityStatus: "ok", isTrusted: true, signatureValidationStatus: "valid" });
    expect(one(altered(file, "/MediaBox [0 0 100", "/MediaBox [0 0 999"))).toMatchObject({
      documentIntegrityStatus: "tampered_document",
      signatureValidationStatus: "error",
    });
  });

  test("a bare signature with the certificate beside it", () => {
    const more = `/Cert <${rsa.certificate.toString("hex")}>`;
    const file = signPdf(unsignedPdf(), { signer: rsa, subFilter: "adbe.x509.rsa_sha1", more });
    expect(one(file, [middle])).toMatchObject({ documentIntegrityStatus: "ok", isTrusted: true, signerName: "Rosa" });
    expect(one(altered(file, "/MediaBox [0 0 100", "/MediaBox [0 0 999"))).toMatchObject({ documentIntegrityStatus: "tampered_document" });
  });

  test("a timestamp of the signature says when it was made", () => {
    const by = identity("Clock", { issuer: middle });
    const file = signPdf(unsignedPdf(), { ...chain, at: 1e12, timestamp: { by, at: SIGNED_AT } });
    expect(one(file)).toMatchObject({ creationDate: "2029-01-02T03:04:05.000Z", timestamp: "2029-01-02T03:04:05.000Z" });
  });
});

describe("changes after signing", () => {
  const first = signPdf(unsignedPdf(), { ...chain, field: "first" });

  test("what was appended is told, and the signature still holds", () => {
    const report = check(append(first, new Map([[3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 999 999] >>"]])));
    expect(report).toMatchObject({ documentModifiedSinceSignature: true, status: "warning" });
    expect(report.signatures[0]).toMatchObject({ documentIntegrityStatus: "ok", documentModifiedSinceSignature: true });
  });

  test("a second signature comes after the first, and covers all", () => {
    const report = check(signPdf(first, { signer: rsa, others: [middle], field: "second" }));
    expect(report.documentModifiedSinceSignature).toBe(false);
    expect(
      report.signatures.map((one) => [
        one.signatureFormFQN,
        one.signerName,
        one.documentIntegrityStatus,
        one.documentModifiedSinceSignature,
      ]),
    ).toEqual([
      ["first", "Ana Ruiz", "ok", true],
      ["second", "Rosa", "ok", false],
    ]);
  });

  test("spaces and line ends at the end are nothing", () => {
    expect(check(Buffer.concat([first, Buffer.from("\r\n \n")])).documentModifiedSinceSignature).toBe(false);
  });
});

describe("tricks", () => {
  const file = signPdf(unsignedPdf(), chain);
  const rangeOf = (...numbers: number[]): string => `[${numbers.map((number) => String(number).padStart(10, "0")).join(" ")}]`;
  const [range] = /\[\d{10}[^\]]*\]/.exec(file.toString("latin1"))!;
  const [, gap, end, rest] = range.slice(1, -1).split(" ").map(Number) as [number, number, number, number];

  test.each([
    ["a gap with more in it than the signature", rangeOf(0, gap - 40, end, rest)],
    ["a gap that ends late", rangeOf(0, gap, end + 10, rest - 10)],
    ["a range that does not begin at the start", rangeOf(10, gap - 10, end, rest)],
    ["a range beyond the file", rangeOf(0, gap, end, rest + 1)],
    ["a range without gap", rangeOf(0, gap, gap, rest)],
    ["nothing before the gap", rangeOf(0, 0, end, rest)],
    ["nothing behind the gap", rangeOf(0, gap, end, 0)],
    ["no numbers", "[(a) (b) (c) (d)]".padEnd(range.length)],
  ])("%s", (_name, written) => {
    expect(one(altered(file, range, written))).toMatchObject({
      documentIntegrityStatus: "failed_to_retrieve_byterange",
      signatureValidationStatus: "error",
      isTrusted: false,
    });
  });

  test("a signature that is no signature", () => {
    const at = file.indexOf(`<30`, gap - 1) + 1;
    const broken = (hex: string): string => {
      const copy = Buffer.from(file);
      copy.write(hex, at, "latin1");
      return one(copy).documentIntegrityStatus;
    };
    expect(broken("0000")).toBe("failed_to_retrieve_signature_contents");
    expect(broken("30847fffffff")).toBe("failed_to_retrieve_signature_contents");
    expect(broken("3080".repeat(500))).toBe("failed_to_retrieve_signature_contents");
    expect(broken("3080a080".repeat(30))).toBe("failed_to_retrieve_signature_contents");
  });

  test("the certificate is missing, or another one than the signature names", () => {
    expect(one(signPdf(unsignedPdf(), { ...chain, withoutCertificate: true })).documentIntegrityStatus).toBe(
      "failed_to_retrieve_signing_certificate",
    );
    expect(one(signPdf(unsignedPdf(), { ...chain, namedCertificate: rsa })).documentIntegrityStatus).toBe(
      "failed_to_retrieve_signing_certificate",
    );
  });

  test("a signature of a kind that nobody knows", () => {
    expect(one(signPdf(unsignedPdf(), { ...chain, subFilter: "acme.own" })).documentIntegrityStatus).toBe(
      "failed_unsupported_signature_type",
    );
  });

  test("a signature made with another key", () => {
    const stolen: Identity = { ...ana, key: alone.key };
    expect(one(signPdf(unsignedPdf(), { ...chain, signer: stolen })).documentIntegrityStatus).toBe("tampered_document");
  });
});

describe("whom to believe", () => {
  const trust = (signer: Identity, others: readonly Identity[], trusted: readonly Identity[]) => {
    const {
      certificateChainValidationStatus: status,
      isTrusted,
      isSelfSigned,
      isExpired,
      signatureValidationStatus,
    } = one(signPdf(unsignedPdf(), { signer, others }), trusted);
    return { status, isTrusted, isSelfSigned, isExpired, signatureValidationStatus };
  };
  const doubted = { isTrusted: false, isSelfSigned: false, isExpired: false, signatureValidationStatus: "warning" };

  test("without certificates to trust nobody is trusted", () => {
    expect(trust(ana, [middle, root], [])).toEqual({ ...doubted, status: "untrusted" });
    expect(trust(alone, [], [])).toEqual({ ...doubted, status: "ok_but_self_signed", isSelfSigned: true });
  });

  test("a chain with a gap leads nowhere; a certificate that is trusted itself needs no chain", () => {
    expect(trust(ana, [], [root])).toEqual({ ...doubted, status: "untrusted" });
    expect(trust(alone, [], [alone])).toMatchObject({ isTrusted: true, isSelfSigned: true, signatureValidationStatus: "valid" });
    expect(trust(ana, [], [ana])).toMatchObject({ isTrusted: true });
  });

  test("certificates that have ended, or have not begun", () => {
    const old = identity("Old", { issuer: root, until: "2025-01-01" });
    const young = identity("Young", { issuer: root, from: "2040-01-01" });
    const oldAuthority = identity("Old CA", { issuer: root, isCa: true, until: "2025-01-01" });
    const below = identity("Below", { issuer: oldAuthority });
    expect(trust(old, [], [root])).toEqual({ ...doubted, status: "expired", isExpired: true });
    expect(trust(young, [], [root])).toEqual({ ...doubted, status: "not_yet_valid" });
    expect(trust(below, [oldAuthority], [root])).toEqual({ ...doubted, status: "expired" });
  });

  test("who is no authority makes no certificates, and a name alone makes no issuer", () => {
    const forged = identity("Forged", { issuer: ana });
    expect(trust(forged, [ana, middle], [root])).toEqual({ ...doubted, status: "invalid", signatureValidationStatus: "error" });
    const twin = identity("Root CA", { isCa: true });
    const child = identity("Child", { issuer: twin });
    expect(trust(child, [], [root])).toEqual({ ...doubted, status: "invalid", signatureValidationStatus: "error" });
    expect(trust(child, [twin], [root])).toEqual({ ...doubted, status: "untrusted" });
  });
});
