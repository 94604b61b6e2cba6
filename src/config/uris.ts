import { z } from 'zod'

const HTTPS_OR_LOOPBACK = /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)(?=[:/?]|$))[^\s@#\\]+$/

const itemsOf = (text: string): string[] => text.split(/[\s,]+/).filter((one) => one !== '')

/** A variable that lists addresses, separated by spaces or commas: https, or http to this machine; no fragment. */
export const addresses = z
  .string()
  .transform(itemsOf)
  .refine(
    (items) => items.every((one) => HTTPS_OR_LOOPBACK.test(one) && URL.canParse(one)),
    'must be https addresses without a fragment, separated by spaces',
  )

/** A variable that lists URIs of resource servers (RFC 8707 §2: absolute, no fragment). */
export const resourceUris = z
  .string()
  .transform(itemsOf)
  .refine(
    (items) => items.every((one) => /^[a-z][a-z0-9+.-]*:[^\s#]+$/i.test(one)),
    'must be absolute URIs without a fragment, separated by spaces',
  )
