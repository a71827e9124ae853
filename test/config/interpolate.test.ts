import t from 'tap';
import { interpolate } from '../../src/config/interpolate.ts';

const env = { PASS: 'a@:/%#"$b c', HOST: '192.0.2.1', EMPTY: '', LINE: 'a\nb' };

const texts: [template: string, text: string][] = [
  ['plain $HOST $', 'plain $HOST $'],
  ['${HOST}', '192.0.2.1'],
  ['x${HOST}y${HOST}', 'x192.0.2.1y192.0.2.1'],
  ['$${HOST}', '${HOST}'],
  ['${NONE:-b}', 'b'],
  ['${EMPTY:-b}', 'b'],
  ['${EMPTY}', ''],
  ['${NONE:-}', ''],
  ['rtsp://u:${PASS}@${HOST}/s', 'rtsp://u:a%40%3A%2F%25%23%22%24b%20c@192.0.2.1/s'],
  ['rtsp://u:${NONE:-p/@q}@h/s', 'rtsp://u:p%2F%40q@h/s'],
  ['rtsp://u:p@q${PASS}@h/s', 'rtsp://u:p@qa%40%3A%2F%25%23%22%24b%20c@h/s'],
  ['rtmp://h/app/${PASS}', `rtmp://h/app/${env.PASS}`],
  ['rtsp://h/${HOST}@x', 'rtsp://h/192.0.2.1@x'],
  ['${PASS}', env.PASS],
];
for (const [template, text] of texts) t.match(interpolate(template, env), { text, problems: [] }, template);

const faults: [template: string, problem: RegExp][] = [
  ['${NONE}', /NONE is not set/],
  ['${constructor}', /constructor is not set/],
  ['${__proto__}', /__proto__ is not set/],
  ['${', /a reference to the environment is/],
  ['${HOST', /a reference to the environment is/],
  ['${}', /a reference to the environment is/],
  ['${A B}', /a reference to the environment is/],
  ['${HOST:?x}', /a reference to the environment is/],
  ['${LINE}', /LINE has a control character/],
];
for (const [template, problem] of faults) t.match(interpolate(template, env).problems, [problem], template);

t.strictSame(interpolate('${HOST}', env).whole, true);
t.strictSame(interpolate('${HOST}x', env).whole, false);
t.strictSame(interpolate('${NONE:-x}${HOST}', env).values, ['192.0.2.1'], 'defaults are no secrets');
