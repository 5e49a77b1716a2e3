import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { SslOptions } from 'mysql2';
import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';

/** How a connection to MySQL is encrypted, as the configuration has it. */
export interface TlsSettings {
  readonly mode: 'disabled' | 'preferred' | 'required' | 'verify-ca' | 'verify-identity';
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Where the settings stand, for errors. */
export interface TlsPlace {
  /** `source` of `source.tls.ca`. */
  readonly section: string;
  readonly code: Code;
  readonly host: string;
}

/**
 * What mysql2 is given; undefined: plain text. Throws the error of `place` when a file cannot be read, or the mode
 * cannot be kept.
 */
export function tlsOptions(tls: TlsSettings, place: TlsPlace): SslOptions | undefined {
  switch (tls.mode) {
    case 'disabled':
      return undefined;
    case 'preferred':
    case 'required':
      return { ...ownCertificate(tls, place), rejectUnauthorized: false };
    case 'verify-ca':
      return { ...ownCertificate(tls, place), ...authorities(tls, place), rejectUnauthorized: true };
    case 'verify-identity':
      requireName(place);
      return {
        ...ownCertificate(tls, place),
        ...authorities(tls, place),
        rejectUnauthorized: true,
        verifyIdentity: true,
      };
  }
}

/**
 * mysql2 compares the certificate of a server that is reached by its address with the name `localhost`: it would take a
 * wrong one for right.
 */
function requireName({ host, section, code }: TlsPlace): void {
  if (isIP(host.replace(/^\[|\]$/g, '')) === 0) return;
  throw new RelayError(code, `${section}.tls.mode is verify-identity, but ${section}.host is the address ${host}`, {
    remedy: `Set ${section}.host to the name that the certificate was made for, or use verify-ca.`,
  });
}

function ownCertificate({ cert, key }: TlsSettings, place: TlsPlace): SslOptions {
  return {
    ...(cert !== undefined && { cert: readPem('cert', cert, place) }),
    ...(key !== undefined && { key: readPem('key', key, place) }),
  };
}

function authorities({ ca }: TlsSettings, place: TlsPlace): SslOptions {
  return ca === undefined ? {} : { ca: readPem('ca', ca, place) };
}

function readPem(name: 'ca' | 'cert' | 'key', path: string, { section, code }: TlsPlace): string {
  const setting = `${section}.tls.${name}`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new RelayError(code, `${setting}: ${path} cannot be read`, {
      remedy: `Give ${setting} a PEM file that binlog-relay may read.`,
      cause: error,
    });
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new RelayError(code, `${setting}: ${path} is not a PEM file`, {
    remedy: `Give ${setting} a file with a -----BEGIN … block.`,
  });
}
