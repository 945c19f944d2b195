// Light or dark: as the system has it, until somebody says otherwise.
import { useState } from "react";

export type Theme = "system" | "light" | "dark";

const KEPT = "patchbay-theme";

function kept(): Theme {
  const theme = localStorage.getItem(KEPT);
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** Before anything is drawn. */
export function applyTheme(theme: Theme = kept()) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(kept);
  return [
    theme,
    (next) => {
      localStorage.setItem(KEPT, next);
      applyTheme(next);
      setTheme(next);
    },
  ];
}
