import { expect, test } from "vitest";
import { can, canSee, type Grants, needsUser, parseGrant, type RecordHead, viewKey } from "./permission.ts";

const mine: RecordHead = { kind: "annotation", createdBy: "ana", grp: null };
const theirs: RecordHead = { kind: "annotation", createdBy: "ben", grp: "legal" };
const base: RecordHead = { kind: "annotation", createdBy: null, grp: null };
const page: RecordHead = { kind: "page", createdBy: null, grp: null };
const bookmark: RecordHead = { kind: "bookmark", createdBy: null, grp: null };

function ana(collaboration: readonly string[] | null, permissions: Grants["permissions"] = ["read", "write"]): Grants {
  return { permissions, collaboration, userId: "ana", defaultGroup: null };
}

test("without a claim, read shows all and write changes all", () => {
  expect(canSee(ana(null, ["read"]), theirs)).toBe(true);
  expect(can(ana(null, ["read"]), "edit", theirs, theirs)).toBe(false);
  for (const action of ["create", "edit", "delete", "restore", "set-group"] as const)
    expect(can(ana(null), action, theirs, theirs), action).toBe(true);
});

test("a claim grants only what it names, in its scope", () => {
  const grants = ana(["annotations:view:all", "annotations:edit:self", "annotations:delete:group=legal"]);
  expect(can(grants, "edit", mine, mine)).toBe(true);
  expect(can(grants, "edit", theirs, theirs)).toBe(false);
  expect(can(grants, "delete", theirs, null)).toBe(true);
  expect(can(grants, "delete", mine, null)).toBe(false);
  expect(can(grants, "set-group", mine, mine)).toBe(false);
});

test("an empty claim shows no annotation, comment or field, but pages and bookmarks", () => {
  expect(canSee(ana([]), mine)).toBe(false);
  expect(canSee(ana([]), page)).toBe(true);
  expect(can(ana([]), "edit", bookmark, bookmark)).toBe(true);
  expect(can(ana([]), "edit", page, page)).toBe(false);
  expect(can(ana(["pages:edit:all"]), "edit", page, page)).toBe(true);
});

test("edit needs view on the same record, before and after", () => {
  expect(can(ana(["annotations:edit:all", "annotations:view:self"]), "edit", theirs, theirs)).toBe(false);
  expect(can(ana(["annotations:edit:all", "annotations:view:all"]), "edit", mine, theirs)).toBe(true);
  expect(can(ana(["annotations:edit:self", "annotations:view:all"]), "edit", mine, theirs)).toBe(false);
});

test("null never equals null: self without a user matches nothing, nor does a creator match base records", () => {
  const nobody: Grants = { permissions: ["read", "write"], collaboration: ["annotations:view:self"], userId: null, defaultGroup: null };
  expect(canSee(nobody, base)).toBe(false);
  expect(needsUser(["annotations:view:self"])).toBe(true);
});

test("values are matched by group, never by creator", () => {
  const value: RecordHead = { kind: "value", createdBy: "ana", grp: "legal" };
  expect(can(ana(["form-fields:view:all", "form-fields:fill:self"]), "fill", value, value)).toBe(false);
  expect(can(ana(["form-fields:view:all", "form-fields:fill:group=legal"]), "fill", value, value)).toBe(true);
});

test.each([
  "annotations:fill:all",
  "annotations:reply:all",
  "comments:fill:self",
  "pages:view:all",
  "annotations:view",
  "annotations:view:group=",
  "x",
  "annotations:view:all ",
])("%j is not of the grammar", (text) => expect(parseGrant(text)).toBeNull());

test("sessions that see the same share a view key, others do not", () => {
  expect(viewKey(ana(["annotations:view:all", "annotations:edit:self"]))).toBe(viewKey(ana(["annotations:view:all"])));
  expect(viewKey(ana(["annotations:view:self"]))).not.toBe(viewKey({ ...ana(["annotations:view:self"]), userId: "ben" }));
  expect(viewKey(ana(null))).not.toBe(viewKey(ana([])));
});
