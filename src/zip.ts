// Zip archives, in and out: the door through which fflate comes in.

export { Inflate, zipSync } from "fflate";
