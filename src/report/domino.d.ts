// What is used of domino, whose own declarations go by its former name.

declare module "@mixmark-io/domino" {
  const domino: { createDocument(html: string, force: boolean): Document };
  export default domino;
}
