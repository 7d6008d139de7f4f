/** `f_type` of statfs(2), from linux/magic.h. */
const UNFIT: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
]);

/**
 * Kinds of file systems that may number one file anew while it is open, or lock it on one host alone: SQLite tells
 * its own files apart by those numbers, and so does the watch over the database file.
 * @param type as Node gives it: some platforms sign it
 * @returns its name; null for one that a database may lie on
 */
export const unfitFileSystem = (type: number): string | null => UNFIT.get(type >>> 0) ?? null;
