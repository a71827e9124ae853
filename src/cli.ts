#!/usr/bin/env node
import { main } from './commands/main.ts';

process.exitCode = await main(process.argv.slice(2), [
  {
    usage: 'run [file]',
    summary: 'Run what relay.yaml describes until it is stopped',
    load: () => import('./commands/run.ts'),
  },
  {
    usage: 'push <from> [to]',
    summary: 'Stream a file, picture, desktop or device without a relay.yaml',
    load: () => import('./commands/push.ts'),
  },
  {
    usage: 'check [file]',
    summary: 'Check relay.yaml; errors come with line and column',
    load: () => import('./commands/check.ts'),
  },
  {
    usage: 'plan [file]',
    summary: 'Show which processes and paths relay.yaml leads to, and why',
    load: () => import('./commands/plan.ts'),
  },
  {
    usage: 'probe <from>',
    summary: 'Show what a file or stream consists of, measured from its packets',
    load: () => import('./commands/probe.ts'),
  },
  {
    usage: 'transcode <in> <out>',
    summary: 'Turn a file into another format, frame by frame, with its sound in step',
    load: () => import('./commands/transcode.ts'),
  },
  {
    usage: 'hook',
    summary: 'Work on a frame hook without a camera',
    entries: [
      {
        usage: 'test [hook] [clip]',
        summary: 'Run a hook over every frame of a clip, and compare with a golden run',
        load: () => import('./commands/hook-test.ts'),
      },
      {
        usage: 'bench [hook] [clip]',
        summary: 'Show what decode, convert, hook and encode cost per frame',
        load: () => import('./commands/hook-bench.ts'),
      },
    ],
    examples: [
      ['$0 hook test ./people.ts clip.mp4', 'write clip.hooked.mp4, to look at'],
      ['$0 hook test clip.mp4 --route lobby', 'the hook of a route of relay.yaml'],
      ['$0 hook test ./people.ts clip.mp4 --golden golden', 'exit code 1 when a frame differs'],
      ['$0 hook bench clip.mp4 -- python3 faces.py', 'ms per frame by phase'],
    ],
  },
  {
    usage: 'recordings',
    summary: 'What was recorded: what there is, whether it is whole, one file of a span',
    entries: [
      {
        usage: 'list [route]',
        summary: 'Show segments, clips and gaps',
        load: () => import('./commands/recordings-list.ts'),
      },
      {
        usage: 'verify [route]',
        summary: 'Decode every file, and compare with what was noted when it was recorded',
        load: () => import('./commands/recordings-verify.ts'),
      },
      {
        usage: 'export <names..>',
        summary: 'Make one file of a span of time, without encoding anything',
        load: () => import('./commands/recordings-export.ts'),
      },
    ],
    examples: [
      ['$0 recordings list lobby --from -1h', 'the last hour of a route'],
      ['$0 recordings verify --fast', 'sizes, headers and joins of all routes'],
      ['$0 recordings export lobby --from -10m --to now lobby.mp4', 'the last ten minutes as one file'],
    ],
  },
  {
    usage: 'init [from..]',
    summary: 'Write a commented relay.yaml',
    load: () => import('./commands/init.ts'),
  },
  {
    usage: 'schema',
    summary: 'Print the JSON Schema of relay.yaml for editors',
    load: () => import('./commands/schema.ts'),
  },
  {
    usage: 'status',
    summary: 'Show what a running gateway does',
    load: () => import('./commands/status.ts'),
  },
  {
    usage: 'top',
    summary: 'Show it live, once a second',
    load: () => import('./commands/top.ts'),
  },
  {
    usage: 'event <route> <name>',
    summary: 'Tell a running gateway what happened: clips are cut around it',
    load: () => import('./commands/event.ts'),
  },
  {
    usage: 'reload',
    summary: 'Make a running gateway read its relay.yaml again',
    load: () => import('./commands/reload.ts'),
  },
  {
    usage: 'doctor [file]',
    summary: 'Look for what is missing on this machine, and say what helps',
    load: () => import('./commands/doctor.ts'),
  },
  {
    usage: 'install [what]',
    summary: 'Fetch ffmpeg and the media server where they are missing',
    load: () => import('./commands/install.ts'),
  },
]);
