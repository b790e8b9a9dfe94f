/** Who may open what just now: sessions and access tokens, newest first, each with its end. */
import type { AccessToken } from "@lectern/protocol";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { queries } from "../api.ts";
import { Button, Choice, Copyable, Field, Problem, when } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { PageHead } from "../parts/shell.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useChosen } from "../session.tsx";

type Listed = Awaited<ReturnType<ReturnType<typeof useChosen>["client"]["sessions"]["list"]>>["data"][number] & { readonly id: string };

interface Ending {
  readonly expires_at: string;
  readonly revoked_at: string | null;
}

function stateOf({ expires_at: expires, revoked_at: revoked }: Ending): string {
  if (revoked !== null) return `revoked ${when(revoked)}`;
  return isPast(expires) ? `expired ${when(expires)}` : `until ${when(expires)}`;
}

function isPast(iso: string): boolean {
  return new Date(iso).getTime() <= Date.now();
}

function isOver({ expires_at: expires, revoked_at: revoked }: Ending): boolean {
  return revoked !== null || isPast(expires);
}

const SESSIONS: readonly Column<Listed>[] = [
  { head: "User", cell: (session) => session.creator_name ?? session.user_id ?? "nobody in particular", look: "strong" },
  { head: "Documents", cell: (session) => session.documents.join(", ") || "of the app itself", look: "code" },
  { head: "Made", cell: (session) => when(session.created_at), look: "time" },
  { head: "Good", cell: stateOf, look: "time" },
];

const TOKENS: readonly Column<AccessToken>[] = [
  { head: "Name", cell: (token) => token.name, look: "strong" },
  { head: "Token", cell: (token) => token.hint, look: "code" },
  { head: "For", cell: (token) => `${token.scope}${token.documents === null ? "" : `: ${token.documents.join(", ")}`}` },
  { head: "Last used", cell: (token) => when(token.last_used_at), look: "time" },
  { head: "Good", cell: stateOf, look: "time" },
];

export function Sessions() {
  const { client, application } = useChosen();
  const sessions = useInfiniteQuery({
    queryKey: ["sessions", application.id],
    queryFn: ({ pageParam }) => client.sessions.list({ limit: 50, ...(pageParam === "" ? {} : { cursor: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });
  const [making, setMaking] = useState(false);
  const tokens = useQuery({ queryKey: ["tokens", application.id], queryFn: () => client.tokens.list({}) });
  const revoke = useMutation({
    mutationFn: (sessionId: string) => client.sessions.revoke({ sessionId }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  const revokeToken = useMutation({
    mutationFn: (tokenId: string) => client.tokens.delete({ tokenId }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const rows = sessions.data?.pages.flatMap(({ data }) => data).map((session) => ({ ...session, id: session.session_id }));
  return (
    <div className="pb-16">
      <PageHead title="Sessions" />
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <p className="max-w-prose text-sm text-stone-600 dark:text-stone-300">
          A session that is revoked is refused within five seconds, and its open documents are disconnected.
        </p>
        <Problem error={sessions.error ?? revoke.error} />
        <Table
          label="Sessions"
          rows={rows}
          columns={SESSIONS}
          isOver={isOver}
          empty="No session has been made yet."
          actions={(session) => (
            <Button
              className="h-8"
              disabled={revoke.isPending}
              aria-label={`Revoke the session of ${session.creator_name ?? session.user_id ?? session.id}`}
              onClick={() => revoke.mutate(session.id)}
            >
              Revoke
            </Button>
          )}
        />
        {sessions.hasNextPage && (
          <Button className="justify-self-center" disabled={sessions.isFetching} onClick={() => void sessions.fetchNextPage()}>
            Older sessions
          </Button>
        )}
        <div className="mt-6 flex flex-wrap items-center justify-between gap-3">
          <h2 className="text-lg font-semibold tracking-tight">Access tokens</h2>
          <Button onClick={() => setMaking(true)}>New access token</Button>
        </div>
        <p className="max-w-prose text-sm text-stone-600 dark:text-stone-300">
          For programs that need less than a key, for a day at most. Your backend can make them, too.
        </p>
        <Problem error={tokens.error ?? revokeToken.error} />
        <Table
          label="Access tokens"
          rows={tokens.data?.data}
          columns={TOKENS}
          isOver={isOver}
          empty="There is no access token."
          actions={(token) => (
            <Button
              className="h-8"
              disabled={revokeToken.isPending}
              aria-label={`Revoke ${token.name}`}
              onClick={() => revokeToken.mutate(token.id)}
            >
              Revoke
            </Button>
          )}
        />
      </div>
      {making && <NewToken onClose={() => setMaking(false)} onMade={() => queries.invalidateQueries({ queryKey: ["tokens"] })} />}
    </div>
  );
}

const SCOPES = {
  documents: "Documents: read and write",
  read: "Documents: read only",
  upload: "Documents: upload only",
  sessions: "Sessions: mint and revoke",
  all: "Everything",
} as const;

function NewToken({ onClose, onMade }: { onClose: () => void; onMade: () => Promise<void> }) {
  const { client } = useChosen();
  const [name, setName] = useState("");
  const [scope, setScope] = useState<keyof typeof SCOPES>("documents");
  const [documents, setDocuments] = useState("");
  const [hours, setHours] = useState("1");
  const ids = documents.split(/[\s,]+/).filter((id) => id !== "");
  const create = useMutation({
    mutationFn: () =>
      client.tokens.create({
        name: name.trim(),
        scope,
        ...(ids.length === 0 ? {} : { documents: ids }),
        expires_in: Math.round(Number(hours) * 3600),
      }),
    onSuccess: onMade,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    create.mutate();
  };
  if (create.data !== undefined)
    return (
      <Dialog open onClose={onClose} title="Your access token">
        <p className="text-sm text-stone-600 dark:text-stone-300">
          Copy it now: it is not kept here and will not be shown again. It is good until {when(create.data.data.expires_at)}.
        </p>
        <Copyable label="Access token" text={create.data.access_token} multiline />
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </Dialog>
    );
  return (
    <Dialog open onClose={onClose} title="New access token">
      <form className="grid gap-4" onSubmit={submit}>
        <Field label="Name" required maxLength={256} value={name} onChange={(event) => setName(event.target.value)} autoFocus />
        <Choice label="What it may do" value={scope} options={SCOPES} onChange={setScope} />
        <Field
          label="Documents"
          value={documents}
          onChange={(event) => setDocuments(event.target.value)}
          hint="Ids, with commas between them. Left empty: all documents of the application."
        />
        <Field
          label="Hours"
          type="number"
          required
          min={0.1}
          max={24}
          step={0.1}
          value={hours}
          onChange={(event) => setHours(event.target.value)}
        />
        <Problem error={create.error} />
        <Button look="primary" type="submit" disabled={create.isPending || name.trim() === ""}>
          Create access token
        </Button>
      </form>
    </Dialog>
  );
}
