/** Who is signed in and which application is chosen. */
import type { LecternClient } from "@lectern/client";
import type { Account, Application } from "@lectern/protocol";
import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { admin, inApplication } from "./api.ts";

interface Chosen {
  readonly account: Account;
  readonly applications: readonly Application[];
  readonly application: Application;
  readonly client: LecternClient;
  readonly choose: (applicationId: string) => void;
}

const Context = createContext<Chosen | null>(null);
const KEY = "lectern.application";

export function useChosen(): Chosen {
  const chosen = useContext(Context);
  if (chosen === null) throw new Error("used outside of a signed-in page");
  return chosen;
}

export function SignedIn({ account, children, empty }: { account: Account; children: ReactNode; empty: ReactNode }) {
  const [wanted, setWanted] = useState(() => localStorage.getItem(KEY));
  const { data } = useQuery({ queryKey: ["applications"], queryFn: () => admin.accounts.applications({}) });
  const applications = data?.data;
  const application = applications?.find((one) => one.id === wanted) ?? applications?.[0];
  const chosen = useMemo<Chosen | null>(
    () =>
      application === undefined || applications === undefined
        ? null
        : {
            account,
            applications,
            application,
            client: inApplication(application.id),
            choose: (id) => {
              localStorage.setItem(KEY, id);
              setWanted(id);
            },
          },
    [account, applications, application],
  );
  return chosen === null ? empty : <Context.Provider value={chosen}>{children}</Context.Provider>;
}
