/** Who holds a port, as far as /proc tells us. */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** "ffmpeg (pid 123)"; undefined where it can't be seen (another system, another user's process). */
export async function portHolder(port: number): Promise<string | undefined> {
  const inodes = new Set<string>();
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    const lines = (await readFile(`/proc/net/${table}`, 'latin1').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      const listens = table.startsWith('udp') || fields[3] === '0A';
      if (listens && Number.parseInt(fields[1]?.split(':')[1] ?? '', 16) === port)
        inodes.add(fields[9] ?? '');
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || !(await holds(pid, inodes))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return `${name.trim()} (pid ${pid})`;
  }
  return undefined;
}

async function holds(pid: string, inodes: Set<string>): Promise<boolean> {
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
