// Threads share memory on cross-origin isolated pages only.
// Where the host does not send the headers for it, a service worker adds them.

/** Until the service worker is ready; the page goes on without it then. */
const PATIENCE_MS = 4000;
/** In the history's state, which outlives a reload without any storage: this page has reloaded itself. */
const MARK = "isolating";

/**
 * Whether all threads can compute, or why one alone does:
 * the browser has no service worker for us, or the page is in somebody's frame.
 */
export type Threads = "all" | "denied" | "framed";

/**
 * Makes the page isolated as far as it can.
 *
 * @returns "reloading" once, on the first visit: the page is about to come anew.
 */
export async function isolate(): Promise<Threads | "reloading"> {
  const state = history.state as Record<string, unknown> | null;
  if (crossOriginIsolated) {
    if (state?.[MARK]) history.replaceState(null, "");
    return "all";
  }
  if (navigator.hardwareConcurrency === 1) return "all";
  if (window.top !== window) return "framed";
  if (!(await hasServiceWorker()) || state?.[MARK]) return "denied";
  history.replaceState({ ...state, [MARK]: true }, "");
  location.reload();
  return "reloading";
}

/**
 * Has the service worker keep the page's files for visits without a network, also where the host sends the headers
 * itself.
 */
export function keepForOffline(): void {
  const services = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  // Missing on plain http, and denied where cookies are: the page works all the same. A dev server has no such file.
  services?.register("./isolation-worker.js").catch(() => {});
}

/** Whether a service worker now stands between page and host. */
async function hasServiceWorker(): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    // Missing on plain http, and denied where cookies are.
    const services = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!services) return false;
    const ready = services.register("./isolation-worker.js").then(() => services.ready);
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("the service worker did not start in time")), PATIENCE_MS);
    });
    await Promise.race([ready, late]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
