// Another server: whatever it is asked for, it answers with the page that stands there.

import { createServer } from 'node:http';

export async function elsewhere(pages) {
  const server = createServer((request, response) => {
    const page = pages[request.url.split('?')[0]];
    response.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><title>elsewhere</title>${page ?? ''}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    // To a browser, `localhost` and `127.0.0.1` are two sites; two ports of one are two origins of one site.
    otherSite: `http://localhost:${port}`,
    sameSite: `http://127.0.0.1:${port}`,
    close: () => server.close(),
  };
}
