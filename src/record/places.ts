/** Where things lie below the folder of a sink, by names that the store takes. */

/** A ledger of one sink of one route; of a file that grows, how far it has come. */
export function ledgerPlace(kind: 'segments' | 'clips' | 'snapshots' | 'file', route: string): string {
  return `${kind}/${route.replaceAll('/', '~')}`;
}
