import { isIP } from 'node:net';

/**
 * Whether a request with this Host header may be answered. A page of somebody else's can have its own name lead here
 * (DNS rebinding), and would then read what it is given; what it cannot have is an address or a name without a dot. So
 * such hosts are answered, and of the other names those that are `allowed`: a whole name, or `*.` and a domain. Without
 * the header, which every browser sends, it is a probe.
 */
export function isHostAllowed(header: string | undefined, allowed: readonly string[]): boolean {
  if (header === undefined || header === '') return true;
  const host = hostOf(header);
  if (host === undefined) return false;
  if (isIP(host) !== 0 || !host.includes('.') || host.endsWith('.localhost')) return true;
  return allowed.some((name) => {
    const lower = name.toLowerCase();
    return lower.startsWith('*.') ? host.endsWith(lower.slice(1)) : host === lower;
  });
}

/** In lower case, without the port and the brackets of an IPv6 address; undefined for what is no host. */
function hostOf(header: string): string | undefined {
  const [, ipv6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:@/\s]+))(?::\d+)?$/i.exec(header) ?? [];
  return (ipv6 ?? name)?.toLowerCase().replace(/\.$/, '');
}
