/** One session's stream, read with the browser's own EventSource. */

import { endpoints } from "../config.js";

/**
 * @typedef {import("../types.js").DoneEvent} DoneEvent
 * @typedef {import("../types.js").ErrorEvent} ErrorEvent
 * @typedef {{sessionId: string, streamToken: string, lastEventId: number}} Address
 *
 * @typedef {object} Listener
 * @property {() => void} opened connected, for the first time or again
 * @property {() => void} dropped the connection is gone; the browser is making a new one
 * @property {(id: number) => void} typing
 * @property {(id: number, content: string) => void} token
 * @property {(id: number, event: DoneEvent) => void} done the last call
 * @property {(id: number, event: ErrorEvent) => void} error the last call; a refusal has no id of its own, only that of the event before, or 0
 * @property {() => void} lost the last call: the stream ended, and the browser will not connect again
 */

/**
 * Opens the stream. EventSource sends no headers: the session's own token goes in the query, and so does the id of the
 * last event seen. When the connection drops the browser connects again by itself with `Last-Event-ID`.
 *
 * @param {Address} address
 * @param {Listener} listener
 * @returns {() => void} closes it
 */
export function openStream({ sessionId, streamToken, lastEventId }, listener) {
  const query = new URLSearchParams({ sessionId, streamToken });
  if (lastEventId > 0) query.set("lastEventId", String(lastEventId));
  const source = new EventSource(`${endpoints.stream}?${query}`);

  source.onopen = () => listener.opened();
  source.onerror = () => (source.readyState === EventSource.CLOSED ? listener.lost() : listener.dropped());
  source.onmessage = ({ data, lastEventId: id }) => {
    const event = parse(data);
    // A stream that has ended must be closed: EventSource takes the end of the response for a dropped connection.
    if (!event || event.type === "done" || event.type === "error") source.close();
    if (!event) listener.lost();
    else if (event.type === "typing") listener.typing(Number(id));
    else if (event.type === "token") listener.token(Number(id), event.content);
    else if (event.type === "done") listener.done(Number(id), event);
    else if (event.type === "error") listener.error(Number(id), event);
    // Any other type is of a later version of the service: passed over.
  };
  return () => source.close();
}

/** @param {string} data @returns {any} the event, or null if it is none */
function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
