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
export type GrantAction = (typeof ACTIONS)[number];

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

export interface Grant {
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

/** What grants this: the grant's text, or the permission that is enough without one; null when nothing does. */
export function grantedBy(grants: Grants, type: PermissionType, action: GrantAction, head: RecordHead): string | null {
  const permission = action === "view" ? "read" : "write";
  if (!grants.permissions.includes(permission)) return null;
  if (action === "view" && (type === "pages" || type === "bookmarks")) return permission;
  if (grants.collaboration === null) return permission;
  const parsed = grants.collaboration.map(parseGrant);
  if (type === "bookmarks" && !parsed.some((grant) => grant?.type === "bookmarks")) return permission;
  const covered = coveredBy(type, action);
  const at = parsed.findIndex((grant) => grant !== null && grant.type === type && grant.action === covered && inScope(grants, grant, head));
  return grants.collaboration[at] ?? null;
}

/** Bookmarks and pages have one grant for all that changes them. */
export function coveredBy(type: PermissionType, action: GrantAction): GrantAction {
  return type === "pages" || type === "bookmarks" ? "edit" : action;
}

function granted(grants: Grants, type: PermissionType, action: GrantAction, head: RecordHead): boolean {
  return grantedBy(grants, type, action, head) !== null;
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

/** One thing that must be granted, on the record as it is or as it would be. */
export interface Need {
  readonly on: "before" | "after";
  readonly head: RecordHead;
  readonly type: PermissionType;
  readonly action: GrantAction;
}

/** What an action needs, all of it. null: never allowed, as there is nothing to do it to. `can` and `explain` both ask this. */
export function needsOf(action: RecordAction, before: RecordHead | null, after: RecordHead | null): readonly Need[] | null {
  const need = (on: Need["on"], head: RecordHead | null, what: GrantAction, type?: PermissionType): Need[] =>
    head === null ? [] : [{ on, head, type: type ?? TYPE_OF[head.kind], action: what }];
  const seen = (on: Need["on"], head: RecordHead | null): Need[] => need(on, head, "view");
  const both = (what: GrantAction): Need[] => [
    ...need("before", before, what),
    ...seen("before", before),
    ...need("after", after, what),
    ...seen("after", after),
  ];
  switch (action) {
    case "view":
      return [...seen("before", before), ...seen("after", after)];
    case "create":
    case "edit":
      return both((after ?? before)?.kind === "reaction" ? "reply" : "edit");
    case "delete":
      return [...need("before", before, "delete"), ...seen("before", before)];
    case "restore":
      return [...need("after", after, after?.kind === "reaction" ? "reply" : "edit"), ...seen("after", after)];
    case "fill":
    case "set-group":
      return both(action);
    case "reply":
      // Asked of the thread: the right to reply is a right to comments, in the scope of what is replied to.
      return before === null ? null : [...seen("before", before), ...need("before", before, "reply", "comments")];
  }
}

/**
 * May the session do this? `before` is the record as it is (for `reply`: the thread's root or the comment), `after` as it would be;
 * null where there is none. Enforced on both. Whether somebody may add to a thread, or react, is asked as `reply` of what is there.
 */
export function can(grants: Grants, action: RecordAction, before: RecordHead | null, after: RecordHead | null): boolean {
  const needs = needsOf(action, before, after);
  return needs !== null && needs.every((need) => granted(grants, need.type, need.action, need.head));
}

/** Sessions with the same key see the same records: frames are encoded once for each. */
export function viewKey(grants: Grants): string {
  if (!grants.permissions.includes("read")) return "none";
  if (grants.collaboration === null) return "all";
  const views = grants.collaboration.filter((text) => parseGrant(text)?.action === "view").toSorted();
  const self = views.some((text) => text.endsWith(":self")) ? JSON.stringify(grants.userId) : "";
  return `${JSON.stringify(views)}${self}`;
}
