/** What can come in. A new kind is one file beside this one and one line in each of the two tables. */
import { type DesktopSource, desktop } from './desktop.ts';
import { type DeviceSource, device } from './device.ts';
import { type FileSource, file } from './file.ts';
import { type ImageSource, image } from './image.ts';
import { type MergeSource, merge } from './merge.ts';
import { type PublishSource, publish } from './publish.ts';
import type { SourceKind } from './source.ts';
import { type TestSource, test } from './test.ts';
import { type UrlSource, url } from './url.ts';

export type Source =
  | UrlSource
  | FileSource
  | ImageSource
  | DesktopSource
  | DeviceSource
  | TestSource
  | PublishSource
  | MergeSource;

export const sourceKinds = { url, file, image, desktop, device, test, publish, merge } as const satisfies {
  [Kind in Source['kind']]: SourceKind<Extract<Source, { kind: Kind }>>;
};

/** The kind of a source, typed as one that takes any of them (each source goes to its own kind only). */
export function kindOf(source: Source): SourceKind<Source> {
  return sourceKinds[source.kind] as unknown as SourceKind<Source>;
}
