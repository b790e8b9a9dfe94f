import "./styles.css";
import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { admin, queries } from "./api.ts";
import { Problem } from "./parts/controls.tsx";
import { Shell } from "./parts/shell.tsx";
import { Document } from "./pages/document.tsx";
import { Documents } from "./pages/documents.tsx";
import { Keys } from "./pages/keys.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { Usage } from "./pages/usage.tsx";
import { SignedIn } from "./session.tsx";

const rootRoute = createRootRoute({ component: Shell });
const routeTree = rootRoute.addChildren([
  createRoute({ getParentRoute: () => rootRoute, path: "/", component: Documents }),
  createRoute({ getParentRoute: () => rootRoute, path: "/documents/$documentId", component: Document }),
  createRoute({ getParentRoute: () => rootRoute, path: "/keys", component: Keys }),
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
