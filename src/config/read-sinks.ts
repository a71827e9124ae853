/** `to:` of a route → its sinks: paths and remote servers by their text, what goes to disk by its key. */
import { type DiskSink, diskSinks, type Sink, textSinks } from '../kinds/sinks/index.ts';
import { remoteSchemes } from '../kinds/sinks/remote.ts';
import type { Address } from './config.ts';
import type { Path } from './diagnostic.ts';
import type { Reader } from './read.ts';
import type { DiskForm } from './schema.ts';
import { addStreamKey, addUrlSecrets } from './secrets.ts';
import { urlProblem } from './url.ts';
import { nameProblem } from './values.ts';

interface Context {
  reader: Reader;
  /** Folder of relay.yaml: relative file names start there. */
  dir: string;
  api: Address | false;
}

/** @param written the route as it stands in the file */
export function readSinks(
  route: string,
  entries: (string | DiskForm)[],
  written: unknown,
  context: Context,
): Sink[] {
  const { reader } = context;
  const listed = Array.isArray(Object(written).to);
  const sinks: Sink[] = [];
  for (const [index, entry] of entries.entries()) {
    const place = ['routes', route, 'to', ...(listed ? [index] : [])];
    const sink =
      typeof entry === 'string' && entries.indexOf(entry) < index
        ? reader.fail(place, 'stands here twice')
        : readSink(entry, place, context);
    if (!sink) continue;
    sinks.push(sink);
    reader.places.set(sink, place);
  }
  // Remote servers and files get a copy of what the own path serves.
  return sinks.some((sink) => sink.kind === 'path') ? sinks : [{ kind: 'path', path: route }, ...sinks];
}

function readSink(entry: string | DiskForm, place: Path, context: Context): Sink | undefined {
  if (typeof entry === 'string') return readText(entry, place, context);
  const kind = Object.keys(entry)[0] as DiskSink['kind'];
  return diskSinks[kind].resolve(entry[kind] as never, { dir: context.dir });
}

function readText(text: string, place: Path, { reader, api }: Context): Sink | undefined {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) {
    const problem = nameProblem(text);
    if (problem) {
      return reader.fail(place, `this is neither a path nor the URL of a remote server: ${problem}`);
    }
    return textSinks.path.resolve(text);
  }
  const problem = urlProblem(text, remoteSchemes, api);
  if (problem) return reader.fail(place, problem.message, problem.hint);
  addUrlSecrets(reader.report.secrets, text);
  addStreamKey(reader.report.secrets, text);
  return textSinks.remote.resolve(text);
}
