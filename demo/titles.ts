// Titles where there is little room for them.

const LONGEST = 30;

const withoutYear = (title: string): string => title.replace(/ \(\d{4}\)$/, "");

/** Without its year; of a long title in a series the part's own name: "The Two Towers". */
export function shortened(title: string): string {
  const plain = withoutYear(title);
  const [, part] = /^.{8,}?: (.{6,})$/.exec(plain) ?? [];
  const name = plain.length > LONGEST && part ? part : plain;
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}

/** A star of radius 11 around (12, 12). */
export const STAR = "M12 1.6l3.2 6.7 7.2 1-5.3 5.1 1.3 7.3L12 18.2l-6.4 3.5 1.3-7.3-5.3-5.1 7.2-1z";
