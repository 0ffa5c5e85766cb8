// Starts the page, and says so when it does not start: whatever fails in its other modules fails after this one is
// there.

import { isolate, keepForOffline } from "./isolation.js";
import { badge, find } from "./page.js";
import { themeToggle } from "./theme.js";

async function start(): Promise<void> {
  badge("Looking for a GPU…");
  let redraw = (): void => {};
  themeToggle(find("theme"), () => redraw());
  const threads = await isolate();
  // The page comes anew with its threads, and begins there.
  if (threads === "reloading") return;
  const { openPage } = await import("./main.js");
  redraw = await openPage(threads);
  keepForOffline();
}

start().catch((error: unknown) => badge(`This page could not start: ${error instanceof Error ? error.message : String(error)}`, "none"));
