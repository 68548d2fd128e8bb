"""Runs line discipline cases from stdin (JSON) on a real pty of this machine and prints what each step gave.

A case: {"termios": [iflag, oflag, cflag, lflag, cc...], "steps": [["in", hex] | ["out", hex] | ["read", n] | ["set", termios]]}.
The first argument is how many ms to let the kernel's workers settle after a step. A step's result is the hex that the master saw after it, and for read the hex (or errno) that the slave got.
"""
import errno, fcntl, json, os, select, struct, sys, termios, time

TCSETS, FIONREAD, TIOCSPTLCK, TIOCGPTN = 0x5402, 0x541B, 0x40045431, 0x80045430


def set_termios(fd, t):
    fcntl.ioctl(fd, TCSETS, struct.pack('<IIIIB19s', *t[:4], 0, bytes(t[4:])))


SETTLE = int(sys.argv[1]) / 1000


def drain(fd):
    out = b''
    while True:
        ready, _, _ = select.select([fd], [], [], SETTLE)
        if not ready:
            return out
        out += os.read(fd, 65536)


def run(case):
    master = os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    fcntl.ioctl(master, TIOCSPTLCK, struct.pack('i', 0))
    n = struct.unpack('i', fcntl.ioctl(master, TIOCGPTN, b'\0\0\0\0'))[0]
    slave = os.open('/dev/pts/%d' % n, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    set_termios(slave, case['termios'])
    results = []
    for kind, argument in case['steps']:
        got = None
        if kind == 'in':
            os.write(master, bytes.fromhex(argument))
            time.sleep(SETTLE)
        elif kind == 'out':
            try:
                got = os.write(slave, bytes.fromhex(argument))
            except OSError as e:
                got = errno.errorcode[e.errno]
        elif kind == 'set':
            set_termios(slave, argument)
        else:
            available = struct.unpack('i', fcntl.ioctl(slave, FIONREAD, b'\0\0\0\0'))[0]
            try:
                got = [available, os.read(slave, argument).hex()]
            except OSError as e:
                got = [available, errno.errorcode[e.errno]]
        results.append([drain(master).hex(), got])
    os.close(slave)
    os.close(master)
    return results


json.dump([run(c) for c in json.load(sys.stdin)], sys.stdout)
