// The HTTP side of `tastespace serve`: requests to questions, answers and errors to JSON. It opens no port and no file.

import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { version } from "../../package.json";
import { type ErrorCode, OptionsError, TastespaceError, UnknownIdError } from "../errors.js";
import { checkOptions } from "../options.js";
import { grouped } from "../shown.js";
import { QUESTIONS } from "./http-answers.js";
import { askedInAddress, askedInBody } from "./http-questions.js";
import type { WatchedModel } from "./served-model.js";

const MAX_BODY_BYTES = 2 ** 20;

/** Statuses of errors that a request can bring about; all others are 500. */
export const STATUS: { readonly [code in ErrorCode]?: 400 | 404 | 422 } = {
  options: 400,
  ratings: 400,
  "unknown-id": 404,
  "not-positive-definite": 422,
};

type Served = Pick<WatchedModel, "served" | "refused" | "path">;

/** Paths that ask the model nothing, and take no parameters. */
const UNASKED: { readonly [path: string]: (watched: Served) => object } = {
  "/": () => ({ tastespace: version, paths: Object.fromEntries([...paths()].map(([path, names]) => [path, [...names]])) }),
  "/health": health,
};

/** @param onFault is told of an error that is no request's fault. */
export function httpApp(watched: Served, onFault: (error: unknown) => void): Hono {
  const app = new Hono();
  /** Requests whose body has come. */
  const whole = new WeakSet<Context>();
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) => context.json(body(new OptionsError(`the body has more than ${grouped(MAX_BODY_BYTES)} bytes`)), 413),
    }),
  );
  for (const [path, answer] of Object.entries(UNASKED))
    app.get(path, (context) => {
      checkOptions(path, Object.fromEntries(new URL(context.req.url).searchParams), NO_NAMES);
      return context.json(answer(watched));
    });
  for (const [path, { names, answer }] of Object.entries(QUESTIONS)) {
    app.on(["GET", "POST"], path, async (context) => {
      // The model of this moment answers, also when another one is taken up meanwhile.
      const { served } = watched;
      const query = new URL(context.req.url).searchParams;
      const posted = context.req.method === "POST";
      if (posted && query.size > 0)
        throw new OptionsError(`${path}: parameters are in the address and in the body`, { remedy: "give all of them in the body" });
      const text = posted ? await context.req.text() : "";
      whole.add(context);
      const asked = posted ? askedInBody(path, text, names) : askedInAddress(path, query, names);
      return context.json(await answer(served, asked), 200, { "X-Model-Written": served.written.toISOString() });
    });
    app.all(path, (context) =>
      context.json(body(wrongMethod(context.req.method, path, "GET and POST")), 405, { Allow: "GET, HEAD, POST" }),
    );
  }
  for (const path of Object.keys(UNASKED))
    app.all(path, (context) => context.json(body(wrongMethod(context.req.method, path, "GET")), 405, { Allow: "GET, HEAD" }));
  app.notFound((context) => {
    const remedy = `the paths are ${[...paths().keys()].join(", ")}`;
    return context.json(body(new OptionsError(`there is no path ${new URL(context.req.url).pathname}`, { remedy })), 404);
  });
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    const status = error instanceof TastespaceError ? STATUS[error.code] : undefined;
    if (status !== undefined) return context.json(body(error as TastespaceError), status);
    // Whoever hangs up in the middle of a body is no fault of ours, and hears no answer.
    if (context.req.method === "POST" && !whole.has(context))
      return context.json(body(new OptionsError("the body ended before all of it had come", { remedy: "send it again, whole" })), 400);
    onFault(error);
    return context.json({ error: { code: "internal", message: "the server failed; its own output says how" } }, 500);
  });
  return app;
}

const NO_NAMES: ReadonlySet<string> = new Set();

const paths = (): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map<string, ReadonlySet<string>>([
    ["/health", NO_NAMES],
    ...Object.entries(QUESTIONS).map(([path, { names }]) => [path, names] as const),
  ]);

const wrongMethod = (method: string, path: string, allowed: string): OptionsError =>
  new OptionsError(`${path} knows no ${method}`, { remedy: `use ${allowed}` });

/** An error as JSON: its code, what is wrong, and what to do. */
function body(error: TastespaceError): object {
  const { code, message, remedy } = error;
  return {
    error: { code, message, ...(remedy !== undefined && { remedy }), ...(error instanceof UnknownIdError && { near: error.near }) },
  };
}

function health({ served: { model, written }, refused, path }: Served): object {
  return {
    status: "ok",
    tastespace: version,
    model: {
      file: path,
      written,
      name: model.model,
      factors: model.hyperparameters.factors,
      users: model.users.size,
      items: model.items.size,
      ratings: model.statistics.ratings,
    },
    ...(refused !== undefined && { refused }),
  };
}
