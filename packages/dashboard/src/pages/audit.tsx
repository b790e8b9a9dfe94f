/** Who did what, newest first: filtered, page by page, and all of it as a file. */
import type { AuditEntry } from "@lectern/protocol";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { auditLines } from "../api.ts";
import { Button, Choice, Field, Problem, when } from "../parts/controls.tsx";
import { PageHead } from "../parts/shell.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useChosen } from "../session.tsx";

const GROUPS = {
  all: "Everything",
  "document.*": "Documents",
  "layer.*": "Layers and their records",
  "session.*": "Sessions",
  "key.*": "API keys",
  "token.*": "Access tokens",
  "public_key.*": "Signing keys",
  "webhook.*": "Webhooks",
  "application.*": "Applications",
  "account.*": "Sign-ins",
} as const;

const KINDS: Readonly<Record<AuditEntry["actor"]["kind"], string>> = {
  key: "API key",
  account: "Account",
  session: "Session",
  visitor: "Visitor",
  service: "The service",
  user: "User",
};

function actorOf({ kind, id, address }: AuditEntry["actor"]): string {
  return [KINDS[kind], id, address].filter((part) => part !== null).join(" · ");
}

function detailsOf({ details }: AuditEntry): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${Array.isArray(value) ? value.join(", ") : String(value)}`)
    .join("; ");
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { head: "When", cell: (entry) => when(entry.at), look: "time" },
  { head: "What", cell: (entry) => entry.action, look: "strong" },
  { head: "Who", cell: (entry) => <span className="inline-block min-w-40">{actorOf(entry.actor)}</span> },
  { head: "Document", cell: (entry) => entry.document_id ?? "", look: "code" },
  {
    head: "Details",
    cell: (entry) => (
      <span className="line-clamp-2 max-w-md min-w-48 break-words" title={detailsOf(entry)}>
        {detailsOf(entry)}
      </span>
    ),
  },
];

export function Audit() {
  const { client, application } = useChosen();
  const [action, setAction] = useState<keyof typeof GROUPS>("all");
  const [actor, setActor] = useState("");
  const [documentId, setDocumentId] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const filter = {
    ...(action === "all" ? {} : { action }),
    ...(actor.trim() === "" ? {} : { actor: actor.trim() }),
    ...(documentId.trim() === "" ? {} : { document_id: documentId.trim() }),
    ...(from === "" ? {} : { from: new Date(`${from}T00:00`).toISOString() }),
    // The whole of the last day.
    ...(to === "" ? {} : { to: dayAfter(to) }),
  };
  const audit = useInfiniteQuery({
    queryKey: ["audit", application.id, filter],
    queryFn: ({ pageParam }) => client.audit.list({ ...filter, limit: 50, ...(pageParam === "" ? {} : { cursor: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });
  const save = useMutation({ mutationFn: async () => download(await auditLines(application.id, filter), "audit.jsonl") });
  return (
    <div className="pb-16">
      <PageHead title="Audit">
        <Button disabled={save.isPending} onClick={() => save.mutate()}>
          <Download size={16} aria-hidden /> Export as JSONL
        </Button>
      </PageHead>
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <form
          role="search"
          className="grid grid-cols-[repeat(auto-fill,minmax(10rem,1fr))] gap-3"
          onSubmit={(event) => event.preventDefault()}
        >
          <Choice label="What" value={action} options={GROUPS} onChange={setAction} />
          <Field label="Who (an id)" value={actor} maxLength={256} onChange={(event) => setActor(event.target.value)} />
          <Field label="Document (an id)" value={documentId} maxLength={128} onChange={(event) => setDocumentId(event.target.value)} />
          <Field label="From" type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
          <Field label="To" type="date" value={to} onChange={(event) => setTo(event.target.value)} />
        </form>
        <Problem error={audit.error ?? save.error} />
        <Table
          label="Audit"
          rows={audit.data?.pages.flatMap(({ data }) => data)}
          columns={COLUMNS}
          isOver={() => false}
          empty="Nothing of the kind has happened."
        />
        {audit.hasNextPage && (
          <Button className="justify-self-center" disabled={audit.isFetching} onClick={() => void audit.fetchNextPage()}>
            Older entries
          </Button>
        )}
      </div>
    </div>
  );
}

/** Its midnight where the browser is. */
function dayAfter(day: string): string {
  const start = new Date(`${day}T00:00`);
  start.setDate(start.getDate() + 1);
  return start.toISOString();
}

function download(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
