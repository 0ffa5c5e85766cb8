// The checksum of zip archives: CRC-32 of IEEE 802.3, its polynomial reversed.

const POLYNOMIAL = 0xedb88320;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  return remainder;
});

export class Crc32 {
  #remainder = 0xffffffff;

  add(bytes: Uint8Array): void {
    let remainder = this.#remainder;
    for (let at = 0; at < bytes.length; at++) remainder = TABLE[(remainder ^ bytes[at]) & 0xff] ^ (remainder >>> 8);
    this.#remainder = remainder;
  }

  get value(): number {
    return ~this.#remainder >>> 0;
  }
}
