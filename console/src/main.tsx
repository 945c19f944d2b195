// Where the console begins.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Refused } from "./api/client";
import { Sessions } from "./app/session";
import { Shell } from "./app/shell";
import { applyTheme } from "./app/theme";
import { Toasts } from "./ui/toast";
import "./design/tokens.css";
import "./design/base.css";
import "./ui/button.css";
import "./ui/page.css";
import "./ui/table.css";
import "./ui/field.css";
import "./ui/layers.css";
import "./app/app.css";

applyTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the server refused it would refuse again; what was lost on the way is tried twice more.
      retry: (failures, error) => !(error instanceof Refused && error.status !== 0) && failures < 2,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

const root = document.getElementById("console");
if (root === null) throw new Error("the page has no place for the console");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Sessions>
        <Shell />
      </Sessions>
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
);
