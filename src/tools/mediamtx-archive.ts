/** MediaMTX from the archive of its release, verified. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { x as extract } from 'tar';
import { messageOf, RelayError } from '../errors.ts';
import { download, downloadText } from './download.ts';
import { type InstallMediamtxOptions, mediamtxVersion, parseSums, programName } from './mediamtx.ts';
import { run } from './run.ts';

const releases = 'https://github.com/bluenviron/mediamtx/releases/download';
const maxArchive = 200e6;
const maxProgram = 500e6;

/** Downloads, verifies and unpacks into `work`. `kept` are the sums of earlier installations. */
export async function fromArchive(
  work: string,
  kept: Readonly<Record<string, string>>,
  options: InstallMediamtxOptions,
): Promise<{ program: string; sums: Record<string, string> }> {
  const { env, report, signal } = options;
  const name = archiveName(process.platform, process.arch);
  if (!name) throw new Error(`release archive: there is none for ${process.platform} ${process.arch}`);
  const base = `${(options.from ?? (env.RELAY_MEDIAMTX_URL || releases)).replace(/\/+$/, '')}/${mediamtxVersion}`;
  const archive = join(work, name);
  const about = (what: string, maxBytes: number) => ({ report, name: what, maxBytes, signal });

  report.say(`fetching MediaMTX ${mediamtxVersion}: the release archive ${name}`);
  const listed = options.sha256
    ? undefined
    : parseSums(await downloadText(`${base}/checksums.sha256`, about('checksums.sha256', 1e5)))[name];
  const wanted = options.sha256?.toLowerCase() ?? listed;
  if (!wanted) throw new RelayError('RELAY_CHECKSUM', `${base}/checksums.sha256 does not list ${name}`);
  if (!options.sha256 && kept[name] !== undefined && kept[name] !== wanted) {
    throw new RelayError(
      'RELAY_CHECKSUM',
      `the sum of ${name} has changed since it was first installed: was ${kept[name]}, is ${wanted}`,
      { hint: `relay install mediamtx --force --sha256 <the sum that you trust>` },
    );
  }
  const sum = await download(`${base}/${name}`, archive, about(name, maxArchive));
  if (sum !== wanted) {
    throw new RelayError('RELAY_CHECKSUM', `${name} has the SHA-256 ${sum}, expected ${wanted}`, {
      hint: 'relay install mediamtx --from <url of another mirror>',
    });
  }
  return { program: await unpack(archive, join(work, 'unpacked'), options), sums: { [name]: sum } };
}

/** The one member that is wanted, and nothing else that the archive may hold. */
async function unpack(archive: string, folder: string, options: InstallMediamtxOptions): Promise<string> {
  const name = programName();
  await mkdir(folder);
  try {
    if (archive.endsWith('.zip')) {
      // The tar of Windows 10 and later reads zip files.
      await run(['tar', '-xf', archive, '-C', folder, name], options);
    } else {
      const wanted = (path: string, entry: object) =>
        path === name &&
        'type' in entry &&
        entry.type === 'File' &&
        'size' in entry &&
        Number(entry.size) <= maxProgram;
      await extract({ file: archive, cwd: folder, strict: true, filter: wanted });
    }
  } catch (error) {
    throw new RelayError('RELAY_INSTALL_FAILED', `release archive: can't be unpacked: ${messageOf(error)}`);
  }
  const program = join(folder, name);
  const info = await stat(program).catch(() => undefined);
  if (!info?.isFile()) throw new RelayError('RELAY_INSTALL_FAILED', `release archive: has no file ${name}`);
  return program;
}

/** How the release names the archive for this kind of machine. */
export function archiveName(
  platform: NodeJS.Platform,
  arch: string,
  arm: string = armVersion(),
): string | undefined {
  const kinds: Record<string, string> = {
    'linux x64': 'linux_amd64.tar.gz',
    'linux arm64': 'linux_arm64.tar.gz',
    'linux arm': arm === '6' ? 'linux_armv6.tar.gz' : 'linux_armv7.tar.gz',
    'darwin x64': 'darwin_amd64.tar.gz',
    'darwin arm64': 'darwin_arm64.tar.gz',
    'win32 x64': 'windows_amd64.zip',
  };
  const kind = kinds[`${platform} ${arch}`];
  return kind && `mediamtx_${mediamtxVersion}_${kind}`;
}

function armVersion(): string {
  return 'arm_version' in process.config.variables ? String(process.config.variables.arm_version) : '7';
}
