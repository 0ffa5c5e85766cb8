// A service worker that adds the headers of a cross-origin isolated page to what the host sends,
// for hosts that cannot send them. It keeps nothing: every request goes to the host as it would without it.

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
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: InstallEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
}

const scope = globalThis as unknown as ServiceScope;
/** Only what runs scripts needs the headers. */
const NEEDY: ReadonlySet<RequestDestination> = new Set(["document", "worker"]);

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (event) => {
  if (NEEDY.has(event.request.destination)) event.respondWith(fetch(event.request).then(isolated));
});

function isolated(response: Response): Response {
  // Redirects come through without a status that one could give.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

export {};
