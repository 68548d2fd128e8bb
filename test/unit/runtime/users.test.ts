import { describe, expect, it } from 'vitest';
import { resolveUser } from '../../../src/runtime/users.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:\n# comment\nbroken\n123:x:5:5::/odd:\n';
const group = 'root:x:0:\nstaff:x:1001:\nwheel:x:10:root,alice\n';
const resolve = (spec: string, more: string[] = [], p: string | undefined = passwd, g: string | undefined = group): object => { try { return resolveUser(spec, p, g, more); } catch (e) { return e as object; } };

describe('docker run --user', () => {
  it.each([
    ['', { uid: 0, gid: 0, groups: [0, 10], home: '/root', name: 'root' }],
    ['alice', { uid: 1000, gid: 1001, groups: [1001, 10], home: '/home/alice', name: 'alice' }],
    ['1000', { uid: 1000, gid: 1001, groups: [1001, 10], home: '/home/alice', name: 'alice' }],
    ['1000:10', { uid: 1000, gid: 10, groups: [10], home: '/home/alice', name: 'alice' }],
    ['alice:wheel', { uid: 1000, gid: 10, groups: [10], home: '/home/alice', name: 'alice' }],
    ['4242', { uid: 4242, gid: 0, groups: [0], home: '/', name: '' }],
    ['4242:4343', { uid: 4242, gid: 4343, groups: [4343], home: '/', name: '' }],
    ['123', { uid: 5, gid: 5, groups: [5], home: '/odd', name: '123' }],
    ['foo', { code: 'EUSER', message: 'unable to find user foo: no matching entries in passwd file' }],
    ['alice:foo', { code: 'EUSER', message: 'unable to find group foo: no matching entries in group file' }],
    ['3000000000', { code: 'EUSER', message: 'uids and gids must be in range 0-2147483647' }],
  ])('%j', (spec, want) => { expect(resolve(spec)).toEqual(want); });

  it('works without the files, and adds groups', () => {
    expect(resolve('', [], '', '')).toEqual({ uid: 0, gid: 0, groups: [0], home: '/', name: '' });
    expect(resolve('alice', ['77', 'staff', 'wheel'])).toMatchObject({ groups: [10, 77, 1001] });
    expect(resolve('', ['nope'])).toEqual({ code: 'EUSER', message: 'Unable to find group nope' });
  });
});
