import fc from "fast-check";
import { expect, test } from "vitest";
import { explain } from "./explain.ts";
import { can, type Grants, PERMISSIONS, RECORD_KINDS, type RecordAction, type RecordHead } from "./permission.ts";

const ACTIONS: readonly RecordAction[] = ["view", "create", "edit", "delete", "restore", "reply", "fill", "set-group"];
const user = fc.constantFrom("ana", "ben");
const group = fc.constantFrom("legal", "sales");
const head: fc.Arbitrary<RecordHead> = fc.record({
  kind: fc.constantFrom(...RECORD_KINDS),
  createdBy: fc.option(user),
  grp: fc.option(group),
});
const grant = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("annotations", "comments", "form-fields"),
      fc.constantFrom("view", "edit", "delete", "reply", "fill", "set-group"),
      fc.constantFrom("all", "self", "group=legal", "createdBy=ben"),
    )
    .map((parts) => parts.join(":")),
  fc.constantFrom("bookmarks:edit:all", "pages:edit:all", "nonsense"),
);
const grants: fc.Arbitrary<Grants> = fc.record({
  permissions: fc.subarray([...PERMISSIONS]),
  collaboration: fc.option(fc.array(grant, { maxLength: 8 })),
  userId: fc.option(user),
  defaultGroup: fc.option(group),
});

test("explain never disagrees with can, and says of every denial what was missing", () => {
  let denied = 0;
  let allowed = 0;
  fc.assert(
    fc.property(grants, fc.constantFrom(...ACTIONS), fc.option(head), fc.option(head), (given, action, before, after) => {
      const answer = explain(given, action, before, after);
      expect(answer.allowed).toBe(can(given, action, before, after));
      expect(answer.reason).not.toBe("");
      if (answer.allowed) {
        allowed++;
        expect(answer.checks.every(({ met, grantedBy }) => met && grantedBy !== null)).toBe(true);
      } else {
        denied++;
        expect(answer.checks.length === 0 || answer.checks.some(({ met, why }) => !met && why === answer.reason)).toBe(true);
      }
    }),
    { numRuns: 5_000 },
  );
  expect(Math.min(allowed, denied)).toBeGreaterThan(200);
});

const ana = (collaboration: readonly string[] | null, userId: string | null = "ana"): Grants => ({
  permissions: ["read", "write"],
  collaboration,
  userId,
  defaultGroup: null,
});
const ofBen: RecordHead = { kind: "annotation", createdBy: "ben", grp: "legal" };

test.each<[string, Grants, RecordAction, RecordHead | null, RecordHead | null, RegExp]>([
  ["no write", { ...ana(null), permissions: ["read"] }, "edit", ofBen, ofBen, /needs the permission write/],
  ["no such grant", ana(["annotations:view:all"]), "edit", ofBen, ofBen, /has no annotations:edit/],
  ["another creator", ana(["annotations:view:all", "annotations:edit:self"]), "edit", ofBen, ofBen, /ben created it, not ana/],
  ["no user", ana(["annotations:view:all", "annotations:edit:self"], null), "edit", ofBen, ofBen, /no user_id/],
  ["another group", ana(["annotations:view:group=sales"]), "view", ofBen, null, /its group is legal, not sales/],
  ["pages", ana(["annotations:view:all"]), "edit", { kind: "page", createdBy: null, grp: null }, null, /has no pages:edit/],
  [
    "the state after",
    ana(["annotations:view:all", "annotations:edit:group=legal"]),
    "edit",
    ofBen,
    { ...ofBen, grp: null },
    /as it would be: it has no group/,
  ],
  ["nothing to reply to", ana(null), "reply", null, null, /no record/],
])("a denial for %s says so", (_, given, action, before, after, reason) => {
  expect(explain(given, action, before, after)).toMatchObject({ allowed: false, reason: expect.stringMatching(reason) });
});

test("what is allowed names the grant", () => {
  const answer = explain(ana(["annotations:view:all", "annotations:edit:group=legal"]), "edit", ofBen, null);
  expect(answer).toMatchObject({
    allowed: true,
    checks: [{ grantedBy: "annotations:edit:group=legal" }, { grantedBy: "annotations:view:all" }],
  });
});
