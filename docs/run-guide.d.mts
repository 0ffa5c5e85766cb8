export function commandsOf(markdown: string): string[];
export function runCommand(line: string, folder: string): string;
export function figuresShown(folder: string): string[];
