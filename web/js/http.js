/** fetch, with every failure as an `ApiError` whose message is a sentence for the user. */

/** A request that did not succeed: a problem document (RFC 9457), or no answer at all (code `unreachable`). */
export class ApiError extends Error {
  /** @param {string} message @param {{code: string, status: number}} facts */
  constructor(message, { code, status }) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
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
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new ApiError("The service cannot be reached. Check the connection and try again.", {
      code: "unreachable",
      status: 0,
    });
  }
  if (!response.ok) throw await problem(response);
  return response;
}

/** What there is to tell the user about an error of any kind. @param {unknown} error */
export function sentence(error) {
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return "Something went wrong on this page. Reload it and try again.";
}

/** @param {Response} response */
async function problem(response) {
  const { status } = response;
  const document = await response.json().catch(() => ({}));
  const details = (document.errors ?? []).map((/** @type {{field: string, message: string}} */ item) => `${item.field}: ${item.message}`);
  const detail = document.detail ?? document.title ?? `The service answered with status ${status}.`;
  return new ApiError([detail, ...details].join(" "), { code: document.code ?? `http_${status}`, status });
}
