/** A session as it is kept: what a token stands for. The token itself holds no rights, only the session's id. */
import type { AllowedDocument } from "@lectern/protocol";
import type { Grants, Permission } from "@lectern/protocol/plain";

/** One document and layer that a session opens. */
export interface SessionDocument {
  readonly documentId: string;
  readonly layer: string;
  readonly permissions: readonly Permission[];
  /** null: no claim. */
  readonly collaboration: readonly string[] | null;
  readonly group: string | null;
  /** The document's password, proved when the session was minted; sealed under `passwordContext`. */
  readonly sealedPassword: string | null;
}

/** Times are milliseconds since 1970. */
export interface Session {
  readonly id: string;
  readonly applicationId: string;
  readonly userId: string | null;
  readonly creatorName: string | null;
  /** Empty: a session for documents that the app provides itself. */
  readonly documents: readonly SessionDocument[];
  /** Empty: the application's list counts. */
  readonly allowedOrigins: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The session's own revocation, or the removal of the key that its token is signed with. */
  readonly revokedAt: number | null;
  /** The application's key that its token is signed with; null: minted by this server. */
  readonly publicKeyId: string | null;
}

const MEANS: Readonly<Record<NonNullable<AllowedDocument["permissions"]>[number], Permission>> = {
  read: "read",
  "read-document": "read",
  write: "write",
  download: "download",
  "cover-image": "cover",
};

/** Permissions as tokens and requests name them, each once. */
export function permissionsOf(names: NonNullable<AllowedDocument["permissions"]>): Permission[] {
  return [...new Set(names.map((name) => MEANS[name]))];
}

export function grantsOf(session: Session, document: SessionDocument): Grants {
  return {
    permissions: document.permissions,
    collaboration: document.collaboration,
    userId: session.userId,
    defaultGroup: document.group,
  };
}

/** The part of a session that opens this document; null when none does. Without a layer: the default layer, else the first one allowed. */
export function findDocument(session: Session, documentId: string, layer: string | null): SessionDocument | null {
  const allowed = session.documents.filter((document) => document.documentId === documentId);
  return allowed.find((document) => document.layer === (layer ?? "")) ?? (layer === null ? (allowed[0] ?? null) : null);
}

/** What a sealed password belongs to: it cannot be moved to another document. */
export function passwordContext(applicationId: string, documentId: string): string {
  return `session password ${applicationId}/${documentId}`;
}

/** How a person is shown to others. */
export function shownName(session: Pick<Session, "creatorName" | "userId">): string {
  return session.creatorName ?? session.userId ?? "Guest";
}
