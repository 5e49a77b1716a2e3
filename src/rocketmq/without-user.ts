/**
 * The words of a broker or of the client, without the name of the user: it is configured as a secret. RocketMQ's access
 * control writes it as `User:name` (User.getSubjectKey), a signature as `Credential=name`.
 */
export function withoutUser(text: string): string {
  return text.replace(/\b(User:|Credential=)[^\s,;]+/g, '$1***');
}
