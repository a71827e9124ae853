/** The supervisor's patience, in milliseconds. Tests shorten it; nobody else needs to. */
export interface Timing {
  /** Between two looks at all units. */
  tick: number;
  /** From the start of an ffmpeg to its first media, and the same for one that reads from a network. */
  start: number;
  startNetwork: number;
  /** Beyond the stall limit: how long an ffmpeg may run while the server does not see its paths. */
  offline: number;
  /** From the start of a worker to its first word. */
  workerStart: number;
  /** Without a word of the recorder, whose figures come each second. */
  recorderSilence: number;
  /** How long a publisher waits until the recorder has looked at the folders of its paths. */
  recorderLook: number;
  /** Without a recorder, until nothing is recorded any more: nobody removes what the server writes. */
  recorderAway: number;
  /** Until a call to the server's API counts as unanswered; three in a row and it hangs. */
  api: number;
  /** Until a server that was started must answer. */
  serverStart: number;
  /** Between two looks at the paths while processes start, while something is not ready, and otherwise. */
  pollStarting: number;
  pollUnready: number;
  poll: number;
  /** All of a stop; what still runs is killed then. */
  stop: number;
}

export const TIMING: Timing = {
  tick: 250,
  start: 15_000,
  startNetwork: 20_000,
  offline: 5000,
  workerStart: 15_000,
  recorderSilence: 5000,
  recorderLook: 3000,
  recorderAway: 60_000,
  api: 1000,
  serverStart: 10_000,
  pollStarting: 100,
  pollUnready: 250,
  poll: 1000,
  stop: 10_000,
};
