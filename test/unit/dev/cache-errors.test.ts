/** dev/servers/cache-errors.ts. */
import { expect, test } from 'vitest';
import { fillingFailed } from '../../../dev/servers/cache-errors.ts';

test.each([
  ["ENOSPC: no space left on device, mkdir '/c/x'", /The disk is full.*BINLOG_RELAY_SERVERS_CACHE/],
  ["apt-get download failed: E: You don't have enough free space in /c/debs/", /The disk is full/],
  ["EACCES: permission denied, mkdir '/c'", /may not write there \(\/c\).*BINLOG_RELAY_SERVERS_CACHE/],
  ["EROFS: read-only file system, mkdir '/c'", /may not write there/],
  ["apt-get update failed: E: Failed to fetch http://m/ Could not resolve 'm'", /http_proxy.*settings\.xml/],
])('what cannot be brought says what to do: %s', (why, remedy) => {
  const { message } = fillingFailed('mysql-9.7', '/c', new Error(why));
  expect(message).toContain(`mysql-9.7 could not be brought: ${why}`);
  expect(message).toMatch(remedy);
});
