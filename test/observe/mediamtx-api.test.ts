import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { MediamtxApi } from '../../src/observe/mediamtx-api.ts';

t.test('what is asked and what is made of the answers', async (t) => {
  const seen: string[] = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    seen.push(`${method} ${url} ${body}`);
    if (headers.authorization !== `Basic ${Buffer.from('ctl:beef').toString('base64')}`) return;
    const item = (name: string, available: boolean) => ({ name, online: true, available, readers: [] });
    if (url?.includes('page=0')) response.end(JSON.stringify({ pageCount: 2, items: [item('a', true)] }));
    else if (url?.includes('page=1'))
      response.end(JSON.stringify({ pageCount: 2, items: [item('b', false)] }));
    else if (url?.endsWith('/bad')) response.writeHead(400).end('{"status":"error","error":"no"}');
    else if (url?.endsWith('/gone')) response.writeHead(404).end('{"status":"error","error":"not found"}');
    else if (!url?.endsWith('/hangs')) response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const api = new MediamtxApi({ port, user: 'ctl', password: 'beef', timeout: 300 });
  t.teardown(() => {
    api.close();
    server.close();
  });

  await api.info();
  t.match(await api.paths(), [
    { name: 'a', online: true },
    { name: 'b', online: false },
  ]);
  await api.replacePath('x/y', { source: 'publisher' });
  await api.patchPath('x/y', { forward: [] });
  await api.setUsers([]);
  await api.deletePath('x/y');
  t.strictSame(seen.slice(-4), [
    'POST /v3/config/paths/replace/x/y {"source":"publisher"}',
    'PATCH /v3/config/paths/patch/x/y {"forward":[]}',
    'PATCH /v3/config/global/patch {"authInternalUsers":[]}',
    'DELETE /v3/config/paths/delete/x/y ',
  ]);
  await t.rejects(api.replacePath('bad', {}), { code: 'RELAY_SERVER_API', message: /400 .*"no"/ });
  await t.resolves(api.deletePath('gone'), 'somebody did it already');
  await t.rejects(api.replacePath('gone', {}), { message: /404 .*"not found"/ });
  await t.rejects(api.deletePath('hangs'), { code: 'RELAY_SERVER_API' });
});
