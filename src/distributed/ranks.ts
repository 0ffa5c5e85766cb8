// The ranks that this process is one of: alone, unless mpirun or the like has started it.

import { checkArguments, type Kind } from "../options.js";
import { Alone, type Communicator } from "./communicator.js";

/** What mpirun, srun and mpiexec tell the processes that they start for MPI. */
const TOLD = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"] as const;

/** Whether something has started this process as one of several that MPI joins. */
export const isStartedForMpi = (env: NodeJS.ProcessEnv = process.env): boolean => TOLD.some((name) => env[name] !== undefined);

const ENVIRONMENT: Kind = { must: "an environment", holds: (value) => typeof value === "object" && value !== null };

/**
 * Joins the others, where there are any; MPI is loaded only then.
 *
 * @param most elements of one message.
 * @throws RanksError
 */
export async function joinRanks(env: NodeJS.ProcessEnv = process.env, most?: number): Promise<Communicator> {
  checkArguments("joinRanks", { env: [env, ENVIRONMENT] });
  if (!isStartedForMpi(env)) return new Alone();
  const { joinMpi } = await import("./mpi.js");
  return await joinMpi(env, most);
}
