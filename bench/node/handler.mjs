// The function of bench/runtime_app.py, for AWS's Node.js runtime client.
const COUNT = 500;
const TOKEN = Buffer.from('data: {"type":"token","content":"text chunk"}\n\n');
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

export const handler = awslambda.streamifyResponse(async (event, responseStream) => {
  const stream = awslambda.HttpResponseStream.from(responseStream, {
    statusCode: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
    cookies: [],
  });
  const workload = event.rawQueryString;
  for (let i = 0; i < COUNT; i++) {
    stream.write(TOKEN);
    if (workload === 'turns') await turn();
    else if (workload === 'paced') await pause();
  }
  stream.end();
});
