// The page's own elements, which index.html holds.

/** The element with this id. */
export const find = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;
