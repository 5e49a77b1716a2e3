/** What one path is answered. */
export interface Page {
  readonly code: number;
  readonly contentType: string;
  readonly body: string;
}

export const TEXT = 'text/plain; charset=utf-8';

export const jsonPage = (code: number, body: object): Page => ({
  code,
  contentType: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body)}\n`,
});
