// SSE clients of others read an answer whose connection is cut, at every byte. From stdin: {"stream", "rests", "ids"}, bytes
// in base64; `rests` has what a server sends to a client with that last event id, null where nothing is left. To stdout:
// for each client, what came of each cut.
import { createServer } from "node:http";
import { once } from "node:events";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(import.meta.url);
const { createParser } = await import("eventsource-parser");
const { EventSource: EventSource4 } = await import("eventsource-4");
const EventSource2 = require("eventsource-2");
const { fetchEventSource } = require("@microsoft/fetch-event-source");

const ENOUGH_REQUESTS = 6;
const CONCURRENT = 40;
const PATIENCE_MS = 20000;
const answer = JSON.parse(await text(process.stdin));
const stream = Buffer.from(answer.stream, "base64");

// The clients' own waits before they reconnect, the one that `retry` asks for among them: a hundredth of them will do.
const LONGEST_WAIT_MS = 30;
const realSetTimeout = globalThis.setTimeout;
const waits = new Set([1000, 2000, 3000]);
globalThis.setTimeout = (callback, ms, ...args) => realSetTimeout(callback, waits.has(ms) ? ms / 100 : ms, ...args);
// What fetch-event-source needs of a browser.
globalThis.window = globalThis;
globalThis.document = { addEventListener() {}, removeEventListener() {} };

const wholeData = (data) => data;
const lastLine = (data) => data.slice(data.lastIndexOf("\n") + 1);

/** The application: it puts the text together, and notes what it should not have been handed. */
class Reading {
  constructor(json = wholeData) {
    this.json = json;
    this.outcome = { text: "", finished: false, requests: 0, faults: [] };
    this.over = new Promise((resolve) => (this.stop = resolve));
  }

  /** Whether that was the last message. */
  take(data) {
    try {
      const event = JSON.parse(this.json(data));
      if (event.type === "token") this.outcome.text += event.content;
      this.outcome.finished ||= event.type === "done";
    } catch {
      this.outcome.faults.push(data === "" ? "a message without data" : `not JSON: ${data}`);
    }
    if (this.outcome.finished) this.stop();
    return this.outcome.finished;
  }
}

const readings = new Map(); // by path

/** What a server sends to the request: status, body, and whether the connection breaks after it. */
function reply(reading, cut, lastEventId) {
  reading.outcome.requests += 1;
  if (reading.outcome.requests === 1) return { status: 200, body: stream.subarray(0, cut), breaks: cut < stream.length };
  if (reading.outcome.requests >= ENOUGH_REQUESTS) {
    reading.outcome.faults.push("it reconnects for ever");
    reading.stop();
  }
  if (!(lastEventId in answer.rests)) reading.outcome.faults.push(`no event had the id ${lastEventId}`);
  const rest = answer.rests[lastEventId] ?? null;
  // Longer than any wait, for a client that comes back all the same.
  if (rest === null) realSetTimeout(reading.stop, 2 * LONGEST_WAIT_MS);
  return rest === null ? { status: 204 } : { status: 200, body: Buffer.from(rest, "base64"), breaks: false };
}

const server = createServer((request, response) => {
  const [reading, cut] = readings.get(request.url);
  const { status, body, breaks } = reply(reading, cut, request.headers["last-event-id"] ?? "");
  response.writeHead(status, status === 200 ? { "content-type": "text/event-stream" } : {});
  if (!body) return response.end();
  response.flushHeaders();
  if (!breaks) return response.end(body);
  // Everything arrives, and then the connection ends in the middle of the body.
  response.write(body, () => response.socket?.end());
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;

const clients = {
  "fetch-event-source": { open: openFetchEventSource },
  "eventsource 2": { open: (url, reading) => listen(new EventSource2(url), reading), json: lastLine },
  "eventsource 2, all lines": { open: (url, reading) => listen(new EventSource2(url), reading) },
  "eventsource 4": { open: (url, reading) => listen(new EventSource4(url), reading) },
};

function openFetchEventSource(url, reading) {
  class Over extends Error {}
  const aborter = new AbortController();
  fetchEventSource(url, {
    openWhenHidden: true,
    signal: aborter.signal,
    onopen: async (response) => {
      if (response.status === 204) throw new Over();
    },
    onmessage: (message) => reading.take(message.data),
    onclose: () => {
      if (!reading.outcome.finished) throw new Error("cut");
    },
    onerror: (error) => {
      if (error instanceof Over) throw error;
    },
  }).catch((error) => {
    if (!(error instanceof Over)) reading.outcome.faults.push(String(error));
  });
  return () => aborter.abort();
}

function listen(source, reading) {
  source.onmessage = (message) => reading.take(message.data);
  source.onerror = () => {}; // it comes back by itself, but for a 204
  return () => source.close();
}

async function read(name, cut) {
  const reading = new Reading(clients[name].json);
  const path = `/${encodeURIComponent(name)}/${cut}`;
  readings.set(path, [reading, cut]);
  const close = clients[name].open(origin + path, reading);
  const stuck = realSetTimeout(() => {
    reading.outcome.faults.push("it is stuck");
    reading.stop();
  }, PATIENCE_MS);
  await reading.over;
  clearTimeout(stuck);
  close();
  return reading.outcome;
}

/** The parser alone, as its documentation shows it: an event's id counts when the event is handed over. */
function parse(cut) {
  const reading = new Reading();
  let lastEventId = "";
  const parser = createParser({
    onEvent: (event) => {
      lastEventId = event.id ?? lastEventId;
      reading.take(event.data);
    },
    onError: (error) => reading.outcome.faults.push(String(error)),
  });
  for (;;) {
    const { status, body } = reply(reading, cut, lastEventId);
    if (status === 204) return reading.outcome;
    const decoder = new TextDecoder();
    for (const half of [body.subarray(0, body.length / 2), body.subarray(body.length / 2)]) {
      parser.feed(decoder.decode(half, { stream: true }));
    }
    if (reading.outcome.finished || reading.outcome.requests >= ENOUGH_REQUESTS) return reading.outcome;
    parser.reset();
  }
}

process.on("uncaughtException", (error) => {
  console.error(error);
  process.exit(1);
});

const cuts = Array.from({ length: stream.length + 1 }, (_, cut) => cut);
const outcomes = { "eventsource-parser": cuts.map(parse) };
for (const name of Object.keys(clients)) {
  outcomes[name] = [];
  for (let start = 0; start < cuts.length; start += CONCURRENT) {
    const some = cuts.slice(start, start + CONCURRENT);
    outcomes[name].push(...(await Promise.all(some.map((cut) => read(name, cut)))));
  }
}
process.stdout.write(JSON.stringify(outcomes), () => process.exit(0));
