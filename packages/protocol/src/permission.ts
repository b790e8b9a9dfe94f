/**
 * Who may do what: pure functions over a session's grants and the few columns of a record that permissions look at.
 * Used by the room at commit and delivery, by HTTP, and by the viewer to grey out what would be refused. No schema here.
 *
 * Grammar: `<annotations|comments|form-fields>:<view|edit|delete|reply|fill|set-group>:<all|self|group=NAME|createdBy=USER>`,
 * and `bookmarks:edit:all`, `pages:edit:all`.
 */
export const RECORD_KINDS = [
  "page",
  "annotation",
  "comment",
  "reaction",
  "field",
  "widget",
  "value",
  "bookmark",
  "attachment",
  "outline",
  "meta",
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** Properties whose `null` is a value; in every other place a patch's null removes the property. */
export const NULLABLE: Readonly<Partial<Record<RecordKind, readonly string[]>>> = {
  annotation: ["page"],
  page: ["content", "crop", "label"],
  value: ["value"],
};

export const PERMISSIONS = ["read", "write", "download", "cover"] as const;
export type Permission = (typeof PERMISSIONS)[number];

const TYPES = ["annotations", "comments", "form-fields", "bookmarks", "pages"] as const;
export type PermissionType = (typeof TYPES)[number];
const ACTIONS = ["view", "edit", "delete", "reply", "fill", "set-group"] as const;
type GrantAction = (typeof ACTIONS)[number];

const TYPE_OF: Readonly<Record<RecordKind, PermissionType>> = {
  page: "pages",
  attachment: "pages",
  outline: "pages",
  meta: "pages",
  annotation: "annotations",
  comment: "comments",
  reaction: "comments",
  field: "form-fields",
  widget: "form-fields",
  value: "form-fields",
  bookmark: "bookmarks",
};

/** What permissions need to know of a record. */
export interface RecordHead {
  readonly kind: RecordKind;
  readonly createdBy: string | null;
  readonly grp: string | null;
}

/** A session's rights as its token or its row says. */
export interface Grants {
  readonly permissions: readonly Permission[];
  /** null: no claim, so everything that `permissions` allow. */
  readonly collaboration: readonly string[] | null;
  readonly userId: string | null;
  readonly defaultGroup: string | null;
}

/** The rights of an API key that may do everything. */
export const FULL_GRANTS: Grants = { permissions: PERMISSIONS, collaboration: null, userId: null, defaultGroup: null };

/** `create`, `edit`, `delete`, `restore`, `view` of a record; `fill` of a value; `reply` to a thread; `set-group`. */
export type RecordAction = "view" | "create" | "edit" | "delete" | "restore" | "reply" | "fill" | "set-group";

interface Grant {
  readonly type: PermissionType;
  readonly action: GrantAction;
  readonly scope: "all" | "self" | "group" | "createdBy";
  readonly name: string;
}

const GRANT = /^(annotations|comments|form-fields):(view|edit|delete|reply|fill|set-group):(all|self|group=(.+)|createdBy=(.+))$/s;

/** The grant that this text means; null when it is not of the grammar. */
export function parseGrant(text: string): Grant | null {
  if (text === "bookmarks:edit:all" || text === "pages:edit:all") {
    return { type: text === "pages:edit:all" ? "pages" : "bookmarks", action: "edit", scope: "all", name: "" };
  }
  const match = GRANT.exec(text);
  if (match === null) return null;
  const [, type, action, scope, group, creator] = match;
  if (action === "fill" && type !== "form-fields") return null;
  if (action === "reply" && type !== "comments") return null;
  return {
    type: type as PermissionType,
    action: action as GrantAction,
    scope: group !== undefined ? "group" : creator !== undefined ? "createdBy" : (scope as "all" | "self"),
    name: group ?? creator ?? "",
  };
}

/** A grant with `self` makes sense only for a session with a user. */
export function needsUser(collaboration: readonly string[]): boolean {
  return collaboration.some((text) => parseGrant(text)?.scope === "self");
}

function granted(grants: Grants, type: PermissionType, action: GrantAction, head: RecordHead): boolean {
  if (!grants.permissions.includes(action === "view" ? "read" : "write")) return false;
  if (action === "view" && (type === "pages" || type === "bookmarks")) return true;
  if (grants.collaboration === null) return true;
  const parsed = grants.collaboration.map(parseGrant);
  if (type === "bookmarks" && !parsed.some((grant) => grant?.type === "bookmarks")) return true;
  const covered = type === "pages" || type === "bookmarks" ? "edit" : action;
  return parsed.some((grant) => grant !== null && grant.type === type && grant.action === covered && inScope(grants, grant, head));
}

function inScope(grants: Grants, grant: Grant, head: RecordHead): boolean {
  switch (grant.scope) {
    case "all":
      return true;
    case "group":
      return head.grp !== null && head.grp === grant.name;
    case "self":
      return head.kind !== "value" && grants.userId !== null && head.createdBy === grants.userId;
    case "createdBy":
      return head.kind !== "value" && head.createdBy !== null && head.createdBy === grant.name;
  }
}

/** Is the record shown to this session at all? A hidden one answers `not_found` everywhere. */
export function canSee(grants: Grants, record: RecordHead): boolean {
  return granted(grants, TYPE_OF[record.kind], "view", record);
}

/**
 * May the session do this? `before` is the record as it is (for `reply`: the thread's root or the comment), `after` as it would be;
 * null where there is none. Enforced on both.
 */
export function can(grants: Grants, action: RecordAction, before: RecordHead | null, after: RecordHead | null): boolean {
  const allowed = (head: RecordHead | null, what: GrantAction): boolean =>
    head === null || (granted(grants, TYPE_OF[head.kind], what, head) && canSee(grants, head));
  switch (action) {
    case "view":
      return (before === null || canSee(grants, before)) && (after === null || canSee(grants, after));
    case "create":
    case "edit": {
      const verb = (after ?? before)?.kind === "reaction" ? "reply" : "edit";
      return allowed(before, verb) && allowed(after, verb);
    }
    case "delete":
      return allowed(before, before?.kind === "reaction" ? "reply" : "delete");
    case "restore":
      return allowed(after, after?.kind === "reaction" ? "reply" : "edit");
    case "fill":
      return allowed(before, "fill") && allowed(after, "fill");
    case "set-group":
      return allowed(before, "set-group") && allowed(after, "set-group");
    case "reply":
      // Asked of the thread: the right to reply is a right to comments, in the scope of what is replied to.
      return before !== null && canSee(grants, before) && granted(grants, "comments", "reply", before);
  }
}

/** Sessions with the same key see the same records: frames are encoded once for each. */
export function viewKey(grants: Grants): string {
  if (!grants.permissions.includes("read")) return "none";
  if (grants.collaboration === null) return "all";
  const views = grants.collaboration.filter((text) => parseGrant(text)?.action === "view").toSorted();
  const self = views.some((text) => text.endsWith(":self")) ? JSON.stringify(grants.userId) : "";
  return `${JSON.stringify(views)}${self}`;
}
