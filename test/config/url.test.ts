import t from 'tap';
import { isLoopback, isWildcard, urlProblem } from '../../src/config/url.ts';

const schemes = ['rtsp', 'rtmp', 'srt', 'http', 'https'];
const api = { host: '127.0.0.1', port: 9980 };

const good = [
  'rtsp://192.0.2.10/stream1',
  'rtsp://admin:p%40ss@192.0.2.10:554/stream1?channel=1&subtype=0',
  'rtmp://live.example/app/key',
  'srt://192.0.2.1:8890?streamid=read:lobby',
  'http://[2001:db8::1]/x.m3u8',
  'http://127.0.0.1:9981/x',
  'rtsp://10.0.0.1/x',
  'rtsp://my_cam.lan/x',
];
for (const url of good) t.equal(urlProblem(url, schemes, api), undefined, url);

const bad: [url: string, message: RegExp][] = [
  ['exec:id', /"exec:" can not be opened here/],
  ['file:///etc/passwd', /"file:" can not be/],
  ['concat:a|b', /"concat:"/],
  ['subfile,,start,0,end,9,,:/etc/passwd', /expected a URL/],
  ['data:text/plain,x', /"data:"/],
  ['unix:/run/x', /"unix:"/],
  ['udp://239.0.0.1:1', /"udp:"/],
  ['-y', /expected a URL/],
  ['media/promo.mp4', /expected a URL/],
  ['http:169.254.169.254', /expected a URL/],
  ['RTSP://h/x', /expected a URL/],
  ['rtsp://', /not a URL|no host/],
  ['rtsp:///x', /no host/],
  ['rtsp://a:b#c@h/x', /has a #/],
  ['rtsp://a:b/c@h/x', /not a URL/],
  ['rtsp://h/a b', /character/],
  ['http://good\\@169.254.169.254/', /character/],
  ['rtsp://h/ä', /character/],
  ['http://169.254.169.254/latest', /link-local/],
  ['http://2852039166/', /link-local/],
  ['http://0xa9fea9fe/', /link-local/],
  ['http://0251.0376.0251.0376/', /link-local/],
  ['http://169.254.43518/', /link-local/],
  ['rtsp://2852039166/', /link-local/],
  ['rtsp://u:p@169.254.1.1/', /link-local/],
  ['http://[::ffff:169.254.169.254]/', /link-local/],
  ['rtsp://[::ffff:a9fe:a9fe]/', /link-local/],
  ['http://[64:ff9b::169.254.169.254]/', /link-local/],
  ['http://[fe80::1]/', /link-local/],
  ['http://[fd00:ec2::254]/', /link-local/],
  ['http://metadata.google.internal/', /link-local/],
  ['http://metadata.google.internal./', /link-local/],
  ['http://127.0.0.1:9980/', /own API/],
  ['http://localhost:9980/', /own API/],
  ['http://a.localhost:9980/', /own API/],
  ['http://0.0.0.0:9980/', /own API/],
  ['http://2130706433:9980/', /own API/],
  ['rtsp://[::1]:9980/', /own API/],
  ['http://[::ffff:127.0.0.1]:9980/', /own API/],
];
for (const [url, message] of bad) t.match(urlProblem(url, schemes, api)?.message, message, url);

t.equal(urlProblem('http://127.0.0.1:9980/', schemes, false), undefined, 'no API, nothing to protect');
t.notMatch(
  JSON.stringify(urlProblem('rtsp://u:s3cr#t@h', schemes, api)),
  /s3cr/,
  'the password is not quoted',
);

for (const host of ['127.0.0.1', '127.9.9.9', '::1']) t.ok(isLoopback(host), host);
for (const host of ['', '0.0.0.0', '::', '::ffff:0.0.0.0', '192.0.2.1']) t.notOk(isLoopback(host), host);
for (const host of ['', '0.0.0.0', '::', '::ffff:0.0.0.0']) t.ok(isWildcard(host), host);
t.notOk(isWildcard('127.0.0.1'));
