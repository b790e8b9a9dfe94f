/** Signing in with e-mail and password, or with the one-time link that the service printed (`#link=…`). */
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { admin, queries } from "../api.ts";
import { Button, Card, Field, Problem } from "../parts/controls.tsx";

/** The link's token stands in the fragment, which is never sent; it is taken out of the address at once. */
function takeLink(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("link");
  if (token !== null) history.replaceState(null, "", location.pathname);
  return token;
}

export function SignIn({ needsSetup }: { needsSetup: boolean }) {
  const [link] = useState(takeLink);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const done = () => queries.resetQueries();
  const signIn = useMutation({ mutationFn: () => admin.accounts.signIn({ email, password }), onSuccess: done });
  const useLink = useMutation({
    mutationFn: () => admin.accounts.useLink({ token: link ?? "", ...(needsSetup ? { email, password } : {}) }),
    onSuccess: done,
  });
  const settingUp = link !== null && needsSetup;
  const byLink = link !== null && !needsSetup;
  const work = link === null ? signIn : useLink;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    work.mutate();
  };
  return (
    <div className="grid min-h-full place-items-center p-6">
      <Card className="w-full max-w-sm p-8 shadow-xl shadow-stone-900/5">
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" className="mb-5 size-11" />
        <h1 className="mb-1 text-xl font-semibold tracking-tight">{settingUp ? "Welcome to Lectern" : "Sign in to Lectern"}</h1>
        <p className="mb-6 text-sm text-stone-500 dark:text-stone-400">
          {settingUp
            ? "Choose how you will sign in from now on."
            : byLink
              ? "This link signs you in once."
              : needsSetup
                ? "Nobody has an account here yet. Open the one-time link that the service printed when it started."
                : "With the account of this installation."}
        </p>
        {(link !== null || !needsSetup) && (
          <form className="grid gap-4" onSubmit={submit}>
            {!byLink && (
              <>
                <Field
                  label="E-mail"
                  type="email"
                  autoComplete="username"
                  required
                  value={email}
                  onChange={(event) => setEmail(event.target.value)}
                  autoFocus
                />
                <Field
                  label="Password"
                  type="password"
                  autoComplete={settingUp ? "new-password" : "current-password"}
                  required
                  minLength={settingUp ? 10 : 1}
                  value={password}
                  onChange={(event) => setPassword(event.target.value)}
                  {...(settingUp ? { hint: "At least 10 characters." } : {})}
                />
              </>
            )}
            <Problem error={work.error} />
            <Button look="primary" type="submit" className="h-10" disabled={work.isPending}>
              {settingUp ? "Create account" : "Sign in"}
            </Button>
          </form>
        )}
      </Card>
    </div>
  );
}
