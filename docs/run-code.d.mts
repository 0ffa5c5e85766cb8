export interface Program {
  readonly page: string;
  readonly block: string;
  readonly language: string;
  readonly name: string;
  readonly code: string;
  readonly printed: string | undefined;
}
export const PAGES: readonly string[];
export function programsOf(page: string): Program[];
export function projectFolder(): string;
export function runProgram(program: Pick<Program, "name" | "code">, folder: string, env?: Record<string, string>): Promise<string>;
