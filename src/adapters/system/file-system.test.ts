import { expect, test } from 'vitest';
import { unfitFileSystem } from './file-system.ts';

test.each([
  ['ext4', 0xef53, null],
  ['xfs', 0x58465342, null],
  ['btrfs', 0x9123683e, null],
  ['tmpfs', 0x01021994, null],
  ['overlay', 0x794c7630, null],
  ['nfs', 0x6969, 'NFS'],
  ['cifs', 0xff534d42, 'SMB'],
  ['cifs, signed', 0xff534d42 | 0, 'SMB'],
  ['sshfs', 0x65735546, 'FUSE'],
  ['9p', 0x01021997, '9p'],
])('%s', (_, type, name) => {
  expect(unfitFileSystem(type)).toBe(name);
});
