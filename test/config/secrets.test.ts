import t from 'tap';
import { addStreamKey } from '../../src/config/secrets.ts';

t.test('the key of an RTMP remote is a secret, a short plain name is not', async (t) => {
  const keyOf = (url: string) => {
    const secrets = new Set<string>();
    addStreamKey(secrets, url);
    return [...secrets];
  };
  t.same(keyOf('rtmp://live.example/app/abcd-1234-efgh'), ['abcd-1234-efgh']);
  t.same(keyOf('rtmps://live.example:443/live2/abcd-1234?backup=1'), ['abcd-1234']);
  t.same(keyOf('rtmp://live.example/live/cam1'), []);
  t.same(keyOf('rtmp://live.example/live'), []);
  t.same(keyOf('rtsp://live.example/app/abcd-1234-efgh'), []);
});
