// The page's service worker. It adds the headers of a cross-origin isolated page to what the host sends, for hosts that
// cannot send them, and keeps the page's files, so that it works without a network after the first visit. What the
// visitor brings is none of these files: it never passes here.

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface InstallEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}

/**
 * The part of a service worker's scope that is used here:
 * TypeScript's own names of it do not go together with those of a page.
 */
interface ServiceScope {
  skipWaiting(): Promise<void>;
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: InstallEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
}

/** What the build lists: its files, and a name that changes with them. */
interface FileList {
  readonly version: string;
  readonly files: readonly string[];
}

const scope = globalThis as unknown as ServiceScope;
/** Only what runs scripts needs the headers. */
const NEEDY: ReadonlySet<RequestDestination> = new Set(["document", "worker"]);
const STORE = "tastespace-files-";

scope.addEventListener("install", (event) => event.waitUntil(Promise.all([scope.skipWaiting(), keepFiles()])));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope.registration.scope)) return;
  const answer = answered(request);
  event.respondWith(NEEDY.has(request.destination) ? answer.then(isolated) : answer);
});

/**
 * Files with a hash in their names never change: they are taken from the store. All others are, where there is no
 * network.
 */
async function answered(request: Request): Promise<Response> {
  const isFixed = request.url.includes("/assets/");
  if (isFixed) {
    const kept = await stored(request);
    if (kept) return kept;
  }
  try {
    const fresh = await fetch(request);
    // A visit with a network brings a new build into the store.
    if (request.destination === "document") void keepFiles();
    return fresh;
  } catch (error) {
    const kept = await stored(request);
    if (kept) return kept;
    throw error;
  }
}

/** Of a host that says that its answers vary, too: pages ask by other headers than the files were fetched by. */
async function stored(request: Request): Promise<Response | undefined> {
  try {
    return await caches.match(request, { ignoreSearch: true, ignoreVary: true });
  } catch {
    return undefined;
  }
}

/** Fetches all files of the build that the host now serves, and lets those of others go. A dev server lists none. */
async function keepFiles(): Promise<void> {
  try {
    const base = scope.registration.scope;
    const listed = await fetch(`${base}files.json`, { cache: "no-cache" });
    const { version, files } = (await listed.clone().json()) as FileList;
    const name = `${STORE}${version}`;
    const store = await caches.open(name);
    // The list is laid aside last: a store that has it has all files, and one that was cut short is filled anew.
    if (await store.match(listed.url)) return;
    await store.addAll(files.map((file) => new URL(file, base).href));
    await store.put(listed.url, listed);
    for (const other of await caches.keys()) if (other.startsWith(STORE) && other !== name) await caches.delete(other);
  } catch {
    // There is no list, no room or no network: the page works as long as there is one.
  }
}

function isolated(response: Response): Response {
  // Redirects come through without a status that one could give.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

export {};
