/** The players and readers that the end-to-end tests judge with: each is fetched only if it is missing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say, spawned } from './setup.mjs';

const gstreamer = ['base', 'good', 'bad'].map((set) => `gstreamer1.0-plugins-${set}`);

/** What is looked for, the tests that can't run without it, and the Debian packages that have it. */
const tools = [
  { name: 'VLC', found: () => has('cvlc'), packages: ['vlc-bin', 'vlc-plugin-base'] },
  {
    name: 'GStreamer',
    found: () => has('gst-inspect-1.0') && ['rtspsrc', 'h264parse', 'avdec_h264'].every(hasElement),
    packages: ['gstreamer1.0-tools', ...gstreamer, 'gstreamer1.0-libav'],
  },
  {
    name: 'Chromium',
    found: () => ['chromium', 'chromium-browser', 'google-chrome'].some(has),
    packages: ['chromium'],
  },
  { name: 'Xvfb', found: () => has('Xvfb') || process.platform !== 'linux', packages: ['xvfb'] },
  { name: 'Python', found: () => runs('python3', 'import venv'), packages: ['python3', 'python3-venv'] },
];

/** Fetches what is missing where it may, and says what can't be tested otherwise. */
export async function fetchTestTools(cache) {
  const missing = tools.filter(({ found }) => !found());
  if (missing.length > 0) await fetchPackages(missing);
  const python = await fetchPython(cache);
  if (python) process.env.RELAY_TEST_PYTHON = python;
}

async function fetchPackages(missing) {
  const names = missing.map(({ name }) => name).join(', ');
  const packages = missing.flatMap((tool) => tool.packages);
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages];
  const debian = has('apt-get');
  if (debian && process.getuid?.() === 0) {
    say(`installing for the tests: ${names}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const update = await spawned(['apt-get', 'update', '-q'], { env });
    if (update === 0 && (await spawned(install, { env })) === 0) return;
  }
  say(
    `the tests with ${names} can't run and will say so${debian ? `; sudo ${install.join(' ')} helps` : ''}`,
  );
}

/** 5.0 has no cascades, which the example for faces uses. */
const opencv = ['opencv-python-headless<5', 'numpy'];

/** Without what it depends on: all that is wanted of it is the photograph of a face among its files. */
const photographs = ['--no-deps', 'scikit-image'];

const usable = 'import cv2, numpy, importlib.util as i; cv2.CascadeClassifier; assert i.find_spec("skimage")';

/** A Python with OpenCV: the system's, or one of our own in the cache folder. */
async function fetchPython(cache) {
  const given = process.env.RELAY_TEST_PYTHON;
  if (given) return given;
  if (runs('python3', usable)) return 'python3';
  const folder = join(cache, 'test-venv');
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (existsSync(python) && runs(python, usable)) return python;
  if (runs('python3', 'import venv')) {
    say('installing OpenCV for the tests');
    const pip = [python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check'];
    const steps = [
      ['python3', '-m', 'venv', '--clear', folder],
      [...pip, ...opencv],
      [...pip, ...photographs],
    ];
    let code = 0;
    for (const step of steps) code ||= await spawned(step);
    if (code === 0) return python;
  }
  say(
    `the tests with OpenCV can't run and will say so; python3 -m pip install '${opencv.join("' '")}' scikit-image helps`,
  );
  return undefined;
}

function has(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

function hasElement(name) {
  return spawnSync('gst-inspect-1.0', ['--exists', name], { stdio: 'ignore' }).status === 0;
}

function runs(python, code) {
  return spawnSync(python, ['-c', code], { stdio: 'ignore' }).status === 0;
}
