/** Webhooks of the application: who is told what happens. A secret is shown once, when it is made. */
import type { Webhook } from "@lectern/protocol";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Webhook as WebhookIcon } from "lucide-react";
import { type SyntheticEvent, useState } from "react";
import { queries } from "../api.ts";
import { Button, Copyable, Field, Problem, when } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { PageHead } from "../parts/shell.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useChosen } from "../session.tsx";

/** What can be chosen beside `*`; more can be named with the API. */
const GROUPS = [
  ["document.*", "Documents: uploaded, ready, failed, changed, deleted"],
  ["annotation.*", "Annotations: created, changed, deleted"],
  ["comment.*", "Comments: written, changed, resolved, mentions"],
  ["form.*", "Forms: a value was filled in"],
  ["session.*", "Sessions: a document was opened"],
] as const;

export function stateOf({ enabled, disabled_reason: reason, failing_since: failing }: Webhook): string {
  if (!enabled) return reason === null ? "off" : `off: ${reason}`;
  return failing === null ? "on" : `failing since ${when(failing)}`;
}

const COLUMNS: readonly Column<Webhook>[] = [
  {
    head: "URL",
    cell: ({ id, url }) => (
      <Link
        to="/webhooks/$webhookId"
        params={{ webhookId: id }}
        className="inline-block min-w-56 break-all underline-offset-4 hover:underline"
      >
        {url}
      </Link>
    ),
    look: "strong",
  },
  { head: "Hears of", cell: ({ topics }) => (topics.includes("*") ? "everything" : topics.join(", ")) },
  { head: "State", cell: (hook) => <span className="inline-block min-w-28">{stateOf(hook)}</span> },
  { head: "Made", cell: (hook) => when(hook.created_at), look: "time" },
];

export function Webhooks() {
  const { client, application } = useChosen();
  const [making, setMaking] = useState(false);
  const hooks = useQuery({ queryKey: ["webhooks", application.id], queryFn: () => client.webhooks.list({}) });
  const refresh = () => queries.invalidateQueries({ queryKey: ["webhooks"] });
  const change = useMutation({
    mutationFn: ({ id, enabled }: Webhook) => client.webhooks.update({ webhookId: id, enabled: !enabled }),
    onSuccess: refresh,
  });
  return (
    <div className="pb-16">
      <PageHead title="Webhooks">
        <Button look="primary" onClick={() => setMaking(true)}>
          <WebhookIcon size={16} aria-hidden /> New webhook
        </Button>
      </PageHead>
      <div className="grid grid-cols-1 gap-4 px-6 md:px-10">
        <p className="max-w-prose text-sm text-stone-600 dark:text-stone-300">
          A webhook is a URL of yours that is told what happens, with a signed message for each event. What it does not take is tried again
          for four days.
        </p>
        <Problem error={hooks.error ?? change.error} />
        <Table
          label="Webhooks"
          rows={hooks.data?.data}
          columns={COLUMNS}
          isOver={() => false}
          empty="There is no webhook yet."
          actions={(hook) => (
            <Button
              className="h-8"
              disabled={change.isPending}
              aria-label={`${hook.enabled ? "Disable" : "Enable"} ${hook.url}`}
              onClick={() => change.mutate(hook)}
            >
              {hook.enabled ? "Disable" : "Enable"}
            </Button>
          )}
        />
      </div>
      {making && <NewWebhook onClose={() => setMaking(false)} onMade={refresh} />}
    </div>
  );
}

/** The only look at a secret. */
export function Secret({ secret, title, onClose }: { secret: string; title: string; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={title}>
      <p className="text-sm text-stone-600 dark:text-stone-300">
        Your receiver verifies messages with it. Copy it now: it will not be shown again.
      </p>
      <Copyable label="Secret" text={secret} multiline />
      <Button look="primary" onClick={onClose}>
        I have copied it
      </Button>
    </Dialog>
  );
}

function NewWebhook({ onClose, onMade }: { onClose: () => void; onMade: () => Promise<void> }) {
  const { client } = useChosen();
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [topics, setTopics] = useState<readonly string[]>([]);
  const create = useMutation({
    mutationFn: () => client.webhooks.create({ url: url.trim(), description, topics: topics.length === 0 ? ["*"] : [...topics] }),
    onSuccess: onMade,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    create.mutate();
  };
  if (create.data !== undefined) return <Secret secret={create.data.secret} title="The webhook's secret" onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title="New webhook">
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label="URL"
          type="url"
          required
          maxLength={2048}
          value={url}
          onChange={(event) => setUrl(event.target.value)}
          placeholder="https://app.example.com/hooks/lectern"
          autoFocus
        />
        <Field
          label="Description"
          maxLength={256}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
          hint="For you; may stay empty."
        />
        <fieldset className="grid gap-1.5">
          <legend className="mb-1.5 text-sm font-medium">What it hears of</legend>
          {GROUPS.map(([topic, label]) => (
            <label key={topic} className="flex items-start gap-2 text-sm">
              <input
                type="checkbox"
                checked={topics.includes(topic)}
                onChange={({ target }) => setTopics(target.checked ? [...topics, topic] : topics.filter((one) => one !== topic))}
                className="mt-0.5 accent-accent"
              />
              {label}
            </label>
          ))}
          <p className="text-xs text-stone-500 dark:text-stone-400">With none chosen it hears of everything.</p>
        </fieldset>
        <Problem error={create.error} />
        <Button look="primary" type="submit" disabled={create.isPending || url.trim() === ""}>
          Create webhook
        </Button>
      </form>
    </Dialog>
  );
}
