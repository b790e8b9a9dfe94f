/** One document: the live view, a session token and a snippet ready to paste. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft, Code } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button, Copyable, Problem } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useChosen } from "../session.tsx";
import { loadSdk } from "../sdk.ts";

export function Document() {
  const { documentId } = useParams({ from: "/documents/$documentId" });
  const { client, account, application } = useChosen();
  const [sharing, setSharing] = useState(false);
  const document = useQuery({ queryKey: ["document", application.id, documentId], queryFn: () => client.documents.get({ documentId }) });
  const session = useQuery({
    queryKey: ["live-session", application.id, documentId],
    staleTime: Infinity,
    gcTime: 0,
    queryFn: () =>
      client.sessions.create({
        allowed_documents: [{ document_id: documentId, document_permissions: ["read", "write", "download"] }],
        user_id: account.email,
        creator_name: account.name,
        expires_in: 12 * 3600,
      }),
  });
  return (
    <div className="flex h-dvh min-h-0 flex-col">
      <header className="flex items-center gap-3 border-b border-stone-200 bg-white px-4 py-2.5 dark:border-stone-800 dark:bg-stone-900">
        <Link to="/" aria-label="Back to the documents" className="rounded-lg p-2 hover:bg-stone-100 dark:hover:bg-stone-800">
          <ArrowLeft size={17} aria-hidden />
        </Link>
        <h1 className="min-w-0 flex-1 truncate text-sm font-semibold">{document.data?.data.title ?? documentId}</h1>
        <Button onClick={() => setSharing(true)}>
          <Code size={16} aria-hidden /> Embed
        </Button>
      </header>
      <Problem error={document.error ?? session.error} />
      {session.data !== undefined && <Live token={session.data.jwt} />}
      {sharing && <Embed documentId={documentId} onClose={() => setSharing(false)} />}
    </div>
  );
}

/** The viewer as any page embeds it. */
function Live({ token }: { token: string }) {
  const container = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const element = container.current;
    if (element === null) return undefined;
    let gone = false;
    let unload = () => {};
    loadSdk()
      .then((sdk) => sdk.load({ container: element, session: token }))
      .then((instance) => {
        unload = () => instance.unload();
        if (gone) unload();
      })
      .catch((reason: unknown) => setError(reason));
    return () => {
      gone = true;
      unload();
    };
  }, [token]);
  return (
    <>
      <Problem error={error} />
      <div ref={container} className="min-h-0 flex-1" data-testid="live-view" />
    </>
  );
}

function Embed({ documentId, onClose }: { documentId: string; onClose: () => void }) {
  const { client } = useChosen();
  const [write, setWrite] = useState(true);
  const mint = useMutation({
    mutationFn: () =>
      client.sessions.create({
        allowed_documents: [{ document_id: documentId, document_permissions: write ? ["read", "write", "download"] : ["read"] }],
        expires_in: 3600,
      }),
  });
  const snippet = `<div id="viewer" style="height: 100vh"></div>
<script src="${location.origin}/sdk/lectern.js"></script>
<script>
  Lectern.load({
    container: "#viewer",
    session: "${mint.data?.jwt ?? "…"}",
  });
</script>`;
  return (
    <Dialog open onClose={onClose} title="Embed this document">
      <p className="text-sm text-stone-600 dark:text-stone-300">
        In production your backend mints a token for each visit with an API key. This one is for trying it out and lasts an hour.
      </p>
      <label className="flex items-center gap-2 text-sm">
        <input type="checkbox" checked={write} onChange={(event) => setWrite(event.target.checked)} className="accent-accent" /> May
        annotate
      </label>
      <Problem error={mint.error} />
      {mint.data === undefined ? (
        <Button look="primary" disabled={mint.isPending} onClick={() => mint.mutate()}>
          Create session token
        </Button>
      ) : (
        <>
          <Copyable label="Session token" text={mint.data.jwt} />
          <Copyable label="Snippet" text={snippet} multiline />
          <Copyable label="Link to the viewer" text={mint.data.view_url} />
        </>
      )}
    </Dialog>
  );
}
