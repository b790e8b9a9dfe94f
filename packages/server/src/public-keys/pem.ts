/** Reads the public keys that applications register: which they are, and the one algorithm that their tokens are signed with. */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import type { JwtAlgorithm } from "@lectern/protocol";

export interface ReadPublicKey {
  /** SPKI, whatever form was sent. */
  readonly pem: string;
  readonly algorithm: JwtAlgorithm;
  /** SHA-256 of the SPKI, hex. */
  readonly fingerprint: string;
}

const CURVES: Readonly<Record<string, JwtAlgorithm>> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };
/** Smaller ones are broken by the rich, larger ones cost a verification too much. */
const RSA_BITS = { least: 2048, most: 8192 } as const;

/** Line ends may be written as `\n`, as in environment variables. Throws an Error with a sentence that repeats nothing of the text. */
export function readPublicKey(text: string, algorithm: JwtAlgorithm | null): ReadPublicKey {
  const pem = text.replaceAll(String.raw`\n`, "\n").trim();
  if (/PRIVATE KEY/.test(pem)) throw new Error("is a private key: keep it to yourself, and give its public key");
  if (/BEGIN CERTIFICATE/.test(pem)) throw new Error("is a certificate: give its public key (openssl x509 -pubkey -noout)");
  if (!/^-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) throw new Error("is not a public key in PEM form (-----BEGIN PUBLIC KEY-----)");
  const key = parsed(pem);
  const fitting = algorithmsOf(key);
  if (algorithm !== null && !fitting.includes(algorithm))
    throw new Error(`cannot be used with ${algorithm}, but with ${fitting.join(", ")}`);
  const der = key.export({ type: "spki", format: "der" });
  return {
    pem: key.export({ type: "spki", format: "pem" }).toString(),
    algorithm: algorithm ?? fitting[0]!,
    fingerprint: createHash("sha256").update(der).digest("hex"),
  };
}

function parsed(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw new Error("cannot be read: it is damaged or of an unknown kind", { cause: error });
  }
}

/** The usual one first. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): readonly JwtAlgorithm[] {
  if (type === "ed25519") return ["EdDSA"];
  if (type === "ec") {
    const algorithm = CURVES[details?.namedCurve ?? ""];
    if (algorithm === undefined) throw new Error("lies on a curve other than P-256, P-384 and P-521");
    return [algorithm];
  }
  if (type === "rsa") {
    const bits = details?.modulusLength ?? 0;
    if (bits < RSA_BITS.least || bits > RSA_BITS.most)
      throw new Error(`is an RSA key of ${bits} bits; ${RSA_BITS.least} to ${RSA_BITS.most} are accepted`);
    return ["RS256", "RS384", "RS512"];
  }
  throw new Error(`is of the kind ${type ?? "unknown"}; RSA, EC and Ed25519 keys are accepted`);
}
