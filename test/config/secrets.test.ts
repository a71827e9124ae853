import t from 'tap';
import { addSecret, addUrlSecrets, redact } from '../../src/config/secrets.ts';

t.test('what is hidden', async (t) => {
  const secrets = new Set<string>();
  for (const value of ['abc', '8554', 'true', 'false', '']) addSecret(secrets, value);
  t.equal(secrets.size, 0);
  for (const value of ['hunter2', '12345', 'p@"s']) addSecret(secrets, value);
  t.strictSame([...secrets], ['hunter2', '12345', 'p@"s', 'p%40%22s', 'p@\\"s']);
});

t.test('passwords of URLs, as written and decoded', async (t) => {
  const secrets = new Set<string>();
  addUrlSecrets(secrets, 'rtsp://admin:p%40ss%25@h/s');
  addUrlSecrets(secrets, 'rtsp://admin:100%sure@h/s');
  addUrlSecrets(secrets, 'srt://h:1?passphrase=longenough&mode=caller');
  addUrlSecrets(secrets, 'no url');
  for (const secret of ['p%40ss%25', 'p@ss%', '100%sure', 'longenough']) t.ok(secrets.has(secret), secret);
});

t.test('redact', async (t) => {
  t.equal(redact('a secret and a secretive b', ['secret', 'secretive']), 'a *** and a *** b');
  t.equal(redact('open rtsp://u:p@q@h/s failed', []), 'open rtsp://***@h/s failed');
  t.equal(redact('open rtsp://h/s?x=a@b failed', []), 'open rtsp://h/s?x=a@b failed');
});
