// How a Gram-and-solve kernel is cut among lanes, as its text says.

export interface Shape {
  readonly K: number;
  readonly blocks: number;
  readonly team: number;
  readonly teams: number;
  readonly height: number;
  readonly width: number;
  readonly stage: number;
  readonly slice: number;
  readonly spread: "none" | "diagonal" | "full";
  /** Ratings whose covariances a turn of their loop adds up. */
  readonly spreads: number;
}

/** @throws Error naming the constant that the text lacks. */
export function shapeOf(kernel: string, code: string): Shape {
  const number = (name: string): number => {
    const found = new RegExp(`const ${name} = (\\d+)u;`).exec(code);
    if (!found) throw new Error(`the text of ${kernel} has no constant ${name}: its phases cannot be counted`);
    return Number(found[1]);
  };
  const [K, blocks, team, teams, stage] = ["K", "BLOCKS", "TEAM", "TEAMS", "STAGE"].map(number);
  const [height, width, slice, carried] = ["HEIGHT", "WIDTH", "SLICE", "SPREAD"].map(number);
  const spread = carried === 0 ? "none" : carried === blocks + 1 ? "diagonal" : "full";
  const spreads = spread === "full" && code.includes("const SPREADS") ? number("SPREADS") : 1;
  return { K, blocks, team, teams, height, width, stage, slice, spread, spreads };
}

/** What is known of a team's lanes, by wave of a workgroup. */
export function wavesOf<T>({ team, teams }: Shape, lanes: number, of: (lane: number) => T): T[][] {
  const waves: T[][] = [];
  for (let lane = 0; lane < team * teams; lane++) (waves[Math.floor(lane / lanes)] ??= []).push(of(lane % team));
  return waves;
}
