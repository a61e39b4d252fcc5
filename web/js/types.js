/**
 * The types of the API's JSON, and the page's view model of an answer.
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
 * @property {"complete" | "stopped" | "interrupted" | "pending" | "streaming" | "failed"} status of an answer, or of
 *   a prompt without one; the first version of the service reports every prompt as complete
 * @property {string | null} [code] why the answer is missing or incomplete
 * @property {boolean | null} [retryable]
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
 * @property {string} [providerName] the provider's display name
 * @property {string} tier the lowest tier that may use it
 * @property {number} contextWindow
 * @property {{inputPerMillion: number, outputPerMillion: number, currency: string, date: string}} price
 * @property {boolean} allowed
 *
 * @typedef {object} Session the response of `POST /chat/start`
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
 * @property {number} [retryAfterSeconds]
 *
 * @typedef {object} Blocker why progress is blocked
 * @property {string} code
 * @property {string} [message] the service's
 * @property {number | null} retryAt time of the next attempt in milliseconds since the epoch; null: now, or only on request
 *
 * @typedef {"held" | "waiting" | "writing" | "retrying" | "paused" | "stopping" | "elsewhere" | "ended"} Phase
 *   held: the service has not accepted the prompt yet, the page will retry; retrying: disconnected, the page will
 *   reconnect; paused: not followed until the user resumes; elsewhere: the answer is generated in a stream that this page
 *   cannot follow, and will appear in the history
 *
 * @typedef {object} AnswerState an answer as shown, in progress or stored
 * @property {string} text
 * @property {Phase} phase
 * @property {Blocker | null} [blocker] why the phase waits
 * @property {string} modelId
 * @property {boolean} command
 * @property {Usage | null} usage
 * @property {boolean} cached
 * @property {number | null} savedUsd
 * @property {string | null} note a sentence about how it ended
 * @property {boolean} failed
 * @property {boolean} canRetry
 */

export {};
