/** Wraps fetch: every failure becomes an `ApiError` whose message is a sentence for the user. */

import { retryAfterMs, secondsAsMs } from "./backoff.js";
import { duration, sentenceOf } from "../sentences.js";

/** A failed request: a problem document (RFC 9457), or no response (code `unreachable`). */
export class ApiError extends Error {
  /** @param {string} message @param {{code: string, status: number, retryAfterMs?: number | null, fields?: string[]}} facts */
  constructor(message, { code, status, retryAfterMs = null, fields = [] }) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    /** The delay before a retry that the service requests. */
    this.retryAfterMs = retryAfterMs;
    /** The invalid fields of the request. */
    this.fields = fields;
  }
}

/**
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<Response>} a response of status 2xx
 * @throws {ApiError}
 */
export async function request(url, options) {
  let response;
  options?.signal?.throwIfAborted();
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    const code = navigator.onLine ? "unreachable" : "offline";
    throw new ApiError(`${sentenceOf(code)} Check the connection and try again.`, { code, status: 0 });
  }
  if (!response.ok) throw await problem(response);
  return response;
}

/** The sentence to show for any error. @param {unknown} error */
export function sentence(error) {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return "Something went wrong on this page. Reload it and try again.";
  }
  const { message, retryAfterMs } = error;
  return retryAfterMs === null ? message : `${message} Try again in ${duration(retryAfterMs)}.`;
}

/** @param {Response} response */
async function problem(response) {
  const { status, headers } = response;
  const document = await response.json().catch(() => ({}));
  /** @type {{field: string, message: string}[]} */
  const errors = document.errors ?? [];
  const code = document.code ?? `http_${status}`;
  const detail = sentenceOf(code, document.detail ?? document.title);
  return new ApiError([detail, ...errors.map(({ field, message }) => `${field}: ${message}`)].join(" "), {
    code,
    status,
    retryAfterMs: secondsAsMs(document.retryAfterSeconds) ?? retryAfterMs(headers.get("retry-after"), Date.now()),
    fields: errors.map(({ field }) => field),
  });
}
