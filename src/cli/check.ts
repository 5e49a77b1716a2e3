import type { Command } from './command.ts';
export const checkCommand: Command = {
  name: 'check',
  summary: 'find everything that would stop a run or make the copy inexact',
  help: '',
  options: { config: { type: 'string' } },
  run: async () => 0,
};
