/** API keys of the application: made, named, revoked; each is shown once. */
import type { ApiKey } from "@lectern/protocol";
import { useMutation, useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type SyntheticEvent, useState } from "react";
import { admin, queries } from "../api.ts";
import { Button, Copyable, Field, Problem, Scrolling, when } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { PageHead } from "../parts/shell.tsx";
import { useChosen } from "../session.tsx";

const SCOPES = {
  all: "Everything",
  documents: "All documents, no sessions or keys",
  read: "Read only",
  upload: "Upload only",
  sessions: "Sessions only",
} as const;

export function Keys() {
  const { application } = useChosen();
  const applicationId = application.id;
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const keys = useQuery({ queryKey: ["keys", applicationId], queryFn: () => admin.accounts.keys({ applicationId }) });
  const refresh = () => queries.invalidateQueries({ queryKey: ["keys"] });
  const revoke = useMutation({
    mutationFn: (keyId: string) => admin.accounts.revokeKey({ applicationId, keyId }),
    onSuccess: async () => {
      setRevoking(null);
      await refresh();
    },
  });
  return (
    <div className="pb-16">
      <PageHead title="API keys">
        <Button look="primary" onClick={() => setMaking(true)}>
          <KeyRound size={16} aria-hidden /> New key
        </Button>
      </PageHead>
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <p className="max-w-prose text-sm text-stone-600 dark:text-stone-300">
          Your backend uses a key to upload documents and to mint session tokens. A key never belongs in a browser.
        </p>
        <Problem error={keys.error} />
        <Scrolling label="API keys">
          <table className="w-full text-left text-sm">
            <thead className="text-xs text-stone-500 dark:text-stone-400">
              <tr className="border-b border-stone-100 dark:border-stone-800">
                {["Name", "Key", "May do", "Created", "Last used", ""].map((head) => (
                  <th key={head} scope="col" className="px-4 py-2.5 font-medium">
                    {head === "" ? <span className="sr-only">Actions</span> : head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody className="divide-y divide-stone-100 dark:divide-stone-800">
              {keys.data?.data.map((key) => (
                <tr key={key.id} className={key.revoked_at === null ? "" : "text-stone-500 line-through dark:text-stone-400"}>
                  <td className="px-4 py-3 font-medium">{key.name}</td>
                  <td className="px-4 py-3 font-mono text-xs">{key.hint}</td>
                  <td className="px-4 py-3">{SCOPES[key.scope]}</td>
                  <td className="px-4 py-3 whitespace-nowrap">{when(key.created_at)}</td>
                  <td className="px-4 py-3 whitespace-nowrap">{when(key.last_used_at)}</td>
                  <td className="px-4 py-3 text-right">
                    {key.revoked_at === null && (
                      <Button className="h-8" aria-label={`Revoke ${key.name}`} onClick={() => setRevoking(key)}>
                        Revoke
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      </div>
      {making && <NewKey applicationId={applicationId} onClose={() => setMaking(false)} onMade={refresh} />}
      <Dialog open={revoking !== null} onClose={() => setRevoking(null)} title={`Revoke “${revoking?.name ?? ""}”?`}>
        <p className="text-sm text-stone-600 dark:text-stone-300">
          Requests with this key are refused within five seconds. This cannot be undone.
        </p>
        <Problem error={revoke.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={() => setRevoking(null)}>Keep it</Button>
          <Button look="danger" disabled={revoke.isPending} onClick={() => revoking !== null && revoke.mutate(revoking.id)}>
            Revoke key
          </Button>
        </div>
      </Dialog>
    </div>
  );
}

function NewKey({ applicationId, onClose, onMade }: { applicationId: string; onClose: () => void; onMade: () => Promise<void> }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<keyof typeof SCOPES>("all");
  const create = useMutation({
    mutationFn: () => admin.accounts.createKey({ applicationId, name: name.trim(), scope }),
    onSuccess: onMade,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    create.mutate();
  };
  if (create.data !== undefined) {
    return (
      <Dialog open onClose={onClose} title="Your new key">
        <p className="text-sm text-stone-600 dark:text-stone-300">Copy it now: it is not kept here and will not be shown again.</p>
        <Copyable label="API key" text={create.data.key} multiline />
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} title="New API key">
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label="Name"
          required
          maxLength={256}
          value={name}
          onChange={(event) => setName(event.target.value)}
          placeholder="Production backend"
          autoFocus
        />
        <fieldset className="grid gap-1.5">
          <legend className="mb-1.5 text-sm font-medium">What it may do</legend>
          {(Object.keys(SCOPES) as (keyof typeof SCOPES)[]).map((one) => (
            <label key={one} className="flex items-center gap-2 text-sm">
              <input type="radio" name="scope" checked={scope === one} onChange={() => setScope(one)} className="accent-accent" />{" "}
              {SCOPES[one]}
            </label>
          ))}
        </fieldset>
        <Problem error={create.error} />
        <Button look="primary" type="submit" disabled={create.isPending || name.trim() === ""}>
          Create key
        </Button>
      </form>
    </Dialog>
  );
}
