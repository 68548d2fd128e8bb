/** The extended attributes by which an upper directory says how it lies over the layers (Linux: ovl_xattr). */
import { decodeName, encodeName } from '../../vfs/name.ts';

export const PRIVATE_PREFIX = 'trusted.overlay.';
/** It hides what the layers have under its name. */
export const OPAQUE = 'trusted.overlay.opaque';
/** It has been moved: this is where in the layers it comes from. */
export const REDIRECT = 'trusted.overlay.redirect';

/** A path in the layers, without leading slash, as a value of REDIRECT and back. */
export function encodePath(path: string): Uint8Array { return encodeName(`/${path}`); }
export function decodePath(value: Uint8Array): string { return decodeName(value).slice(1); }
