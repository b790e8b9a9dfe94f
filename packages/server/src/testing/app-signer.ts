/** An application's own key pair, and the tokens that it signs. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { JwtAlgorithm } from "@lectern/protocol";
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";

export interface AppSigner {
  /** SPKI. */
  readonly pem: string;
  readonly privatePem: string;
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

export function appSigner(algorithm: JwtAlgorithm = "ES256"): AppSigner {
  const { publicKey, privateKey } = keyPair(algorithm);
  return {
    pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    sign: (claims, header = {}) => new SignJWT(claims).setProtectedHeader({ alg: algorithm, ...header }).sign(privateKey),
  };
}

function keyPair(algorithm: JwtAlgorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (algorithm) {
    case "EdDSA":
      return generateKeyPairSync("ed25519");
    case "ES256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ES384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "ES512":
      return generateKeyPairSync("ec", { namedCurve: "P-521" });
    default:
      return generateKeyPairSync("rsa", { modulusLength: 2048 });
  }
}

/** Seconds since 1970, so many ahead. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
