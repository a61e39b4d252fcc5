/** The user's message for each error code: the service's codes, and those that only a client detects. */

/** @type {Record<string, string>} */
const SENTENCES = {
  // detected by this page
  dropped: "The connection dropped.",
  offline: "You are offline.",
  unreachable: "The service cannot be reached.",
  not_a_stream: "The response did not come from the service.",

  // refusals
  too_many_streams: "You have reached your tier's limit of concurrent answers.",
  rate_limited: "You have reached your tier's limit of messages per minute.",
  too_many_attaches: "This answer was opened too often within a short time.",
  session_expired: "This message was not answered in time.",
  session_not_found: "There is no answer to this message.",
  token_missing: "You are signed out. Sign in to continue.",
  token_expired: "Your sign-in has expired. Sign in again to continue.",
  token_invalid: "The service does not accept your sign-in. Sign in again to continue.",
  user_disabled: "This user is disabled.",
  storage_unavailable: "The service's storage is not available at the moment.",
  keys_unavailable: "The service cannot verify your sign-in at the moment.",
  answer_in_progress: "This message is already being answered.",
  message_not_found: "This message no longer exists.",

  // generations that failed
  provider_unavailable: "The model's provider is not available at the moment.",
  provider_timeout: "The model's provider did not answer in time.",
  provider_rate_limited: "The model's provider is limiting requests from this service at the moment.",
  provider_interrupted: "The provider's answer was cut off.",
  provider_bad_response: "The model's provider sent a response that cannot be read.",
  provider_empty: "The model's provider sent an empty answer.",
  provider_rejected: "The model's provider refused the request. The conversation may be too long for this model.",
  provider_misconfigured: "This service has no working access to the model's provider.",
  interrupted: "This answer was interrupted.",
  deadline_exceeded: "The answer took longer than the service allows.",
  internal_error: "Something went wrong in the service.",
};

/** The message for a status without a problem document, from a proxy or from Lambda. @param {number} status */
function ofStatus(status) {
  if (status === 429) return "The service is overloaded at the moment.";
  return status >= 500 ? "The service is not available at the moment." : `The service answered with status ${status}.`;
}

/**
 * Uses the service's own message only for provider errors, which name the provider, and for unknown codes.
 * @param {string} code the service's, `http_<status>`, or one of this page's own
 * @param {string} [message] the service's
 * @returns {string}
 */
export function sentenceOf(code, message) {
  if (message && code.startsWith("provider_")) return message;
  const status = /^http_(\d+)$/.exec(code);
  return SENTENCES[code] ?? message ?? (status ? ofStatus(Number(status[1])) : "Something went wrong in the service.");
}

/** Formats a wait. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(Math.ceil(ms / 1000), 1);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
}
