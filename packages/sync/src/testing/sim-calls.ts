/**
 * What comes to the rooms of a simulation over HTTP: single edits, large changes, restoring, merging and erasing, each tried again under its key until
 * there is an answer.
 */
import type { Op } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { CommitCaller } from "../room-options.ts";
import type { SyncRoom } from "../room.ts";
import { invert } from "../change.ts";
import { grantsOf, rectangle } from "./fixtures.ts";
import { Violation } from "./oracles.ts";
import type { Random } from "./random.ts";
import type { World } from "./simulate.ts";

interface Call {
  readonly sid: string;
  /** Asked once, when a room is there; a repeat sends the same ops. */
  readonly plan: (room: SyncRoom) => readonly Op[];
  readonly caller?: Pick<CommitCaller, "server" | "erases">;
  ops?: readonly Op[];
}

export class Calls {
  /** Those without an answer. */
  readonly waiting = new Set<string>();
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork();
    const make = () => this.#create();
    world.every(500, () => this.#begin(this.#random.chance(0.7) ? () => [make()] : () => [["d", "base-1"]]));
    world.every(6_000, () => this.#begin(() => Array.from({ length: 15 + this.#random.int(30) }, make), { server: true }));
    world.every(3_000, () => this.#begin(() => this.#restore(), { server: true }));
    world.every(3_000, () => this.#begin((room) => this.#merge(room), { server: true }));
    world.every(9_000, () => this.#begin((room) => this.#erase(room), { server: true, erases: true }));
  }

  #create(): Op {
    return ["c", this.#random.id("r"), "annotation", rectangle(), null];
  }

  /** What one change of the past did is taken back. */
  #restore(): readonly Op[] {
    const change = this.#random.pick(this.#world.disk.changes);
    return (change?.ops ?? []).toReversed().flatMap(({ id, op, before }): Op[] => {
      if (op[0] === "d") return [["r", id]];
      return op[0] === "u" && before !== null ? [["u", id, invert(op[2], before.data)]] : [];
    });
  }

  /** From another layer: only onto what it was compared with. */
  #merge(room: SyncRoom): readonly Op[] {
    const there = room.snapshot(grantsOf(null)).records.filter(({ kind }) => kind === "annotation");
    const met = new Set(Array.from({ length: 3 }, () => this.#random.pick(there)));
    const changed = [...met].flatMap((record): Op[] => {
      if (record === undefined) return [];
      return this.#random.chance(0.2) ? [["d", record.id, record.seq]] : [["u", record.id, { note: "merged" }, record.seq]];
    });
    return [...changed, this.#create()];
  }

  #erase(room: SyncRoom): readonly Op[] {
    const there = room.snapshot(grantsOf(null)).records.filter(({ kind }) => kind === "annotation");
    return there.length === 0 ? [] : [["d", this.#random.pick(there)!.id]];
  }

  #begin(plan: Call["plan"], caller: Call["caller"] = {}): void {
    const call = { sid: this.#random.id("rest"), plan, caller };
    this.waiting.add(call.sid);
    this.#try(call);
  }

  #try(call: Call): void {
    const { clock, nodes, disk } = this.#world;
    const { sid } = call;
    const node = this.#random.pick(nodes)!;
    const { life } = node;
    // The process that was asked may be gone before it answers; the caller sees a broken connection.
    const again = () => clock.setTimeout(() => this.#try(call), 100);
    let waiting = true;
    const watch = () => {
      if (!waiting) return;
      if (node.life === life) clock.setTimeout(watch, 100);
      else {
        waiting = false;
        again();
      }
    };
    watch();
    this.#world
      .openRoom(node)
      .then(async (room) => {
        call.ops ??= call.plan(room);
        if (call.ops.length === 0) return;
        await room.commit(call.ops, { grants: grantsOf(null), userId: "robot", sid, ...call.caller });
        const seq = disk.written.get(`${sid} 1`)?.seq ?? 0;
        // What was asked for is read from the same room next.
        if (room.seq < seq) this.#world.fail(new Violation(`a call was answered before it was there: ${sid} at ${seq}, ${room.seq}`));
      })
      .then(
        () => {
          if (call.ops!.length > 0) this.#checkAnswered(call);
          if (waiting) this.waiting.delete(sid);
          waiting = false;
        },
        (error: unknown) => {
          if (!waiting) return;
          waiting = false;
          if (!(error instanceof ApiError)) this.#world.fail(error);
          else if (error.code === "unavailable") again();
          else {
            if (disk.pushes.has(`${sid} 1`))
              this.#world.fail(new Violation(`a call was refused (${error.code}), but is in the log: ${sid}`));
            this.waiting.delete(sid);
          }
        },
      );
  }

  #checkAnswered({ sid, ops }: Call): void {
    const { disk } = this.#world;
    const logged = disk.written.get(`${sid} 1`);
    if (logged === undefined || disk.pushes.get(`${sid} 1`) !== 1)
      return this.#world.fail(new Violation(`a call was answered, but is not in the log once: ${sid}`));
    for (const op of ops!) {
      const ifSeq = op[0] === "u" ? op[3] : op[0] === "d" ? op[2] : undefined;
      const found = logged.ops.find(({ id }) => id === op[1])?.before?.seq;
      if (ifSeq !== undefined && found !== ifSeq)
        this.#world.fail(new Violation(`written over what was not compared with: ${JSON.stringify({ op, found })}`));
    }
  }
}
