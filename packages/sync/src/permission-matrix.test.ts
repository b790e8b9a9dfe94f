/** Every cell of the permissions, against an interpreter that was written apart from them: first the pure rules, then a room that enforces them. */
import { can, canSee, type Grants, type RecordAction, type RecordHead, type RecordKind } from "@lectern/protocol/plain";
import type { Op } from "@lectern/protocol";
import { expect, it } from "vitest";
import { comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { GRANTABLE, naivelyMay, naivelySees, type NaiveRecord, type NaiveSession, SCOPES } from "./testing/naive-permissions.ts";
import { testRoom } from "./testing/test-room.ts";

const OWNERS = ["ana", "ben", null] as const;
const GROUPS = ["g1", "g2", null] as const;
const ACTIONS: readonly RecordAction[] = ["view", "create", "edit", "delete", "restore", "reply", "fill", "set-group"];
const KINDS: Readonly<Record<string, readonly RecordKind[]>> = {
  annotations: ["annotation"],
  comments: ["comment"],
  "form-fields": ["field", "widget", "value"],
};
const OTHER_KINDS: readonly RecordKind[] = ["page", "bookmark", "attachment", "outline", "meta"];

function grants({ permissions, claim, user }: NaiveSession): Grants {
  return { permissions: permissions as Grants["permissions"], collaboration: claim, userId: user, defaultGroup: null };
}

function headsOf(kinds: readonly RecordKind[]): RecordHead[] {
  return kinds.flatMap((kind) => OWNERS.flatMap((createdBy) => GROUPS.map((grp) => ({ kind, createdBy, grp }))));
}

const naive = ({ kind, createdBy, grp }: RecordHead): NaiveRecord => ({ kind, createdBy, group: grp });

/** The states that an action goes between. */
function* steps(action: RecordAction, head: RecordHead): Generator<readonly [RecordHead | null, RecordHead | null]> {
  if (action === "create" || action === "restore") yield [null, head];
  else if (action === "delete" || action === "reply") yield [head, null];
  else for (const grp of GROUPS) yield [head, { ...head, grp }];
}

let cells = 0;
function compare(session: NaiveSession, kinds: readonly RecordKind[]): void {
  const held = grants(session);
  for (const head of headsOf(kinds)) {
    if (canSee(held, head) !== naivelySees(session, naive(head))) throw new Error(`canSee ${JSON.stringify([session, head])}`);
    for (const action of ACTIONS) {
      for (const [before, after] of steps(action, head)) {
        const expected = naivelyMay(session, action, before && naive(before), after && naive(after));
        if (can(held, action, before, after) !== expected)
          throw new Error(`${action} is not ${expected}: ${JSON.stringify([session, before, after])}`);
        cells++;
      }
    }
  }
}

it("the rules answer every cell as the documentation says", () => {
  cells = 0;
  const all = [...Object.values(KINDS).flat(), ...OTHER_KINDS];
  const both = ["read", "write"];
  for (const permissions of [[], ["read"], ["write"], both, ["download", "cover"]]) {
    for (const user of ["ana", null]) {
      for (const claim of [null, [], ["bookmarks:edit:all"], ["pages:edit:all"], ["annotations:view:all", "annotations:edit:self"]])
        compare({ permissions, claim, user }, all);
    }
  }
  for (const [type, actions] of Object.entries(GRANTABLE)) {
    for (const action of actions) {
      for (const scope of SCOPES) {
        const grant = `${type}:${action}:${scope}`;
        for (const user of ["ana", "ben", null]) {
          compare({ permissions: both, claim: [grant], user }, all);
          for (const view of SCOPES) compare({ permissions: both, claim: [`${type}:view:${view}`, grant], user }, KINDS[type]!);
        }
        for (const permissions of [["read"], ["write"]])
          compare({ permissions, claim: [`${type}:view:all`, grant], user: "ana" }, KINDS[type]!);
      }
    }
  }
  // A comment may be a reply to an annotation.
  for (const scope of SCOPES)
    compare({ permissions: both, claim: ["annotations:view:self", `comments:reply:${scope}`], user: "ana" }, ["annotation"]);
  expect(cells).toBeGreaterThan(100_000);
});

const admin = grantsOf(null);

/** One record of each kind for every owner and group; comments each in a thread of their own, whose root is nobody's. */
async function furnished() {
  const room = await testRoom();
  const heads = new Map<string, NaiveRecord>();
  const commit = (ops: readonly Op[], userId: string | null): Promise<unknown> => room.room.commit(ops, { grants: admin, userId });
  for (const owner of OWNERS) {
    for (const group of GROUPS) {
      const name = `${owner ?? "none"}-${group ?? "none"}`;
      const made = (kind: string, id: string): void => void heads.set(id, { kind, createdBy: owner, group });
      await commit([["c", `root-${name}`, "annotation", marker(), null]], null);
      await commit(
        [
          ["c", `annotation-${name}`, "annotation", rectangle(), group],
          ["c", `comment-${name}`, "comment", comment(`root-${name}`), group],
          ["c", `field-${name}`, "field", { name, type: "text" }, group],
          ["c", `field-${name}:v`, "value", { field: `field-${name}`, value: "" }],
          ["c", `widget-${name}`, "widget", { field: `field-${name}`, page: "0.0", geometry: { bbox: [0, 0, 9, 9] }, appearance: {} }],
        ],
        owner,
      );
      for (const kind of ["annotation", "comment", "field", "widget"]) made(kind, `${kind}-${name}`);
      made("value", `field-${name}:v`);
    }
  }
  return { room: room.room, heads };
}

it("a room refuses exactly what the rules do not allow, and shows exactly what they show", async () => {
  const { room, heads } = await furnished();
  let n = 0;
  const seen = { ok: 0, refused: 0 };

  /** Tries it as the session, compares, and puts it back. */
  async function tries(session: NaiveSession, ops: readonly Op[], expected: boolean, undo: readonly Op[]): Promise<void> {
    const code = await room.commit(ops, { grants: grants(session) }).then(
      () => "ok",
      (error: { code: string }) => error.code,
    );
    const hidden = heads.has(ops[0]![1]) && !naivelySees(session, heads.get(ops[0]![1])!);
    const answer = expected ? "ok" : hidden ? "not_found" : "forbidden";
    if (code !== answer) throw new Error(`${code} instead of ${answer}: ${JSON.stringify([session, ops])}`);
    seen[code === "ok" ? "ok" : "refused"]++;
    if (code === "ok" && undo.length > 0) await room.commit(undo, { grants: admin, userId: null });
  }

  for (const [type, actions] of Object.entries(GRANTABLE)) {
    for (const action of actions) {
      for (const scope of SCOPES) {
        const claim = [
          ...new Set([`annotations:view:all`, `${type}:view:${action === "view" ? scope : "all"}`, `${type}:${action}:${scope}`]),
        ];
        const session: NaiveSession = {
          permissions: ["read", "write"],
          claim: type === "annotations" && action === "view" ? claim.slice(1) : claim,
          user: "ana",
        };
        const shown = new Set(room.snapshot(grants(session)).records.map(({ id }) => id));
        for (const [id, head] of heads) {
          expect(shown.has(id), `${id} for ${claim.join()}`).toBe(naivelySees(session, head));
          if (!KINDS[type]!.some((kind) => kind === head.kind)) continue;
          const edit: Op =
            head.kind === "comment"
              ? ["u", id, { text: { format: "plain", value: `${++n}` } }]
              : head.kind === "field"
                ? ["u", id, { label: `${++n}` }]
                : ["u", id, head.kind === "annotation" ? { note: `${++n}` } : { appearance: {} }];
          if (head.kind === "value") await tries(session, [["u", id, { value: `${++n}` }]], naivelyMay(session, "fill", head, head), []);
          else {
            await tries(session, [edit], naivelyMay(session, "edit", head, head), []);
            await tries(session, [["d", id]], naivelyMay(session, "delete", head, null), [["r", id]]);
          }
          if (head.kind !== "value" && head.kind !== "widget") {
            for (const group of GROUPS) {
              const after = { ...head, group };
              await tries(session, [["g", id, group]], naivelyMay(session, "set-group", head, after), [["g", id, head.group]]);
            }
          }
          if (head.kind === "comment") {
            const root = id.replace("comment-", "root-");
            const silent: Op = ["c", `state-${++n}`, "comment", { ...comment(root, ""), state: "resolved" }, null];
            const nobody: NaiveRecord = { kind: "annotation", createdBy: null, group: null };
            const may = naivelyMay(session, "reply", head, null) || naivelyMay(session, "reply", nobody, null);
            await tries(session, [silent], may, [["d", `state-${n}`]]);
          }
        }
      }
    }
  }
  expect(seen.ok).toBeGreaterThan(400);
  expect(seen.refused).toBeGreaterThan(1500);
});
