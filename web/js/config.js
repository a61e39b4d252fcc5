/** Where the service is and how this page behaves. Deployed, each function has a URL of its own: put them here. */

export const endpoints = Object.freeze({
  start: "/chat/start",
  stop: "/chat/stop",
  stream: "/chat/stream",
  history: "/chat/history",
  models: "/chat/models",
  /** The local stack's own: a token for any name. A product asks its login service instead (`identity.js`). */
  token: "/local/token",
});

/** Messages in one page of history; the service's limit is 200. */
export const HISTORY_PAGE = 200;

/** Answers followed at the same time. Over HTTP/1.1 a browser opens 6 connections to a host, in all its tabs together. */
export const MAX_FOLLOWED = 3;

/** Milliseconds a session waits for its stream, from its prompt's `createdAt` to its `expiresAt` (the service's SESSION_SECONDS). */
export const SESSION_WAITS_MS = 600_000;

/** Milliseconds a generation takes at most: what Lambda allows a function. */
export const LONGEST_STREAM_MS = 900_000;

/**
 * Milliseconds after its `expiresAt` for which a session is still asked for. One whose stream began in time goes on, and
 * can be attached to for up to 1,500 s after it began; its stream token lives as long.
 */
export const RUN_OUTLIVES_EXPIRY_MS = 1_500_000;

/**
 * Milliseconds between two attempts to connect: the first wait, unless the stream itself names one (`retry:`), doubled
 * with each attempt that brought nothing new, and the longest.
 */
export const RECONNECT = Object.freeze({ firstMs: 1000, longestMs: 30_000 });

/** The shortest first wait, whatever the service asks for: a wait of 0 would be a loop. */
export const LEAST_WAIT_MS = 250;

/** Milliseconds of silence after which a connection is taken for dead: the service writes something every 15 s. */
export const SILENCE_MS = 45_000;

/** How often a prompt that was refused for the moment is sent again, and the longest wait before it is. */
export const RESEND = Object.freeze({ times: 4, firstMs: 1000, longestMs: 65_000 });

/** Milliseconds from the end of an answer until the service lets the next one of the same user begin. */
export const SLOT_FREED_MS = 1000;

/** Milliseconds between two copies of a growing answer in the browser's storage. */
export const SAVE_EVERY_MS = 500;

export const FIRST_VISIT = Object.freeze({ user: "alice", tier: "PRO" });

export const SUGGESTIONS = Object.freeze([
  "What is artificial intelligence?",
  "Write a Python function that finds the most common words in a text",
  "Compare Server-Sent Events and WebSockets in a table",
  "/help",
]);
