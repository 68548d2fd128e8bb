/**
 * Typed errors, named as moby's errdefs names them. The engine maps each kind to an HTTP status in one place; everything
 * below it throws these with the text that a docker user is to read.
 */
export class DockerError extends Error {}

/** The request itself is wrong (400). */
export class InvalidParameter extends DockerError { override name = 'InvalidParameter'; }
/** 401. */
export class Unauthorized extends DockerError { override name = 'Unauthorized'; }
/** 403. */
export class Forbidden extends DockerError { override name = 'Forbidden'; }
/** 404. */
export class NotFound extends DockerError { override name = 'NotFound'; }
/** The request contradicts the present state (409). */
export class Conflict extends DockerError { override name = 'Conflict'; }
/** Something this engine does not do (501). */
export class NotImplemented extends DockerError { override name = 'NotImplemented'; }
/** A service that is needed does not answer (503). */
export class Unavailable extends DockerError { override name = 'Unavailable'; }
