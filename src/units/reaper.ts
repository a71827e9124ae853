/**
 * Runs as a process of its own: hears on stdin which process groups live ("+pid", "-pid") and
 * kills those that are left when the pipe closes, which the kernel does however the gateway ends.
 * It travels as its own text, so it may use nothing from outside its braces.
 */
export function reap(): void {
  const groups = new Set<number>();
  let rest = '';
  process.stdin.setEncoding('latin1');
  process.stdin.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const pid = Number(line.slice(1));
      if (line.startsWith('+')) groups.add(pid);
      else groups.delete(pid);
    }
  });
  process.stdin.on('close', () => {
    for (const pid of groups) {
      try {
        process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
      } catch {
        // gone by itself
      }
    }
    process.exit(0);
  });
  // Signals meant for the gateway must not end its reaper: only the closed pipe does.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}
