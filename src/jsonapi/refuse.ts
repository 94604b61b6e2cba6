import { AppError, atParameter } from '../errors.js'

/** The refusal of a query parameter, which it names. Source: JA-16..21 */
export const refuse = (parameter: string, code: string, detail: string): AppError =>
  new AppError('malformed', { code, detail, source: atParameter(parameter) })
