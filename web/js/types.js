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
 * @property {"complete" | "stopped" | "interrupted" | "pending" | "streaming" | "failed"} status an answer's, or,
 *   where there is none, its prompt's; of the first version a prompt's is always complete
 * @property {string | null} [code] why there is no whole answer
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
 * @property {string} [providerName] how the provider writes its name
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
 * @property {number} [retryAfterSeconds]
 *
 * @typedef {object} Trouble why it does not go on at the moment
 * @property {string} code
 * @property {string} [message] the service's
 * @property {number | null} retryAt when the next attempt begins, in milliseconds since the epoch; null: now, or not by itself
 *
 * @typedef {"held" | "waiting" | "writing" | "retrying" | "paused" | "stopping" | "elsewhere" | "ended"} Phase
 *   held: the prompt has not been taken yet, and will be sent again; retrying: there is no connection, and the next
 *   attempt comes by itself; paused: this page does not follow until the user says so; elsewhere: it is written where
 *   this page cannot follow it, and will be found in the history
 *
 * @typedef {object} AnswerState an answer as the page shows it, growing or stored
 * @property {string} text
 * @property {Phase} phase
 * @property {Trouble | null} [trouble] of a phase that waits for something
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
