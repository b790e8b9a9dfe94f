/** Frame of every signed-in page: navigation, the chosen application, who is signed in. */
import { Link, Outlet } from "@tanstack/react-router";
import { useMutation } from "@tanstack/react-query";
import { ChartNoAxesColumn, FileKey, FileText, KeyRound, LogOut, Plus, ScrollText, Users, Webhook } from "lucide-react";
import { type ReactNode, type SyntheticEvent, useState } from "react";
import { admin, queries } from "../api.ts";
import { useChosen } from "../session.tsx";
import { Button, Field, Problem } from "./controls.tsx";
import { Dialog } from "./dialog.tsx";

const PLACES = [
  { to: "/", label: "Documents", icon: FileText },
  { to: "/keys", label: "API keys", icon: KeyRound },
  { to: "/signing-keys", label: "Signing keys", icon: FileKey },
  { to: "/sessions", label: "Sessions", icon: Users },
  { to: "/webhooks", label: "Webhooks", icon: Webhook },
  { to: "/audit", label: "Audit", icon: ScrollText },
  { to: "/usage", label: "Usage", icon: ChartNoAxesColumn },
] as const;

export function Shell() {
  const { account, applications, application, choose } = useChosen();
  const [adding, setAdding] = useState(false);
  const signOut = useMutation({ mutationFn: () => admin.accounts.signOut({}), onSuccess: () => queries.resetQueries() });
  return (
    <div className="flex min-h-full flex-col md:flex-row">
      <nav
        aria-label="Main"
        className="flex shrink-0 flex-wrap items-center gap-1 border-b border-stone-200 bg-white p-3 md:sticky md:top-0 md:h-dvh md:w-60 md:flex-col md:flex-nowrap md:items-stretch md:border-r md:border-b-0 md:p-4 dark:border-stone-800 dark:bg-stone-900"
      >
        <Link to="/" className="mr-2 flex items-center gap-2.5 rounded-lg px-1 py-1 md:mb-5">
          <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" className="size-7" />
          <span className="text-base font-semibold tracking-tight">Lectern</span>
        </Link>
        <div className="flex items-center gap-1 md:mb-4">
          <select
            aria-label="Application"
            value={application.id}
            onChange={(event) => choose(event.target.value)}
            className="h-9 min-w-0 flex-1 rounded-lg border border-stone-200 bg-white px-2.5 text-sm dark:border-stone-700 dark:bg-stone-900"
          >
            {applications.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
          <Button look="quiet" className="w-9 px-0" aria-label="New application" title="New application" onClick={() => setAdding(true)}>
            <Plus size={16} aria-hidden />
          </Button>
        </div>
        {PLACES.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: true }}
            className="flex h-9 items-center gap-2.5 rounded-lg px-2.5 text-sm font-medium text-stone-600 hover:bg-stone-100 data-[status=active]:bg-indigo-50 data-[status=active]:text-accent dark:text-stone-300 dark:hover:bg-stone-800 dark:data-[status=active]:bg-indigo-950 dark:data-[status=active]:text-indigo-200"
          >
            <Icon size={17} aria-hidden />
            {label}
          </Link>
        ))}
        <div className="ml-auto flex items-center gap-2 md:mt-auto md:ml-0">
          <span className="hidden min-w-0 flex-1 truncate px-1 text-xs text-stone-500 dark:text-stone-400 md:block" title={account.email}>
            {account.email}
          </span>
          <Button look="quiet" className="w-9 px-0" aria-label="Sign out" title="Sign out" onClick={() => signOut.mutate()}>
            <LogOut size={16} aria-hidden />
          </Button>
        </div>
      </nav>
      <main className="min-w-0 flex-1">
        <Outlet />
      </main>
      <NewApplication open={adding} onClose={() => setAdding(false)} onMade={choose} />
    </div>
  );
}

function NewApplication({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (id: string) => void }) {
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => admin.accounts.createApplication({ name: name.trim() }),
    onSuccess: async ({ data }) => {
      await queries.invalidateQueries({ queryKey: ["applications"] });
      onMade(data.id);
      setName("");
      onClose();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog open={open} onClose={onClose} title="New application">
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
          maxLength={256}
          autoFocus
          hint="Documents, keys and usage of one application are kept apart from all others."
        />
        <Problem error={create.error} />
        <Button look="primary" type="submit" disabled={create.isPending || name.trim() === ""}>
          Create application
        </Button>
      </form>
    </Dialog>
  );
}

export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className="flex flex-wrap items-center justify-between gap-3 px-6 pt-8 pb-5 md:px-10">
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      <div className="flex items-center gap-2">{children}</div>
    </header>
  );
}
