/** The parts of the file, each checked by itself: an error in one doesn't hide those of the others. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { HookSpec } from '../hooks/spec.ts';
import type { Sink } from '../kinds/sinks/index.ts';
import { type Source, sourceKinds } from '../kinds/sources/index.ts';
import { sourceSchemes } from '../kinds/sources/url.ts';
import { formOf } from './choice.ts';
import type { Address, Protocol, Route, ServerConfig, ToolsConfig } from './config.ts';
import type { Path, Report } from './diagnostic.ts';
import { explain, reportIssues, reportKey } from './explain.ts';
import type { HookForm } from './hook-schema.ts';
import { readHook } from './read-hook.ts';
import { readSinks } from './read-sinks.ts';
import * as schema from './schema.ts';
import { addUrlSecrets } from './secrets.ts';
import type { Tree } from './tree.ts';
import { urlProblem } from './url.ts';
import { nameProblem } from './values.ts';

const defaults = {
  rtsp: { host: '127.0.0.1', port: 8554 },
  rtmp: { host: '127.0.0.1', port: 1935 },
  hls: { host: '127.0.0.1', port: 8888 },
  webrtc: { host: '127.0.0.1', port: 8889 },
  srt: false,
  api: { host: '127.0.0.1', port: 9980 },
} as const;

type Entries = Record<string, unknown>;

export class Reader {
  readonly tree: Tree;
  readonly report: Report;
  /** Where each sink of a route is written, for errors that only show when all are known. */
  readonly places = new Map<Sink, Path>();
  readonly #dir: string;
  #api: Address | false = defaults.api;

  constructor(tree: Tree, report: Report, dir: string) {
    this.tree = tree;
    this.report = report;
    this.#dir = dir;
  }

  /** Reports an error at the value of a path, or at its key. */
  fail(path: Path, message: string, hint?: string, where: 'value' | 'key' = 'value'): undefined {
    const at = where === 'key' ? this.tree.keyPositionOf : this.tree.positionOf;
    this.report.add(() => at(path), path, message, hint);
  }

  /** The entries at the top, and below sources and routes; no entries where there is no map. */
  entries(section?: string): Entries {
    const top = this.tree.value;
    const value = section === undefined ? top : formOf(top) === 'map' ? (top as Entries)[section] : undefined;
    return formOf(value) === 'map' ? (value as Entries) : {};
  }

  checkKeys(): void {
    const { value } = this.tree;
    if (value === null) this.fail([], 'the file is empty', 'relay init writes a commented relay.yaml');
    else if (formOf(value) === 'map') this.#checkKeys(schema.file.shape, this.entries(), []);
    else if (value !== undefined) this.fail([], 'expected a map with keys such as sources and routes');
  }

  server(): ServerConfig {
    const written: unknown = this.entries().server ?? {};
    const { fields } = this.#fields(schema.server.shape, written, ['server']);
    // A listener with an error in it is none, so that its default clashes with nothing.
    const listen = (key: Protocol) =>
      fields[key] ?? (formOf(written) !== 'map' || key in (written as Entries) ? false : defaults[key]);
    const { users = [], binary, driver = 'mediamtx' } = fields;
    return {
      driver,
      listen: {
        rtsp: listen('rtsp'),
        rtmp: listen('rtmp'),
        hls: listen('hls'),
        webrtc: listen('webrtc'),
        srt: listen('srt'),
      },
      users: users.map(({ read = true, publish = false, ...user }) => ({ ...user, read, publish })),
      ...(binary !== undefined && { binary: resolve(this.#dir, binary) }),
    };
  }

  tools(): ToolsConfig {
    const { ffmpeg, ffprobe } = this.#section('tools', schema.file.shape.tools) ?? {};
    return {
      ...(ffmpeg !== undefined && { ffmpeg: resolve(this.#dir, ffmpeg) }),
      ...(ffprobe !== undefined && { ffprobe: resolve(this.#dir, ffprobe) }),
    };
  }

  api(): Address | false {
    this.#api = this.#section('api', schema.file.shape.api)?.listen ?? defaults.api;
    return this.#api;
  }

  stall(): number {
    return this.#section('stall', schema.file.shape.stall) ?? 5;
  }

  sources(): Record<string, Source> {
    return this.#map('sources', 'source', (name, value) => {
      const path = ['sources', name];
      const long = this.#parse(schema.source, value, path);
      if (long === undefined) return undefined;
      const kind = Object.keys(sourceKinds).find((each) =>
        Object.hasOwn(long as Entries, each),
      ) as Source['kind'];
      const source = this.#resolve(kind, long, path);
      if (source?.kind === 'url' && !this.#checkSourceUrl(source.url, value, path)) return undefined;
      const problem = source?.kind === 'publish' && source.path !== undefined && nameProblem(source.path);
      return problem ? this.fail([...path, 'publish'], problem) : source;
    });
  }

  routes(): Record<string, Route> {
    const { routes = null } = this.entries();
    const empty =
      routes === null || (formOf(routes) === 'map' && Object.keys(this.entries('routes')).length === 0);
    if (empty && formOf(this.tree.value) === 'map' && !this.#isReported('routes')) {
      const example = 'e.g. routes: { lobby: { from: lobby } }';
      this.fail(['routes'], 'there are no routes, so nothing would be served', example, 'key');
    }
    return this.#map('routes', 'route', (name, value) => {
      const path = ['routes', name];
      if (value === null) return this.fail(path, 'is empty', 'e.g. { from: <source> }', 'key');
      const long = typeof value === 'string' ? { from: value } : value;
      const { fields, ok } = this.#fields(schema.routeMap.shape, long, path);
      const { from, split = false, video = { mode: 'auto' }, audio = { mode: 'auto' } } = fields;
      const to = readSinks(name, fields.to ?? [], value, { reader: this, dir: this.#dir, api: this.#api });
      const hook = fields.hook && this.#hook(fields.hook, value as Entries, path);
      if (!ok || from === undefined || (fields.hook && !hook)) return undefined;
      return { name, from, split, video, audio, ...(hook && { hook }), to };
    });
  }

  /** Reading the section found an error already. */
  #isReported(section: string): boolean {
    const top = this.entries();
    return section in top && top[section] === undefined;
  }

  #hook(form: HookForm, written: Entries, route: Path): HookSpec | undefined {
    const { spec, problem } = readHook(form, { dir: this.#dir, api: this.#api, report: this.report });
    if (spec) return spec;
    const short = typeof written['hook'] === 'string';
    return this.fail([...route, 'hook', ...(short ? [] : [problem.key])], problem.message, problem.hint);
  }

  #resolve(kind: Source['kind'], long: unknown, path: Path): Source | undefined {
    try {
      return sourceKinds[kind].resolve(long as never, { dir: this.#dir });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.fail([...path, kind], error.message);
    }
  }

  #checkSourceUrl(url: string, written: unknown, path: Path): boolean {
    const short = typeof written === 'string';
    const problem = urlProblem(url, sourceSchemes, this.#api);
    if (!problem) {
      addUrlSecrets(this.report.secrets, url);
      return true;
    }
    this.fail(short ? path : [...path, 'url'], problem.message, problem.hint ?? longForm(url));
    return false;
  }

  /** One entry after the other, into a map without prototype. */
  #map<Value>(
    section: 'sources' | 'routes',
    word: string,
    read: (name: string, value: unknown) => Value | undefined,
  ): Record<string, Value> {
    const result: Record<string, Value> = Object.create(null);
    const form =
      formOf(this.tree.value) === 'map' ? formOf((this.tree.value as Entries)[section]) : 'nothing';
    if (form !== 'map' && form !== 'nothing') this.fail([section], `expected a map of ${word}s by name`);
    const entries = Object.entries(this.entries(section));
    if (entries.length > schema.most) {
      this.fail([section], `${entries.length} ${word}s; the limit is ${schema.most}`, undefined, 'key');
      return result;
    }
    for (const [name, value] of entries) {
      if (value === undefined) continue;
      const problem = nameProblem(name);
      if (problem)
        this.fail([section, name], `this can not be the name of a ${word}: ${problem}`, undefined, 'key');
      const entry = read(name, value);
      if (entry !== undefined && !problem) result[name] = entry;
    }
    return result;
  }

  #section<Output>(key: string, type: z.ZodType<Output>): Output | undefined {
    const value = this.entries()[key];
    // An empty section is one with every default.
    return value === undefined || value === null ? undefined : this.#parse(type, value, [key]);
  }

  /** Each key of a map by itself, so that one error doesn't hide another. */
  #fields<Shape extends z.ZodRawShape>(shape: Shape, value: unknown, base: Path) {
    const fields: Partial<z.output<z.ZodObject<Shape>>> = {};
    if (formOf(value) !== 'map') {
      this.#parse(z.strictObject({}), value, base);
      return { fields, ok: false };
    }
    let ok = this.#checkKeys(shape, value as Entries, base);
    for (const [key, type] of Object.entries(shape)) {
      const field = (value as Entries)[key];
      if (field === undefined && !(key in (value as Entries)) && type._zod.optin === 'optional') continue;
      const parsed = this.#check(type as unknown as z.ZodType, field, [...base, key]);
      if (parsed.ok) Object.assign(fields, { [key]: parsed.data });
      else ok = false;
    }
    return { fields, ok };
  }

  /** Keys that are not in the shape are reported. */
  #checkKeys(shape: z.ZodRawShape, value: Entries, base: Path): boolean {
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(shape, key));
    for (const key of unknown) reportKey(key, Object.keys(shape), [...base, key], this.tree, this.report);
    return unknown.length === 0;
  }

  #parse<Output>(type: z.ZodType<Output>, value: unknown, base: Path): Output | undefined {
    const result = this.#check(type, value, base);
    return result.ok ? result.data : undefined;
  }

  /** A value that came whole from the environment is text; where text doesn't fit, it is tried as number or switch. */
  #check<Output>(
    type: z.ZodType<Output>,
    value: unknown,
    base: Path,
  ): { ok: true; data: Output } | { ok: false } {
    const first = type.safeParse(value, { error: explain });
    if (first.success) return { ok: true, data: first.data };
    const changed = this.#fromEnvironment(first.error.issues, value, base);
    const result = changed === undefined ? first : type.safeParse(changed, { error: explain });
    if (result.success) return { ok: true, data: result.data };
    reportIssues(result.error.issues, base, this.tree, this.report);
    return { ok: false };
  }

  #fromEnvironment(issues: readonly z.core.$ZodIssue[], value: unknown, base: Path): unknown {
    const places = issues.map(({ path }) => path.map(String));
    const whole = places.filter((path) => this.tree.whole.has([...base, ...path].join('\0')));
    if (whole.length === 0) return undefined;
    const root = structuredClone({ value });
    for (const path of whole) replaceText(root, ['value', ...path]);
    return root.value;
  }
}

function replaceText(root: object, path: Path): void {
  let parent = root as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) parent = parent[step] as Record<string | number, unknown>;
  const text = parent[path.at(-1)!];
  if (text === 'true' || text === 'false') parent[path.at(-1)!] = text === 'true';
  else if (typeof text === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(text))
    parent[path.at(-1)!] = Number(text);
}

/** What somebody means who wrote a file name where a URL belongs. */
function longForm(text: string): string | undefined {
  if (text.startsWith('-') || /^[A-Za-z][A-Za-z0-9+.-]+:/.test(text)) return undefined;
  if (/\.(png|jpe?g|bmp|webp|gif)$/i.test(text)) return `for a picture write { image: ${text} }`;
  if (text.startsWith('/dev/')) return `for a device write { device: ${text} }`;
  return `for a file write { file: ${text} }`;
}
