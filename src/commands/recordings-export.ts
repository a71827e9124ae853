import { extname, relative } from 'node:path';
import { RelayError } from '../errors.ts';
import { type Exported, exportSpan, isExact } from '../recordings/export.ts';
import type { Recording } from '../recordings/places.ts';
import { readSpan, utc } from '../recordings/times.ts';
import { findFfmpeg } from '../tools/ffmpeg.ts';
import { createReport } from '../tools/report.ts';
import { createTether } from '../units/tether.ts';
import { defineCommand } from './command.ts';
import { findRecordings, onStop, placeOptions, spanOptions } from './recordings-args.ts';
import { printExported, printGap, printLost } from './recordings-print.ts';

export const command = defineCommand({
  builder: (yargs) =>
    placeOptions(
      spanOptions(
        yargs.positional('names', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'The route, where there are several, and the file to write: .mp4, .mkv or .ts',
        }),
      ),
    )
      .option('fast', {
        type: 'boolean',
        default: false,
        describe: 'Begin at the key frame before --from, in a fragmented MP4 file',
      })
      .example('$0 recordings export --from -10m last.mp4', 'the last ten minutes')
      .example(
        '$0 recordings export lobby --from 2026-11-21T18:09:02Z --to 2026-11-21T18:12Z lobby.mp4',
        'three minutes, to the frame',
      )
      .epilogue(
        'Pictures and sound are copied as they are, and gaps stay gaps of time. In .mp4 the first picture is the\n' +
          'first at or after --from; what it needs to be decoded is hidden. .mkv and .ts begin at a key frame.\n' +
          'Exit codes: 0 ok, 1 it failed, 2 wrong usage, 69 ffmpeg is missing, 130 stopped.',
      ),

  async handler({ names, fast, from, to, ...place }, io) {
    const { route, output } = named(names);
    const span = readSpan({ from, to: to ?? 'now' }, Date.now() / 1000);
    if (span.from === undefined || span.to === undefined)
      throw new RelayError('RELAY_USAGE', 'an export needs --from', {
        hint: 'relay recordings list shows what there is',
      });
    const recording = only(await findRecordings(place, route, io));
    if (!fast && !isExact({ output }, { fast }))
      io.say(`${extname(output)} files can't hide pictures: it begins at the key frame before --from`);
    const stop = new AbortController();
    const off = onStop(() => stop.abort(new Stopped()));
    const tether = createTether();
    const talk = createReport(process.stderr);
    try {
      const { signal } = stop;
      const done = await exportSpan(recording, {
        from: span.from,
        to: span.to,
        output,
        fast,
        signal,
        now: () => Date.now() / 1000,
        host: async () => ({ ffmpeg: (await findFfmpeg({ env: io.env })).path, tether, signal }),
        onProgress: (text) => talk.progress(text),
      });
      talk.end();
      tellGaps(done, io.say);
      if (done.unfinished !== undefined)
        io.say(`what comes after ${utc(done.unfinished)} is not in a finished segment yet`);
      io.out(printExported(done, relative('', done.file)));
      return 0;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      talk.end();
      io.say('stopped: nothing was written');
      return 130;
    } finally {
      off();
      talk.end();
      tether.close();
    }
  },
});

class Stopped extends Error {}

function tellGaps({ gaps, lost }: Exported, say: (text: string) => void): void {
  const told = [
    ...gaps.map((gap) => ({ at: gap.from, text: printGap(gap) })),
    ...lost.map((part) => ({ at: part.from, text: printLost(part) })),
  ].sort((a, b) => a.at - b.at);
  for (const { text } of told) say(text);
}

function named(names: readonly (string | number)[]): { route: string | undefined; output: string } {
  const [first = '', second, ...rest] = names.map(String);
  if (rest.length > 0 || first === '') {
    throw new RelayError('RELAY_USAGE', 'expected one route at most, and one file to write', {
      hint: 'relay recordings export --help shows examples',
    });
  }
  if (second === undefined && extname(first) === '') {
    throw new RelayError('RELAY_USAGE', `the file to write is missing behind ${first}`, {
      hint: `e.g. relay recordings export ${first} --from -10m ${first.replaceAll('/', '-')}.mp4`,
    });
  }
  return second === undefined ? { route: undefined, output: first } : { route: first, output: second };
}

/** Which one is meant must be clear. */
function only(all: readonly Recording[]): Recording {
  const segments = all.filter(({ kind }) => kind === 'segments');
  const [first, ...others] = segments;
  if (!first) {
    throw new RelayError('RELAY_USAGE', 'there are clips, but no segments to make a file of', {
      hint: 'a clip is a file already: relay recordings list --clips',
    });
  }
  if (others.length === 0) return first;
  const routes = [...new Set(segments.map(({ route }) => route))];
  throw routes.length > 1
    ? new RelayError('RELAY_USAGE', `several routes are recorded: ${routes.join(', ')}`, {
        hint: `name one: relay recordings export ${routes[0]} …`,
      })
    : new RelayError('RELAY_USAGE', `${first.route} is recorded more than once`, {
        hint: `name a folder: --dir ${first.dir}, or --dir ${others[0]!.dir}`,
      });
}
