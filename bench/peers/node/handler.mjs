// The function of bench/peers/runtime_app.py, for AWS's Node.js runtime client.
const COUNT = 500;
const CONTENT = 'text chunk';
const token = () => `data: ${JSON.stringify({ type: 'token', content: CONTENT })}\n\n`;
const TOKEN = Buffer.from(token());
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

export const handler = awslambda.streamifyResponse(async (event, responseStream) => {
  const stream = awslambda.HttpResponseStream.from(responseStream, {
    statusCode: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
    cookies: [],
  });
  const [workload, source] = event.rawQueryString.split('-');
  for (let i = 0; i < COUNT; i++) {
    stream.write(source ? token() : TOKEN);
    if (workload === 'turns') await turn();
    else if (workload === 'paced') await pause();
  }
  stream.end();
});
