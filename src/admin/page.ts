/** What one path is answered. */
export interface Page {
  readonly code: number;
  readonly contentType: string;
  readonly body: string;
}

export const jsonPage = (code: number, body: object): Page => ({
  code,
  contentType: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body)}\n`,
});
