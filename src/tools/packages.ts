/** The system's package managers, as far as ffmpeg needs them. Pure: the caller looks and runs. */

/** In the order of preference, with the commands that install packages. */
const managers: Record<string, (packages: string[]) => string[][]> = {
  'apt-get': (packages) => [
    ['apt-get', 'update', '-q'],
    ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages],
  ],
  dnf: (packages) => [['dnf', 'install', '-y', ...packages]],
  apk: (packages) => [['apk', 'add', '--no-cache', ...packages]],
  pacman: (packages) => [['pacman', '-Sy', '--noconfirm', '--needed', ...packages]],
  zypper: (packages) => [['zypper', '--non-interactive', 'install', ...packages]],
  brew: (packages) => [['brew', 'install', ...packages]],
};

export const packageManagers = Object.keys(managers);

/** argv of each command that installs these packages, in order. */
export function installCommands(manager: string, packages: string[]): string[][] {
  return managers[manager]?.(packages) ?? [];
}

/** Homebrew refuses to run as root; all others need it. */
export function mayRun(manager: string, root: boolean): boolean {
  return root !== (manager === 'brew');
}

/** The one command that a person can type. */
export function typedCommand(
  manager: string | undefined,
  packages: string[],
  platform: NodeJS.Platform,
): string {
  if (manager === undefined) {
    if (platform === 'win32') return 'winget install --id Gyan.FFmpeg';
    return `install ${packages.join(' ')} with your system's package manager`;
  }
  const lines = installCommands(manager, packages).map((argv) =>
    manager === 'brew' ? argv.join(' ') : `sudo ${argv.join(' ')}`,
  );
  return lines.join(' && ');
}
