/** A packed integer of one byte, or of three: 252 and two more. */
export const packedAt = (b: Buffer, p: number): number => {
  const first = b.readUInt8(p);
  return first === 252 ? b.readUInt16LE(p + 1) : first;
};

export const packedBytes = (b: Buffer, p: number): number => (b.readUInt8(p) === 252 ? 3 : 1);
