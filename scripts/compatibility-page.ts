/** docs/compatibility.md: what of the published API is served, from the registry and the table of published operations. */
import type { Operation } from "@lectern/protocol";
import { jsonSchema } from "@lectern/protocol/openapi";
import { PUBLISHED_SHAPES, type Shape } from "@lectern/protocol/published";
import { PUBLISHED, servedOperations } from "@lectern/protocol/upstream";
import { LEFT_OUT, NOT_OFFERED, pathsNotOffered } from "../packages/server/src/http/not-offered.ts";

const HEAD = `# Compatibility

Backends that were written for the published API of a document engine change their base URL (the routes are served under \`/api\` and, the same,
under \`/viewer\`) and their key. This page is written from the registry of operations and the table of published ones; a test asks a service for
each of them and compares the answer with the published shape.

- **same**: parameters and answer are the published ones.
- **extended**: the same, and the answer has further members, or the query takes further parameters. Clients that ignore what they do not know
  notice nothing.
- **not offered**: answers 501 with the code \`not_implemented\` and the reason, whatever is sent.

Parameters of the query that are not known are ignored; those that a published operation has and this service does not stand below *without*.
Operations of layers (\`…/layers/{layerName}/…\`) are those of the document, with the same entry.
`;

export function compatibilityPage(): string {
  const served = servedOperations();
  const reasons = new Map<string, string>(
    NOT_OFFERED.flatMap(([method, path, why]) => pathsNotOffered(path).map((at) => [`${method} ${nameless(at)}`, why] as const)),
  );
  const counts = { same: 0, extended: 0, "not offered": 0 };
  const rows = PUBLISHED.map(([operationId, method, path, , shape, query]) => {
    const found = served.get(operationId);
    const name = `| \`${operationId}\` | ${method} \`${path}\``;
    if (found === undefined) {
      const why = reasons.get(`${method} ${nameless(path)}`);
      if (why === undefined) throw new Error(`${operationId} is neither in the registry nor in the table of what is not offered`);
      counts["not offered"]++;
      return `${name} | not offered | 501 \`not_implemented\`: ${why} |`;
    }
    const { adds, lacks } = differences(found[1], shape, query);
    const kind = adds.length === 0 ? "same" : "extended";
    counts[kind]++;
    const notes = [adds.join(", "), lacks.length === 0 ? "" : `without ${lacks.join(", ")}`].filter((note) => note !== "");
    return `${name} | ${kind} | ${notes.join("; ")} |`;
  });
  const total = `${PUBLISHED.length} published operations: ${counts.same} same, ${counts.extended} extended, ${counts["not offered"]} not offered.`;
  const leftOut = Object.values(LEFT_OUT).map(([what, why]) => `| ${what} | ${why} |`);
  return [
    HEAD,
    total,
    "",
    "| operation | address | | |",
    "|---|---|---|---|",
    ...rows,
    "",
    "Of operations that are served, these parameters answer 501 `not_implemented`, too:",
    "",
    "| parameter | why |",
    "|---|---|",
    ...leftOut,
    "",
  ].join("\n");
}

function differences(operation: Operation, shape: string, query: string): { adds: string[]; lacks: string[] } {
  const ours = Object.keys(operation.query.shape);
  const published = query === "" ? [] : query.split(" ");
  const members = new Set<string>();
  if (operation.responseType === "application/json" && PUBLISHED_SHAPES[shape] !== undefined)
    collect(PUBLISHED_SHAPES[shape], jsonSchema(operation.response, "output"), members);
  return {
    adds: [
      ...ours.filter((name) => !published.includes(name)).map((name) => `\`?${name}\``),
      ...[...members].toSorted((a, b) => a.localeCompare(b)).map((name) => `\`${name}\``),
    ],
    lacks: published.filter((name) => !ours.includes(name)).map((name) => `\`?${name}\``),
  };
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Members that a schema names and a shape does not. */
function collect(shape: Shape, schema: Schema, found: Set<string>): void {
  for (const choice of schema.anyOf ?? []) collect(shape, choice, found);
  if (typeof shape === "string") return;
  if (Array.isArray(shape)) {
    if (schema.items !== undefined) collect((shape as readonly [Shape])[0], schema.items, found);
    return;
  }
  const named = new Map(Object.entries(shape).map(([name, inner]) => [name.replace(/\?$/, ""), inner]));
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const known = named.get(name);
    if (known === undefined) found.add(name);
    else collect(known, inner, found);
  }
}

const nameless = (path: string): string => path.replace(/\{\w+\}/g, "{}");
