/**
 * Credentials of a task (credentials(7), capabilities(7)). Objects are immutable: a change makes a new one, so that files,
 * sockets and /proc may keep what they saw.
 */
import { type CapSet, DOCKER_CAPS, NO_CAPS } from '../../abi/capability.ts';

/** Fields of a Credentials object. */
export interface CredentialFields {
  uid: number; euid: number; suid: number; fsuid: number;
  gid: number; egid: number; sgid: number; fsgid: number;
  groups: readonly number[];
  permitted: CapSet; effective: CapSet; inheritable: CapSet; bounding: CapSet; ambient: CapSet;
  /** SECBIT_* of prctl(2). */
  securebits: number;
  keepCaps: boolean;
}

const SECBIT_NOROOT = 1, SECBIT_NO_SETUID_FIXUP = 4;

export class Credentials implements CredentialFields {
  readonly uid!: number; readonly euid!: number; readonly suid!: number; readonly fsuid!: number;
  readonly gid!: number; readonly egid!: number; readonly sgid!: number; readonly fsgid!: number;
  readonly groups!: readonly number[];
  readonly permitted!: CapSet; readonly effective!: CapSet; readonly inheritable!: CapSet; readonly bounding!: CapSet; readonly ambient!: CapSet;
  readonly securebits!: number;
  readonly keepCaps!: boolean;

  constructor(fields: CredentialFields) { Object.assign(this, fields); }

  /** A process of a container: root has `caps`, other users have them in the bounding set only. */
  static user(uid: number, gid: number, groups: readonly number[] = [], caps: CapSet = DOCKER_CAPS): Credentials {
    const held = uid === 0 ? caps : NO_CAPS;
    return new Credentials({
      uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid, groups,
      permitted: held, effective: held, inheritable: NO_CAPS, bounding: caps, ambient: NO_CAPS, securebits: 0, keepCaps: false,
    });
  }

  with(change: Partial<CredentialFields>): Credentials { return new Credentials({ ...this, ...change }); }

  /** True when capability `cap` is effective. */
  has(cap: number): boolean { return (this.effective >> BigInt(cap) & 1n) === 1n; }

  /** True when `gid` is the filesystem group or a supplementary one. */
  inGroup(gid: number): boolean { return this.fsgid === gid || this.groups.includes(gid); }

  /** New user ids with the capability changes that setuid(2) and its kin bring (capabilities(7), "Effect of user ID changes"). */
  withUids(uid: number, euid: number, suid: number, fsuid: number): Credentials {
    let { permitted, effective, ambient } = this;
    if (!(this.securebits & SECBIT_NO_SETUID_FIXUP)) {
      const hadRoot = this.uid === 0 || this.euid === 0 || this.suid === 0;
      if (hadRoot && uid !== 0 && euid !== 0 && suid !== 0) {
        if (!this.keepCaps) permitted = effective = NO_CAPS;
        ambient = NO_CAPS;
      }
      if (this.euid === 0 && euid !== 0) effective = NO_CAPS;
      if (this.euid !== 0 && euid === 0) effective = permitted;
    }
    return this.with({ uid, euid, suid, fsuid, permitted, effective, ambient });
  }

  /** What execve(2) of a file without file capabilities makes of these; ids are those after set-user-ID. */
  afterExec(euid: number, egid: number): Credentials {
    const root = !(this.securebits & SECBIT_NOROOT) && (euid === 0 || this.uid === 0);
    const privileged = euid !== this.uid || egid !== this.gid;
    const ambient = privileged ? NO_CAPS : this.ambient;
    const permitted = root ? this.inheritable | this.bounding : ambient;
    const effective = root && euid === 0 ? permitted : ambient;
    return this.with({ euid, suid: euid, fsuid: euid, egid, sgid: egid, fsgid: egid, permitted, effective, ambient, keepCaps: false });
  }
}
