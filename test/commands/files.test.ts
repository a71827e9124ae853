/** Commands that read and write files: check, plan, init, schema, probe. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeClip } from '../support/clips.ts';
import { built, relay } from '../support/relay.ts';

t.before(built);
const good = 'sources: { clip: { file: h264-aac.mp4, loop: true } }\nroutes: { clip: { from: clip } }\n';
const bad = 'sources:\n  cam: rtsp://admin:geheim@192.0.2.1/x\nroutes:\n  cam: { form: cam }\n';
const dir = t.testdir({ 'relay.yaml': good, 'bad.yaml': bad });
const at = { cwd: dir };
const clip = makeClip(dir, 'h264-aac.mp4');

t.test('check', async (t) => {
  t.match(await relay(t, ['check'], at), {
    code: 0,
    out: 'relay.yaml is valid: 1 source, 1 route\n',
    err: '',
  });
  t.match(JSON.parse((await relay(t, ['check', '--json'], at)).out), { valid: true, sources: 1, routes: 1 });
  const refused = await relay(t, ['check', 'bad.yaml'], at);
  t.match(refused, {
    code: 78,
    out: '',
    err: /^bad\.yaml:4:3 error .*\nbad\.yaml:4:10 error .*did you mean "from"/,
  });
  const json = await relay(t, ['check', 'bad.yaml', '--json'], at);
  t.equal(json.code, 78);
  t.match(JSON.parse(json.out), {
    valid: false,
    code: 'RELAY_CONFIG_INVALID',
    diagnostics: [
      { line: 4, column: 3 },
      { line: 4, column: 10 },
    ],
  });
  t.match(await relay(t, ['check', 'none.yaml'], at), {
    code: 78,
    err: /there is no file none\.yaml\n.*relay init/,
  });
});

t.test('plan', async (t) => {
  await clip;
  const tree = await relay(t, ['plan'], at);
  t.match(tree, {
    code: 0,
    out: /clip {2}← clip {2}\(H\.264, AAC\)\n├─ process .* \(ffmpeg\)\n│ {2}├─ .*copied/,
  });
  const plan = JSON.parse((await relay(t, ['plan', '--json'], at)).out);
  t.match(plan, { version: 1, units: [{ kind: 'ffmpeg' }], paths: [{ name: 'clip' }] });
  t.match(
    (await relay(t, ['plan', '--format', 'argv'], at)).out,
    /^ffmpeg .*h264-aac\.mp4.* '\{publish clip by srt\}'$/m,
  );
  t.match((await relay(t, ['plan', '--format', 'mermaid'], at)).out, /^flowchart LR\n/);
  const unseen = JSON.parse((await relay(t, ['plan', '--no-probe', '--json'], at)).out);
  t.match(unseen, { units: [{ kind: 'probe' }] });
});

t.test('plan: a source that does not answer, and no password anywhere', async (t) => {
  const text = 'sources: { cam: "rtsp://admin:geheim@127.0.0.1:1/x" }\nroutes: { cam: { from: cam } }\n';
  writeFileSync(join(dir, 'cam.yaml'), text);
  for (const format of ['tree', 'json', 'argv', 'mermaid']) {
    const { code, out, err } = await relay(t, ['plan', 'cam.yaml', '--format', format], at);
    t.equal(code, 0);
    t.match(err, /cam is planned without knowing what it holds: .*Connection refused/);
    t.notMatch(out + err, 'geheim', format);
  }
});

t.test('init', async (t) => {
  await clip;
  const url = 'rtsp://admin:ge$heim@192.0.2.10/stream1';
  const args = ['init', url, 'h264-aac.mp4', 'test', 'test', '-o', 'new.yaml'];
  t.match(await relay(t, args, at), { code: 0, err: /now: relay run new\.yaml/ });
  const file = join(dir, 'new.yaml');
  t.match(readFileSync(file, 'utf8'), /stream1: "rtsp:/);
  if (process.platform !== 'win32') t.equal(statSync(file).mode & 0o077, 0, 'it holds a password');
  t.match(await relay(t, ['check', 'new.yaml'], at), { code: 0, out: /4 sources, 4 routes/ });
  t.match(await relay(t, args, at), { code: 2, err: /new\.yaml exists already\n.*--force/ });
  t.match(await relay(t, ['init', '-o', 'new.yaml', '--force'], at), { code: 0 });
  t.match(await relay(t, ['check', 'new.yaml'], at), { out: /1 source, 1 route/ });
});

t.test('schema', async (t) => {
  const { out } = await relay(t, ['schema'], at);
  t.match(JSON.parse(out), { $schema: String, properties: { routes: Object } });
  t.match(await relay(t, ['schema', '--write', 's.json'], at), { code: 0 });
  t.equal(readFileSync(join(dir, 's.json'), 'utf8'), out);
  t.match(await relay(t, ['schema', '--check', 's.json'], at), { code: 0, err: '' });
  writeFileSync(join(dir, 's.json'), '{}');
  t.match(await relay(t, ['schema', '--check', 's.json'], at), { code: 1, err: /out of date/ });
  t.match(await relay(t, ['schema', '--check', 'none.json'], at), { code: 1 });
  t.notOk(existsSync(join(dir, 'none.json')));
});

t.test('probe', async (t) => {
  await clip;
  const { code, out, err } = await relay(t, ['probe', 'h264-aac.mp4'], at);
  t.equal(code, 0);
  t.equal(err, '');
  t.match(out, /frames {5}50\n {2}key frames 2, every 1 s\n {2}B-frames {3}no/);
  t.match(out, /A\/V offset none/);
  const json = await relay(t, ['probe', 'h264-aac.mp4', '--json', '--count'], at);
  t.match(JSON.parse(json.out), { url: 'h264-aac.mp4', tracks: [{ packets: 50, decodedFrames: 50 }] });
  const refused = await relay(t, ['probe', 'rtsp://admin:geheim@127.0.0.1:1/x'], at);
  t.match(refused, { code: 1, out: '', err: /Connection refused/ });
  t.notMatch(refused.err, 'geheim');
});
