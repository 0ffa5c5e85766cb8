// Starts the page, and says so when it does not start: whatever fails in its other modules fails after this one is
// there.

import { isolate, keepForOffline } from "./isolation.js";
import { badge, find } from "./page.js";
import { themeToggle } from "./theme.js";

/** A browser without a locale has a language that is none ("en-US@posix"), and uPlot throws at it when it is loaded. */
function nameLanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en" });
  }
}

async function start(): Promise<void> {
  badge("Looking for a GPU…");
  let redraw = (): void => {};
  themeToggle(find("theme"), () => redraw());
  const threads = await isolate();
  // The page comes anew with its threads, and begins there.
  if (threads === "reloading") return;
  nameLanguage();
  const { openPage } = await import("./main.js");
  redraw = await openPage(threads);
  keepForOffline();
}

start().catch((error: unknown) => badge(`This page could not start: ${error instanceof Error ? error.message : String(error)}`, "none"));
