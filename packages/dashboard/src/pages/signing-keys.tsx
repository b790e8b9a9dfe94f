/** Public keys whose owners sign session tokens themselves: registered, listed, removed. */
import type { PublicKey } from "@lectern/protocol";
import { useMutation, useQuery } from "@tanstack/react-query";
import { FileKey } from "lucide-react";
import { type SyntheticEvent, useId, useState } from "react";
import { queries } from "../api.ts";
import { Button, Field, Problem, when } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { PageHead } from "../parts/shell.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useChosen } from "../session.tsx";

const COLUMNS: readonly Column<PublicKey>[] = [
  { head: "Name", cell: (key) => key.name, look: "strong" },
  { head: "Algorithm", cell: (key) => key.algorithm },
  { head: "Fingerprint", cell: (key) => <span title={key.fingerprint}>{key.fingerprint.slice(0, 16)}…</span>, look: "code" },
  { head: "Longest token", cell: (key) => (key.max_ttl === null ? "no limit" : `${key.max_ttl} s`), look: "time" },
  { head: "Registered", cell: (key) => when(key.created_at), look: "time" },
];

export function SigningKeys() {
  const { client, application } = useChosen();
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<PublicKey | null>(null);
  const keys = useQuery({ queryKey: ["public keys", application.id], queryFn: () => client.publicKeys.list({}) });
  const refresh = () => queries.invalidateQueries({ queryKey: ["public keys"] });
  const remove = useMutation({
    mutationFn: (keyId: string) => client.publicKeys.delete({ keyId }),
    onSuccess: async () => {
      setRemoving(null);
      await refresh();
    },
  });
  return (
    <div className="pb-16">
      <PageHead title="Signing keys">
        <Button look="primary" onClick={() => setMaking(true)}>
          <FileKey size={16} aria-hidden /> Register key
        </Button>
      </PageHead>
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <p className="max-w-prose text-sm text-stone-600 dark:text-stone-300">
          With the private half of such a key your backend signs session tokens itself, without a request. Only the public half is kept
          here.
        </p>
        <Problem error={keys.error} />
        <Table
          label="Signing keys"
          rows={keys.data?.data}
          columns={COLUMNS}
          isOver={() => false}
          empty="No key is registered: sessions are made with an API key."
          actions={(key) => (
            <Button className="h-8" aria-label={`Remove ${key.name}`} onClick={() => setRemoving(key)}>
              Remove
            </Button>
          )}
        />
      </div>
      {making && <NewKey onClose={() => setMaking(false)} onMade={refresh} />}
      <Dialog open={removing !== null} onClose={() => setRemoving(null)} title={`Remove “${removing?.name ?? ""}”?`}>
        <p className="text-sm text-stone-600 dark:text-stone-300">
          All tokens that were signed with it are refused within five seconds, and whoever has a document open with one is disconnected.
        </p>
        <Problem error={remove.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={() => setRemoving(null)}>Keep it</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => removing !== null && remove.mutate(removing.id)}>
            Remove key
          </Button>
        </div>
      </Dialog>
    </div>
  );
}

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: () => Promise<void> }) {
  const { client } = useChosen();
  const [name, setName] = useState("");
  const [pem, setPem] = useState("");
  const [maxTtl, setMaxTtl] = useState("");
  const id = useId();
  const create = useMutation({
    mutationFn: () => client.publicKeys.create({ name: name.trim(), pem, ...(maxTtl === "" ? {} : { max_ttl: Number(maxTtl) }) }),
    onSuccess: async () => {
      await onMade();
      onClose();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Register a public key">
      <form className="grid gap-4" onSubmit={submit}>
        <Field label="Name" required maxLength={256} value={name} onChange={(event) => setName(event.target.value)} autoFocus />
        <div className="grid gap-1.5">
          <label htmlFor={id} className="text-sm font-medium">
            Public key (PEM)
          </label>
          <textarea
            id={id}
            required
            rows={7}
            spellCheck={false}
            value={pem}
            onChange={(event) => setPem(event.target.value)}
            placeholder="-----BEGIN PUBLIC KEY-----"
            className="rounded-lg border border-stone-300 bg-white p-3 font-mono text-xs outline-accent placeholder:text-stone-400 dark:border-stone-700 dark:bg-stone-900"
          />
        </div>
        <Field
          label="Longest token, seconds"
          type="number"
          min={1}
          value={maxTtl}
          onChange={(event) => setMaxTtl(event.target.value)}
          hint="Left empty: tokens may last as long as they say."
        />
        <Problem error={create.error} />
        <Button look="primary" type="submit" disabled={create.isPending || name.trim() === "" || pem.trim() === ""}>
          Register
        </Button>
      </form>
    </Dialog>
  );
}
