/** `hook:` of a route after validation: plain data that config, plan and worker share. */
import type { PixelFormat, Size } from './contract.ts';

/** Who answers for the frames. */
export type HookRunner =
  /** A TypeScript or JavaScript file (absolute), or one that comes with us: `relay:motion`. */
  | { by: 'module'; file: string }
  | { by: 'builtin'; name: string }
  /** A program that speaks the wire of docs/hook-wire.md; `dir`: where it is started. */
  | { by: 'command'; argv: string[]; dir: string }
  | { by: 'http'; url: string; dialect: HttpDialect; quality: number; inFlight: number };

/** `jpeg`: a JPEG by POST · `kserve`: the open inference protocol v2 with one image tensor. */
export type HttpDialect =
  | { name: 'jpeg' }
  | {
      name: 'kserve';
      model: string;
      input: string;
      /** Names of the output tensors: boxes N×4 (x1 y1 x2 y2), scores N, labels N; all optional but one. */
      outputs: { boxes?: string; scores?: string; labels?: string };
      /** Boxes below this score are not drawn. */
      threshold: number;
    };

export type Pick = { by: 'every'; frames: number } | { by: 'fps'; fps: number } | { by: 'keyframes' };

export type Hardware = 'none' | 'auto' | 'vaapi' | 'nvenc' | 'qsv' | 'videotoolbox';

export interface HookSpec {
  runner: HookRunner;
  /** `inline`: what the hook answers is the video · `overlay`: the video flows, its last answer is drawn on it. */
  mode: 'inline' | 'overlay';
  /** undefined: what the hook itself asks for, else yuv420p (http: the JPEG is made from it). */
  format?: PixelFormat;
  size?: Size;
  pick: Pick;
  whenBehind: 'latest' | 'drop-newest' | 'block';
  /** Seconds that one frame may take. */
  timeout: number;
  /**
   * What viewers see of a frame that the hook failed on, and while it is not there: `pass` the frame as it came ·
   * `hold` its last good picture · `stop` nothing, picture and sound, until it works again.
   */
  onError: 'pass' | 'hold' | 'stop';
  /** Seconds after which a result of mode overlay is no longer drawn. */
  fade: number;
  hardware: Hardware;
  /** Bytes that the hook's processes may hold together; beyond that it is restarted. */
  memory: number;
  /** Variables that its process gets besides the usual ones. */
  env: Record<string, string>;
  options: Record<string, unknown>;
}
