/** Numbers from 0 up to 1, injected so that a test knows them. */
export const systemRandom = (): number => Math.random();
