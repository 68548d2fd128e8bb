/** The hello-world image: one static x86-64 ELF file (elf(5)) assembled here byte by byte; it needs nothing but write and exit. */
import { tarEntry, tarFile } from './tar.mjs';

const MESSAGE = `
Hello from Drydock!
If you can read this, an image was pulled, unpacked and run on the emulator, and its output came back.

To get here:
 1. The client asked the engine for the image "hello-world".
 2. The engine fetched its manifest and layers, checked their digests and unpacked them.
 3. It made a container of it: a writable layer, a root filesystem, a Linux of its own.
 4. The program in it wrote this text, which went back to your terminal.

Something bigger to try:
 $ docker run -it debian bash

`;

/** A program that writes `text` to stdout and exits with 0. @param {string} text */
export function helloElf(text) {
  const BASE = 0x400000, HEADERS = 64 + 56;
  const code = Buffer.from([
    0xb8, 1, 0, 0, 0,                    // mov eax, 1 (write)
    0xbf, 1, 0, 0, 0,                    // mov edi, 1
    0x48, 0x8d, 0x35, 0, 0, 0, 0,        // lea rsi, [rip + message]
    0xba, 0, 0, 0, 0,                    // mov edx, length
    0x0f, 0x05,                          // syscall
    0xb8, 60, 0, 0, 0,                   // mov eax, 60 (exit)
    0x31, 0xff,                          // xor edi, edi
    0x0f, 0x05,                          // syscall
  ]);
  const message = Buffer.from(text);
  code.writeInt32LE(code.length - 17, 13);
  code.writeInt32LE(message.length, 18);
  const head = Buffer.alloc(HEADERS);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(2, 16);             // ET_EXEC
  head.writeUInt16LE(62, 18);            // EM_X86_64
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(BigInt(BASE + HEADERS), 24);
  head.writeBigUInt64LE(64n, 32);        // program headers follow
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(1, 64);             // PT_LOAD
  head.writeUInt32LE(5, 68);             // R X
  head.writeBigUInt64LE(BigInt(BASE), 80);
  head.writeBigUInt64LE(BigInt(BASE), 88);
  const size = BigInt(HEADERS + code.length + message.length);
  head.writeBigUInt64LE(size, 96);
  head.writeBigUInt64LE(size, 104);
  head.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([head, code, message]);
}

/** Its image. */
export function helloWorld() {
  return {
    tag: 'latest',
    layers: [{ tar: tarFile([tarEntry({ name: 'hello', mode: 0o755, data: helloElf(MESSAGE) })]), createdBy: 'COPY hello /' }],
    config: { Cmd: ['/hello'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], WorkingDir: '/' },
  };
}
