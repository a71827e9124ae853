import t from 'tap';
import { installCommands, mayRun, packageManagers, typedCommand } from '../../src/tools/packages.ts';

t.test('argv of each package manager', async (t) => {
  t.same(installCommands('apt-get', ['ffmpeg']), [
    ['apt-get', 'update', '-q'],
    ['apt-get', 'install', '-y', '-q', '--no-install-recommends', 'ffmpeg'],
  ]);
  t.same(installCommands('dnf', ['ffmpeg']), [['dnf', 'install', '-y', 'ffmpeg']]);
  t.same(installCommands('apk', ['ffmpeg']), [['apk', 'add', '--no-cache', 'ffmpeg']]);
  t.same(installCommands('zypper', ['ffmpeg']), [['zypper', '--non-interactive', 'install', 'ffmpeg']]);
  t.same(installCommands('brew', ['ffmpeg']), [['brew', 'install', 'ffmpeg']]);
  t.same(installCommands('unheard-of', ['ffmpeg']), []);
  for (const manager of packageManagers) {
    t.equal(installCommands(manager, ['ffmpeg']).at(-1)?.at(-1), 'ffmpeg', manager);
  }
});

t.test('who may run it, and what a person types', async (t) => {
  t.same([mayRun('apt-get', true), mayRun('apt-get', false)], [true, false]);
  t.same([mayRun('brew', true), mayRun('brew', false)], [false, true]);
  t.match(
    typedCommand('apt-get', ['ffmpeg'], 'linux'),
    /^sudo apt-get update .* && sudo apt-get install .* ffmpeg$/,
  );
  t.equal(typedCommand('brew', ['ffmpeg'], 'darwin'), 'brew install ffmpeg');
  t.match(typedCommand(undefined, ['ffmpeg'], 'win32'), /^winget /);
});
