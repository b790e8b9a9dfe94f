import "./styles.css";
import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { admin, queries } from "./api.ts";
import { Problem } from "./parts/controls.tsx";
import { Shell } from "./parts/shell.tsx";
import { Document } from "./pages/document.tsx";
import { Audit } from "./pages/audit.tsx";
import { Documents } from "./pages/documents.tsx";
import { Keys } from "./pages/keys.tsx";
import { Sessions } from "./pages/sessions.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { SigningKeys } from "./pages/signing-keys.tsx";
import { Usage } from "./pages/usage.tsx";
import { WebhookPage } from "./pages/webhook.tsx";
import { Webhooks } from "./pages/webhooks.tsx";
import { SignedIn } from "./session.tsx";

const rootRoute = createRootRoute({ component: Shell });
const routeTree = rootRoute.addChildren([
  createRoute({ getParentRoute: () => rootRoute, path: "/", component: Documents }),
  createRoute({ getParentRoute: () => rootRoute, path: "/documents/$documentId", component: Document }),
  createRoute({ getParentRoute: () => rootRoute, path: "/keys", component: Keys }),
  createRoute({ getParentRoute: () => rootRoute, path: "/signing-keys", component: SigningKeys }),
  createRoute({ getParentRoute: () => rootRoute, path: "/sessions", component: Sessions }),
  createRoute({ getParentRoute: () => rootRoute, path: "/webhooks", component: Webhooks }),
  createRoute({ getParentRoute: () => rootRoute, path: "/webhooks/$webhookId", component: WebhookPage }),
  createRoute({ getParentRoute: () => rootRoute, path: "/audit", component: Audit }),
  createRoute({ getParentRoute: () => rootRoute, path: "/usage", component: Usage }),
]);
const router = createRouter({ routeTree, basepath: "/dashboard" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function App() {
  const me = useQuery({ queryKey: ["me"], queryFn: () => admin.accounts.me({}) });
  if (me.error !== null)
    return (
      <div className="p-8">
        <Problem error={me.error} />
      </div>
    );
  if (me.data === undefined) return null;
  const { account, needsSetup } = me.data;
  if (account === null) return <SignIn needsSetup={needsSetup} />;
  return (
    <SignedIn account={account} empty={null}>
      <RouterProvider router={router} />
    </SignedIn>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
