// The page's own elements, which index.html holds.

/** The element with this id. */
export const find = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;

/** Hands the visitor a file. */
export function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** What the page says at its head of what computes. @param kind of the engine, for its colour. */
export function badge(text: string, kind = ""): void {
  find("device").dataset["kind"] = kind;
  find("device").textContent = text;
}
