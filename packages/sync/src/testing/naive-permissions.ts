/**
 * The rules of permissions said a second time, as plainly as the documentation says them and without a line of the first: the matrix tests compare
 * both, cell by cell. Slow on purpose; nothing but tests uses it.
 */

export interface NaiveSession {
  readonly permissions: readonly string[];
  /** null: no claim. */
  readonly claim: readonly string[] | null;
  readonly user: string | null;
}

export interface NaiveRecord {
  readonly kind: string;
  readonly createdBy: string | null;
  readonly group: string | null;
}

const PUBLISHED = ["annotations", "comments", "form-fields"];

function typeOf(kind: string): string {
  if (kind === "annotation") return "annotations";
  if (kind === "comment" || kind === "reaction") return "comments";
  if (kind === "field" || kind === "widget" || kind === "value") return "form-fields";
  if (kind === "bookmark") return "bookmarks";
  return "pages";
}

/** Does a grant `type:action:scope` cover this record? */
function covers(text: string, type: string, action: string, record: NaiveRecord, user: string | null): boolean {
  if (!text.startsWith(`${type}:${action}:`)) return false;
  const scope = text.slice(`${type}:${action}:`.length);
  if (scope === "all") return true;
  if (scope.startsWith("group=")) return record.group === scope.slice("group=".length);
  // A value is filled by many: it has a group, but nobody made it.
  if (record.kind === "value") return false;
  if (scope === "self") return user !== null && record.createdBy === user;
  if (scope.startsWith("createdBy=")) return record.createdBy === scope.slice("createdBy=".length);
  return false;
}

/** One right on one record. */
function has(session: NaiveSession, type: string, action: string, record: NaiveRecord): boolean {
  const isView = action === "view";
  // A claim narrows what the permissions allow; it never widens it.
  if (isView && !session.permissions.includes("read")) return false;
  if (!isView && !session.permissions.includes("write")) return false;
  // Pages and bookmarks are visible to whoever reads.
  if (isView && !PUBLISHED.includes(type)) return true;
  if (session.claim === null) return true;
  // Bookmarks follow the permissions; the one grant that names them allows the same.
  if (type === "bookmarks") return true;
  if (type === "pages") return session.claim.includes("pages:edit:all");
  return session.claim.some((text) => covers(text, type, action, record, session.user));
}

export function naivelySees(session: NaiveSession, record: NaiveRecord): boolean {
  return has(session, typeOf(record.kind), "view", record);
}

/** `before` and `after`: the record as it is and as it would be; null where there is none. */
export function naivelyMay(session: NaiveSession, action: string, before: NaiveRecord | null, after: NaiveRecord | null): boolean {
  const on = (record: NaiveRecord | null, right: string): boolean =>
    record === null || (has(session, typeOf(record.kind), right, record) && naivelySees(session, record));
  switch (action) {
    case "view":
      return (before === null || naivelySees(session, before)) && (after === null || naivelySees(session, after));
    case "create":
    case "restore":
      return on(after, "edit");
    case "edit":
      return on(before, "edit") && on(after, "edit");
    case "delete":
      return on(before, "delete");
    case "fill":
      return on(before, "fill") && on(after, "fill");
    case "set-group":
      return on(before, "set-group") && on(after, "set-group");
    case "reply":
      return before !== null && naivelySees(session, before) && has(session, "comments", "reply", before);
    default:
      return false;
  }
}

export const SCOPES = ["all", "self", "group=g1", "group=g2", "createdBy=ana", "createdBy=ben"] as const;

/** What each type of record can be granted. */
export const GRANTABLE: Readonly<Record<string, readonly string[]>> = {
  annotations: ["view", "edit", "delete", "set-group"],
  comments: ["view", "edit", "delete", "reply", "set-group"],
  "form-fields": ["view", "edit", "delete", "fill", "set-group"],
};
