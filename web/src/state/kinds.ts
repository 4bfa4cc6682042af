/** The numbers of the protocol that screens have to tell apart. */
export {
  ChatKind,
  ErrorCode,
  NAME_CHARS_MAX,
  REASON_CHARS_MAX,
  Role,
  RowKind,
  TEXT_CHARS_MAX,
  TITLE_CHARS_MAX,
} from "../protocol/codes.gen";

/** Reasons for a report in the order in which they are offered. */
export const REPORT_REASONS = [1, 2, 3, 4, 0] as const;

/** Beside the ErrorCodes: no answer, because there is no connection. */
export const NO_CONNECTION = -1;
