/** What the user is told for each code of the service, and for what only a client can see. */

/** @type {Record<string, string>} */
const SENTENCES = {
  // seen by this page alone
  dropped: "The connection dropped.",
  offline: "You are offline.",
  unreachable: "The service cannot be reached.",
  not_a_stream: "Something between this page and the service answered in its place.",

  // refusals
  too_many_streams: "You have as many answers being written at the same time as your tier allows.",
  rate_limited: "You have sent as many messages in a minute as your tier allows.",
  too_many_attaches: "This answer was opened too often in a short time.",
  session_expired: "This message was not answered in time.",
  session_not_found: "There is no answer to this message.",
  token_missing: "You are signed out. Sign in to go on.",
  token_expired: "You were signed out after some time. Sign in again to go on.",
  token_invalid: "The service does not accept how you are signed in. Sign in again to go on.",
  user_disabled: "This user is disabled.",
  storage_unavailable: "The service's storage does not answer at the moment.",
  keys_unavailable: "The service cannot check at the moment who you are.",
  answer_in_progress: "This message is being answered already.",
  message_not_found: "This message is no longer there.",

  // generations that failed
  provider_unavailable: "The model's provider is not available at the moment.",
  provider_timeout: "The model's provider did not answer in time.",
  provider_rate_limited: "The model's provider is limiting requests from this service at the moment.",
  provider_interrupted: "The provider's answer broke off.",
  provider_bad_response: "The model's provider sent a response that cannot be read.",
  provider_empty: "The model's provider sent an empty answer.",
  provider_rejected: "The model's provider refused the request. The conversation may be too long for this model.",
  provider_misconfigured: "This service has no working access to the model's provider.",
  interrupted: "This answer was interrupted.",
  deadline_exceeded: "The answer took longer than the service allows.",
  internal_error: "Something went wrong in the service.",
};

/** Statuses without a problem document: of a proxy, or of Lambda itself. @param {number} status */
function ofStatus(status) {
  if (status === 429) return "The service has more requests than it can take at the moment.";
  return status >= 500 ? "The service does not answer at the moment." : `The service answered with status ${status}.`;
}

/**
 * The service's message only where it says more: the name of the provider, or a code that this page does not know.
 * @param {string} code the service's, `http_<status>`, or one of this page's own
 * @param {string} [message] the service's
 * @returns {string}
 */
export function sentenceOf(code, message) {
  if (message && code.startsWith("provider_")) return message;
  const status = /^http_(\d+)$/.exec(code);
  return SENTENCES[code] ?? message ?? (status ? ofStatus(Number(status[1])) : "Something went wrong in the service.");
}

/** A time to wait. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(Math.ceil(ms / 1000), 1);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
}
