/**
 * The shapes on the wire, and the one shape in which the page shows an answer.
 *
 * @typedef {{inputTokens: number, outputTokens: number}} Usage tokens as the provider counts them
 *
 * @typedef {object} Message one message of `GET /chat/history`
 * @property {string} id
 * @property {string} chatId
 * @property {"user" | "assistant"} role
 * @property {string} content
 * @property {string} modelId
 * @property {string} createdAt
 * @property {"complete" | "stopped" | "interrupted"} status
 * @property {"chat" | "command"} kind
 * @property {string | null} finishReason
 * @property {boolean} cached
 * @property {number | null} savedUsd
 * @property {Usage | null} usage
 * @property {string} sessionId
 *
 * @typedef {object} MessagePage
 * @property {Message[]} messages
 * @property {string | null} nextCursor
 *
 * @typedef {object} Model one model of `GET /chat/models`
 * @property {string} id
 * @property {string} provider
 * @property {string} tier the lowest tier that has it
 * @property {number} contextWindow
 * @property {{inputPerMillion: number, outputPerMillion: number, currency: string, date: string}} price
 * @property {boolean} allowed
 *
 * @typedef {object} Session the answer of `POST /chat/start`
 * @property {string} sessionId
 * @property {string} chatId
 * @property {string} expiresAt
 * @property {string} streamToken
 *
 * @typedef {object} DoneEvent
 * @property {"done"} type
 * @property {string | null} messageId
 * @property {string} finishReason
 * @property {boolean} cached
 * @property {number} [savedUsd]
 * @property {Usage | null} usage
 *
 * @typedef {object} ErrorEvent
 * @property {"error"} type
 * @property {string} code
 * @property {string} message
 * @property {boolean} retryable
 *
 * @typedef {"waiting" | "writing" | "reconnecting" | "paused" | "lost" | "stopping" | "elsewhere" | "ended"} Phase
 *   paused: this page does not follow, by choice; lost: it cannot; either way the service goes on writing;
 *   elsewhere: it is written where this page cannot follow it, and will be found in the history
 *
 * @typedef {object} AnswerState an answer as the page shows it, growing or stored
 * @property {string} text
 * @property {Phase} phase
 * @property {string} modelId
 * @property {boolean} command
 * @property {Usage | null} usage
 * @property {boolean} cached
 * @property {number | null} savedUsd
 * @property {string | null} note what there is to say about how it ended
 * @property {boolean} failed
 * @property {boolean} canRetry
 */

export {};
