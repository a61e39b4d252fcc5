/** The service's URLs and the page's settings. In a deployment each function has its own URL: set them here. */

export const endpoints = Object.freeze({
  start: "/chat/start",
  stop: "/chat/stop",
  stream: "/chat/stream",
  history: "/chat/history",
  models: "/chat/models",
  /** Local stack only: issues a token for any name. A product uses its login service instead (`identity.js`). */
  token: "/local/token",
});

/** Messages in one page of history; the service's limit is 200. */
export const HISTORY_PAGE = 200;

/** Answers followed concurrently. Over HTTP/1.1 a browser opens 6 connections to a host, across all its tabs. */
export const MAX_FOLLOWED = 3;

/** Milliseconds a session waits for its stream, from its prompt's `createdAt` to its `expiresAt` (the service's SESSION_SECONDS). */
export const SESSION_WAITS_MS = 600_000;

/** Maximum milliseconds of a generation: Lambda's maximum timeout. */
export const LONGEST_STREAM_MS = 900_000;

/**
 * Milliseconds after `expiresAt` during which the page still tries to attach. A stream that started in time accepts
 * attaches until 1,500 s after its start; the stream token is valid for as long.
 */
export const RUN_OUTLIVES_EXPIRY_MS = 1_500_000;

/**
 * Milliseconds between two attempts to connect: the first delay, unless the stream sets one (`retry:`), and the maximum.
 * The delay doubles with each attempt without news.
 */
export const RECONNECT = Object.freeze({ firstMs: 1000, longestMs: 30_000 });

/** Minimum of the first delay, whatever the service requests: a delay of 0 would be a busy loop. */
export const LEAST_WAIT_MS = 250;

/** Milliseconds of silence after which a connection counts as dead: the service sends a ping every 15 s. */
export const SILENCE_MS = 45_000;

/** Retries of a prompt after a temporary refusal, and the maximum delay. */
export const RESEND = Object.freeze({ times: 4, firstMs: 1000, longestMs: 65_000 });

/** Milliseconds from the end of an answer until its slot is free for the user's next answer. */
export const SLOT_FREED_MS = 1000;

/** Milliseconds between two saves of a growing answer to the browser's storage. */
export const SAVE_EVERY_MS = 500;

export const FIRST_VISIT = Object.freeze({ user: "alice", tier: "PRO" });

export const SUGGESTIONS = Object.freeze([
  "What is artificial intelligence?",
  "Write a Python function that finds the most common words in a text",
  "Compare Server-Sent Events and WebSockets in a table",
  "/help",
]);
