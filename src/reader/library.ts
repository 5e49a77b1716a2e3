/** What `import … from 'binlog-relay/reader'` gives. */
export { RelayError } from '../base/errors.ts';
export { readChanges, readMessages } from './read.ts';
export type {
  Change,
  ChangeMessage,
  CopyMark,
  DeletedRow,
  InsertedRow,
  Place,
  Progress,
  ReaderNotice,
  ReaderOptions,
  Row,
  RowChange,
  Statement,
  UpdatedRow,
} from './reader.ts';
