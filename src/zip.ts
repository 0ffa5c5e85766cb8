// Zip archives, in and out: the door through which fflate comes in.

export { Unzip, UnzipInflate, zipSync } from "fflate";
