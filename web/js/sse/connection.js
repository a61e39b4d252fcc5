/** Reads one connection to a stream with fetch until it ends, and reports why it ended. */

import { SILENCE_MS } from "../config.js";
import { ApiError, request } from "../service/http.js";
import { EventParser } from "./parser.js";

/**
 * @typedef {object} End why a connection ended or failed
 * @property {string} code the service's, `http_<status>`, or `dropped`, `unreachable`, `not_a_stream`, `nothing_left`
 * @property {string} [message] the service's
 * @property {boolean} [refusal] the service sent it as an `error` event
 * @property {boolean} again another attempt may help
 * @property {number | null} retryAfterMs the delay before that, as requested by the service
 *
 * @typedef {object} Reader
 * @property {() => void} opened the stream is open
 * @property {(event: any, id: number) => End | undefined} onEvent an event and the last id; returning an `End` closes the stream
 * @property {(ms: number) => void} onRetry the reconnect delay that the stream requests
 */

/** Statuses below 500 that may succeed on a retry. */
const PASSING = new Set([408, 425, 429]);

/** @type {End} */
const DROPPED = { code: "dropped", again: true, retryAfterMs: null };
/** @type {End} Status 204: the client has received everything. */
const NOTHING_LEFT = { code: "nothing_left", again: false, retryAfterMs: null };
/** @type {End} */
const NOT_A_STREAM = { code: "not_a_stream", again: true, retryAfterMs: null };

/**
 * @param {string} url
 * @param {{headers: Record<string, string>, signal: AbortSignal, reader: Reader}} options
 * @returns {Promise<End>}
 */
export async function readStream(url, { headers, signal, reader }) {
  const here = new AbortController();
  try {
    const options = {
      headers: { accept: "text/event-stream", ...headers },
      cache: /** @type {const} */ ("no-store"),
      signal: AbortSignal.any([signal, here.signal]),
    };
    const response = await orSilence(request(url, options));
    if (!response) return DROPPED;
    if (response.status === 204) return NOTHING_LEFT;
    if (!response.body || !isStream(response)) return NOT_A_STREAM;
    reader.opened();
    return await readEvents(response.body, reader);
  } catch (error) {
    return endOf(error);
  } finally {
    here.abort();
  }
}

/** Converts a failed request to an `End`. @param {unknown} error @returns {End} */
export function endOf(error) {
  if (!(error instanceof ApiError)) return DROPPED;
  const { code, message, status, retryAfterMs } = error;
  return { code, message, again: status === 0 || status >= 500 || PASSING.has(status), retryAfterMs };
}

/** @param {ReadableStream<Uint8Array>} body @param {Reader} reader @returns {Promise<End>} */
async function readEvents(body, reader) {
  const chunks = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  while (true) {
    const chunk = await orSilence(chunks.read());
    if (!chunk || chunk.done) return DROPPED;
    for (const { data, lastEventId } of parser.feed(decoder.decode(chunk.value, { stream: true }))) {
      const event = parse(data);
      const end = event && reader.onEvent(event, Number(lastEventId) || 0);
      if (end) return end;
    }
    if (parser.retryMs !== null) reader.onRetry(parser.retryMs);
  }
}

/** @template T @param {Promise<T>} arrival @returns {Promise<T | null>} null after SILENCE_MS */
async function orSilence(arrival) {
  let timer = 0;
  const silence = new Promise((/** @type {(none: null) => void} */ resolve) => (timer = setTimeout(resolve, SILENCE_MS, null)));
  try {
    return await Promise.race([arrival, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param {Response} response */
function isStream({ headers }) {
  return /^text\/event-stream\s*(;|$)/i.test(headers.get("content-type") ?? "");
}

/** @param {string} data @returns {any} the event, or null if it is malformed */
function parse(data) {
  try {
    const event = JSON.parse(data);
    return typeof event?.type === "string" ? event : null;
  } catch {
    return null;
  }
}
