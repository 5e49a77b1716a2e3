import type { YAMLError } from 'yaml';

/**
 * What a YAML syntax error means, in our own words: the parser's texts may repeat a piece of the file, and that piece
 * may be a password.
 */
export function syntaxText({ code, pos }: YAMLError, source: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab is used to indent: YAML allows spaces only';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here: the file holds one, remove the line --- or ...';
    case 'BAD_SCALAR_START':
      return `a value cannot begin with ${source.charAt(pos[0])}: put it in quotes`;
    case 'BAD_ALIAS':
      return "a value that begins with * is an alias in YAML: put a pattern in quotes, such as '*.*'";
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a second `: ` in one line: put the value in quotes, or move what follows to lines of its own';
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a line without the colon and space between key and value';
    case 'BAD_INDENT':
      return 'the indentation does not fit, or a bracket above is not closed: all keys of one mapping begin in the same column';
    case 'MISSING_CHAR':
      return 'something is missing here: a closing quote or bracket, or the colon and space after a key';
    case 'BAD_DQ_ESCAPE':
      return 'an escape that YAML does not know: inside double quotes write \\\\ for a backslash, or use single quotes';
    case 'UNEXPECTED_TOKEN':
      return 'this does not belong here: a value with special characters is put in quotes';
    case 'TAG_RESOLVE_FAILED':
      return 'a value that begins with ! is a tag in YAML: put it in quotes';
    default:
      return `the file is not valid YAML (${code})`;
  }
}
