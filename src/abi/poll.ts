/** Events of poll(2), and how select(2) maps its three sets onto them (fs/select.c). struct pollfd is { fd: i32, events: i16, revents: i16 }. */

export const POLLIN = 0x1;
export const POLLPRI = 0x2;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
export const POLLRDNORM = 0x40;
export const POLLRDBAND = 0x80;
export const POLLWRNORM = 0x100;
export const POLLWRBAND = 0x200;
export const POLLMSG = 0x400;
export const POLLRDHUP = 0x2000;

/** Readable and writable, as files mean them. */
export const READABLE = POLLIN | POLLRDNORM;
export const WRITABLE = POLLOUT | POLLWRNORM;

export const POLLFD_SIZE = 8;

export const SELECT_IN = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
export const SELECT_OUT = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;
export const SELECT_EX = POLLPRI;
/** Descriptors an fd_set holds. */
export const FD_SETSIZE = 1024;
