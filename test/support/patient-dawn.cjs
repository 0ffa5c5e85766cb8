// Makes Dawn wait patiently. While anything is under way on a device, Dawn asks for its end in a loop of
// setImmediate, which takes a whole processor core. A software driver compiles and computes on the same cores: on
// two of them it is done in half the time when Dawn asks once a millisecond. software-driver.ts has it loaded by
// every process that the tests start.

"use strict";

const PAUSE_MS = 1;
const immediate = globalThis.setImmediate;

/** Dawn's callbacks are the only ones that are native functions without a name. */
const isDawns = (callback) => callback?.name === "" && Function.prototype.toString.call(callback).includes("[native code]");

globalThis.setImmediate = Object.assign(function setImmediate(callback, ...given) {
  return isDawns(callback) ? setTimeout(() => callback(), PAUSE_MS) : immediate(callback, ...given);
}, immediate);
