// tastespace similar: the items whose factors point the same way.

import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { load } from "../node.js";
import { addFilterOptions, type FilterFlags, filterOf } from "./item-filter.js";
import { wholeNumber } from "./options.js";
import { listing } from "./recommend.js";
import { dim, print } from "./terminal.js";

export function similarCommand(): Command {
  const command = new Command("similar")
    .description("List the items most like an item.")
    .argument("<model>", "a model file")
    .argument("<item>", "a title or an id")
    .option("-n <count>", "how many", wholeNumber, 10)
    .option("--json <file>", "write the list here");
  return addFilterOptions(command, 10)
    .addHelpText("after", `\nExample:\n  tastespace similar model.safetensors "Toy Story (1995)"`)
    .action(async (path: string, item: string, flags: FilterFlags & { n: number; json?: string }) => {
      const model = await load(path);
      const id = model.findItem(item);
      const list = model.similarItems(id, { n: flags.n, filter: filterOf(model, flags) });
      print(dim(`like ${model.catalogue.title(id)}, among items with at least ${flags.minimumRatings} ratings`));
      print(listing(list));
      if (flags.json) await writeFile(flags.json, `${JSON.stringify(list, null, 2)}\n`);
    });
}
