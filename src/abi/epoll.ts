/** epoll(7): operations, flags and struct epoll_event, which is packed on x86-64 ({ events: u32, data: u64 }, 12 bytes). */

export const EPOLL_CLOEXEC = 0o2000000;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLWAKEUP = 1 << 29;
export const EPOLLONESHOT = 1 << 30;
export const EPOLLET = 1 << 31;
/** Bits of `events` that are not poll events. */
export const EPOLL_PRIVATE_BITS = EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET;

export const EPOLL_EVENT_SIZE = 12;
