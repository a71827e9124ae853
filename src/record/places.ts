/** Where things lie below the folder of a sink, by names that the store takes. */

/** A ledger of one sink of one route. */
export function ledgerPlace(kind: 'segments' | 'clips' | 'snapshots', route: string): string {
  return `${kind}/${route.replaceAll('/', '~')}`;
}
