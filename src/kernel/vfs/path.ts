/** A place in the tree of mounts: a dentry seen through a mount (path_resolution(7)). */
import type { Dentry } from './dentry.ts';
import type { Mount } from './mount.ts';

export interface Path { readonly mount: Mount; readonly dentry: Dentry }
