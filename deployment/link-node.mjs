// Before version 11 npm takes the link node_modules/.bin/node away again, together with the optional package of the
// processor that this computer has not. Without it every script, and the service, would run on the system's Node,
// which is too old or is not there. Runs after each installation, on any Node.
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';

const binary = `node-${process.platform}-${process.arch}/bin/node`;
const link = 'node_modules/.bin/node';

if (existsSync(`node_modules/${binary}`) && !existsSync(link)) {
  mkdirSync('node_modules/.bin', { recursive: true });
  rmSync(link, { force: true });
  chmodSync(`node_modules/${binary}`, 0o755);
  symlinkSync(`../${binary}`, link);
}
