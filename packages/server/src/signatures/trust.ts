/** Whom to believe: the chain from a signer's certificate to one that the caller trusts. Nobody is asked whether a certificate was revoked. */
import type { X509Certificate } from "node:crypto";

export interface Trust {
  /** Words of the published API. */
  readonly status: "ok_but_self_signed" | "ok_but_could_not_check_revocation" | "untrusted" | "expired" | "not_yet_valid" | "invalid";
  /** The chain ends in a certificate that the caller trusts, and every link of it holds now. */
  readonly isTrusted: boolean;
  readonly isSelfSigned: boolean;
  /** The signer's certificate. */
  readonly isExpired: boolean;
}

const LONGEST = 10;

export function trustIn(
  certificate: X509Certificate,
  {
    others,
    trusted,
    now,
  }: { readonly others: readonly X509Certificate[]; readonly trusted: readonly X509Certificate[]; readonly now: number },
): Trust {
  const isSelfSigned = isIssuedBy(certificate, certificate);
  const isExpired = now > Date.parse(certificate.validTo);
  const known = new Set(trusted.map(({ fingerprint256 }) => fingerprint256));
  const chain = [certificate];
  let end: "trusted" | "open" | "broken" = "open";
  for (;;) {
    const last = chain.at(-1)!;
    if (known.has(last.fingerprint256)) end = "trusted";
    if (end === "trusted" || isIssuedBy(last, last) || chain.length > LONGEST) break;
    // Those that are trusted come first: the chain ends there.
    const named = [...trusted, ...others].filter((other) => last.checkIssued(other) && !chain.includes(other));
    const issuer = named.find((other) => other.ca && isIssuedBy(last, other));
    if (issuer === undefined) {
      if (named.length > 0) end = "broken";
      break;
    }
    chain.push(issuer);
  }
  const of = (status: Trust["status"]): Trust => ({
    status,
    isSelfSigned,
    isExpired,
    isTrusted: end === "trusted" && status.startsWith("ok"),
  });
  if (end === "broken") return of("invalid");
  if (chain.some(({ validTo }) => now > Date.parse(validTo))) return of("expired");
  if (chain.some(({ validFrom }) => now < Date.parse(validFrom))) return of("not_yet_valid");
  if (isSelfSigned) return of("ok_but_self_signed");
  return of(end === "trusted" ? "ok_but_could_not_check_revocation" : "untrusted");
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key of a kind that is not known.
    return false;
  }
}
