/**
 * A module bundled into the text of one script, for a thread that has no files to import
 * (inline-script.ts in the root builds it).
 */
declare module "*?script" {
  const script: string;
  export default script;
}
