// Shapes of what was read as JSON: files of our own that others may have changed,
// checked before anything is made of them.

/** Whether a value has a shape. */
export type Shape = (value: unknown) => boolean;

export const isNumber: Shape = (value) => typeof value === "number" && Number.isFinite(value);
export const isWhole: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const isText: Shape = (value) => typeof value === "string";
export const isFlag: Shape = (value) => typeof value === "boolean";
export const isChoice: Shape = (value) => isNumber(value) || isText(value) || isFlag(value);
export const optional =
  (of: Shape): Shape =>
  (value) =>
    value === undefined || value === null || of(value);
export const oneOf =
  (...texts: readonly string[]): Shape =>
  (value) =>
    texts.includes(value as string);
export const either =
  (...shapes: readonly Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value));
export const listOf =
  (of: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(of);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
export const nullable =
  (of: Shape): Shape =>
  (value) =>
    value === null || of(value);
/** Any names, values of one shape. */
export const recordOf =
  (of: Shape): Shape =>
  (value) =>
    isRecord(value) && Object.values(value).every(of);
/** These names, and whatever else. */
export const object =
  (shapes: { readonly [name: string]: Shape }): Shape =>
  (value) =>
    isRecord(value) && Object.entries(shapes).every(([name, shape]) => shape(value[name]));
