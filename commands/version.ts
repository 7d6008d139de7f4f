import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';

export const version = defineCommand({
  name: 'version',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'Versions of bot, engine and model',
  example: '/version',
  parse: none,
  run: ({ service }) => {
    const view = service.version();
    return {
      title: `Guardian Bot ${view.version}`,
      blocks: [
        {
          kind: 'fields',
          rows: [
            ['Mode', view.mode],
            ['Engine', view.engineVersion],
            ['Model', view.model === null ? 'none' : view.model.name],
            ...(view.model === null
              ? []
              : [['Hash', view.model.hash.slice(0, 12)] as const, ['For', view.model.purpose] as const]),
            ['Node', view.node],
          ],
        },
      ],
    };
  },
});
