/** The Cpu contract on small programs: exits, precise faults, self-modifying code, shared pages, budgets. Instructions are tested against the processor elsewhere. */
import { describe, expect, test } from 'vitest';
import { Exit, Reg, Vector } from '../../../src/cpu/cpu.ts';
import { assemble, BareSpace, CODE, DATA, load, newCpu, R, run, STACK_TOP, W, X, type Program } from './machine.ts';

const start = (source: string): Program => load(assemble(source));
const get = (p: Program, reg: keyof typeof Reg): number => p.cpu.state.get(Reg[reg]);
const BUDGET = 1_000_000;

describe('programs', () => {
  test('loops, calls, stack', () => {
    const p = run(`
      mov edi, 20
      call fib
      jmp done
    fib:
      cmp edi, 2
      jge 1f
      mov eax, edi
      ret
    1: push rbx
      push rdi
      dec edi
      call fib
      mov ebx, eax
      pop rdi
      sub edi, 2
      call fib
      add eax, ebx
      pop rbx
      ret
    done:`);
    expect(get(p, 'rax')).toBe(6765);
    expect(get(p, 'rsp')).toBe(STACK_TOP - 256);
  });

  test('flags survive a block boundary and a call', () => {
    const p = run(`
      xor ebx, ebx
      mov eax, 5
      cmp eax, 7
      jmp 1f
    1: call f
      setl bl
      jmp 2f
    f: lea rcx, [rip]
      ret
    2:`);
    expect(get(p, 'rbx')).toBe(1);
  });

  test('a flag of a comparison that was fused with a jump is still there', () => {
    const p = run(`
      mov eax, 1
      cmp eax, 2
      jne 1f
      ud2
    1: setb dl
      setl dh
      sbb eax, eax`);
    expect(get(p, 'rdx') & 0xffff).toBe(0x101);
    expect(get(p, 'rax')).toBe(0xffffffff);
  });

  test('syscall saves the return address and flags', () => {
    const p = run('stc');
    expect(get(p, 'rcx')).toBe(p.cpu.state.rip);
    expect(get(p, 'r11') & 0x203).toBe(0x203);
  });
});

describe('exits', () => {
  const cases: [string, Vector, number][] = [['int3', Vector.BP, 1], ['ud2', Vector.UD, 0], ['hlt', Vector.GP, 0], ['xor ecx, ecx\ndiv ecx', Vector.DE, 2], ['int 0x80', Vector.GP, 0], ['cli', Vector.GP, 0]];
  test.each(cases)('%s', (source, vector, at) => {
    const p = start(source);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Fault);
    expect(p.cpu.fault.vector).toBe(vector);
    expect(p.cpu.state.rip).toBe(CODE + at);
  });

  test('an unmapped jump target faults there', () => {
    const p = start('mov eax, 0x12345678\njmp rax');
    expect(p.cpu.run(BUDGET)).toBe(Exit.Fault);
    expect(p.cpu.fault).toEqual({ vector: Vector.PF, address: 0x12345678, access: 4 });
    expect(p.cpu.state.rip).toBe(0x12345678);
  });

  test('unknown instructions are #UD and logged once by their bytes', () => {
    const { cpu, log } = newCpu();
    load(Uint8Array.of(0x06, 0x90, 0x90), cpu, log);
    for (let k = 0; k < 2; k++) {
      expect(cpu.run(BUDGET)).toBe(Exit.Fault);
      expect(cpu.fault.vector).toBe(Vector.UD);
    }
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('06 90 90');
  });

  test('a budget ends an endless loop, and it goes on where it was', () => {
    const p = start('1: inc rax\njmp 1b');
    expect(p.cpu.run(1000)).toBe(Exit.Interrupted);
    const first = get(p, 'rax');
    expect(first).toBeGreaterThan(400);
    expect(first).toBeLessThan(600);
    p.cpu.run(1000);
    expect(get(p, 'rax')).toBeGreaterThan(first + 400);
    expect(p.cpu.counters.instructions).toBeGreaterThan(1990);
  });

  test('interrupt() from a page fault handler ends the run', () => {
    const p = start(`mov ebx, ${DATA}\n1: mov eax, [rbx]\ninc rcx\njmp 1b`);
    const resolve = p.space.resolve.bind(p.space);
    p.space.resolve = (page, access) => { if (page === DATA) p.cpu.interrupt(); return resolve(page, access); };
    expect(p.cpu.run(1e9)).toBe(Exit.Interrupted);
    expect(get(p, 'rcx')).toBe(1);
    expect(p.cpu.counters.instructions).toBeLessThan(100);
  });
});

describe('memory', () => {
  test('a fault changes nothing, and the instruction can be run again', () => {
    const p = start(`mov ebx, ${DATA + 0xfffc}\nmov rax, 0x1122334455667788\nadd [rbx], rax\nsyscall`);
    p.space.write(DATA + 0xfffc, Uint8Array.of(1, 0, 0, 0));
    expect(p.cpu.run(BUDGET)).toBe(Exit.Fault);
    expect(p.cpu.fault).toEqual({ vector: Vector.PF, address: DATA + 0x10000, access: 2 });
    expect([...p.space.read(DATA + 0xfffc, 4)]).toEqual([1, 0, 0, 0]);
    p.space.map(DATA + 0x10000, 4096, R | W);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect([...p.space.read(DATA + 0xfffc, 8)]).toEqual([0x89, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
  });

  test('addresses above 4 GiB', () => {
    const high = 0xc000000000;
    const p = start(`mov rbx, ${high}\nmov rcx, 0x1234567890abcdef\n mov [rbx + 4092], rcx\nmov rdx, [rbx + 4092]\nmov al, [rbx + 4096]\nsyscall`);
    p.space.map(high, 8192, R | W);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect(p.cpu.state.getBig(Reg.rdx)).toBe(0x1234567890abcdefn);
    expect(get(p, 'rax') & 255).toBe(0x78);
    p.space.pages.clear();
    p.cpu.mmu.invalidate(p.space, high, 8192);
    p.cpu.state.rip = CODE;
    p.space.map(CODE, 4096, R | X);
    p.space.write(CODE, assemble(`mov rbx, ${high}\nmov [rbx], rcx`));
    p.cpu.mmu.invalidateAll(p.space);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Fault);
    expect(p.cpu.fault.address).toBe(high);
  });

  test('a non-canonical address is #GP', () => {
    const p = start('mov rbx, 0x800000000000\nmov eax, [rbx]');
    expect(p.cpu.run(BUDGET)).toBe(Exit.Fault);
    expect(p.cpu.fault.vector).toBe(Vector.GP);
  });

  test('rep movs and stos over pages, faulting in the middle', () => {
    const p = start(`cld\nmov edi, ${DATA + 0xe000}\nmov ecx, 0x3000\nmov al, 7\nrep stosb\nsyscall`);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Fault);
    expect([get(p, 'rdi'), get(p, 'rcx')]).toEqual([DATA + 0x10000, 0x1000]);
    p.space.map(DATA + 0x10000, 0x1000, R | W);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect(p.space.read(DATA + 0xe000, 0x3000).every((x) => x === 7)).toBe(true);
  });

  test('an overlapping rep movsb repeats its pattern', () => {
    const p = run(`mov esi, ${DATA}\nlea edi, [rsi + 3]\nmov ecx, 30\nmov dword ptr [rsi], 0x00434241\nrep movsb`);
    expect(String.fromCharCode(...p.space.read(DATA, 33))).toBe('ABC'.repeat(11));
  });

  test('a long rep can be interrupted', () => {
    const p = start(`mov esi, ${DATA}\nmov edi, ${DATA}\nmov ecx, 100000\n1: rep movsb\nsyscall`);
    p.space.map(DATA, 0x20000, R | W);
    expect(p.cpu.run(100)).toBe(Exit.Interrupted);
    expect(get(p, 'rcx')).toBeGreaterThan(0);
    let runs = 1;
    while (p.cpu.run(100) === Exit.Interrupted) runs++;
    expect(runs).toBeGreaterThan(20);
    expect(get(p, 'rcx')).toBe(CODE + assemble(`mov esi, ${DATA}\nmov edi, ${DATA}\nmov ecx, 100000\n1: rep movsb\nsyscall`).length);
  });
});

describe('code', () => {
  /** A program whose own page is writable. */
  const writable = (source: string): Program => {
    const p = start(source);
    for (const [va, page] of p.space.pages) if (va < DATA) page.access = R | W | X;
    return p;
  };

  test('an instruction may change the next one', () => {
    // Replaces the immediate of the mov behind it, on every turn.
    const p = writable(`
      xor ecx, ecx
      xor ebx, ebx
    1: mov byte ptr [rip + 2f + 1], cl
    2: mov al, 99
      movzx eax, al
      add ebx, eax
      inc ecx
      cmp ecx, 10
      jne 1b
      syscall`);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect(get(p, 'rbx')).toBe(45);
  });

  test('a store by read-modify-write to the own page', () => {
    const p = writable(`
      xor ebx, ebx
      mov ecx, 5
    1: add byte ptr [rip + 2f + 1], 1
    2: mov al, 0
      movzx eax, al
      add ebx, eax
      loop 1b
      syscall`);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect(get(p, 'rbx')).toBe(15);
  });

  test('code written through another mapping of the page', () => {
    const p = start(`
      mov ebx, ${DATA}
      call 0x500000
      mov byte ptr [rbx + 1], 7
      mov ecx, eax
      call 0x500000
      syscall`);
    // mov al, 3; ret
    p.space.write(DATA, Uint8Array.of(0xb0, 3, 0xc3));
    p.space.pages.set(0x500000, { physical: p.space.physical(DATA), access: R | X });
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect([get(p, 'rcx'), get(p, 'rax') & 255]).toEqual([CODE + assemble(`mov ebx, ${DATA}\ncall 0x500000\nmov byte ptr [rbx + 1], 7\nmov ecx, eax\ncall 0x500000\nsyscall`).length, 7]);
  });

  test('a page that was written before it became code loses its write permission', () => {
    const p = start(`
      mov ebx, ${DATA}
      mov dword ptr [rbx], 0xc301b0
      call rbx
      mov dword ptr [rbx], 0xc302b0
      call rbx
      syscall`);
    p.space.pages.get(DATA)!.access = R | W | X;
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect(get(p, 'rax') & 255).toBe(2);
  });

  test('a kernel write through translate drops the code', () => {
    const p = start('mov eax, 1\nsyscall');
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    p.space.pages.get(CODE)!.access = R | W | X;
    const at = p.cpu.mmu.translate(p.space, CODE + 1, 2);
    expect(p.cpu.code.hasCode(at - 1)).toBe(false);
    p.cpu.memory.u8[at] = 9;
    p.cpu.state.rip = CODE;
    p.cpu.run(BUDGET);
    expect(get(p, 'rax')).toBe(9);
  });

  test('an instruction across two pages follows a change of the second', () => {
    const p = start('nop');
    const code = new Uint8Array(4096 + 16).fill(0x90);
    code.set([0xb8, 1, 0, 0, 0, 0x0f, 0x05], 4094);
    p.space.map(CODE, code.length, R | X);
    p.space.write(CODE, code);
    const again = (): number => { p.cpu.state.rip = CODE + 4090; expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall); return get(p, 'rax'); };
    expect(again()).toBe(1);
    expect(again()).toBe(1);
    // Another physical page there.
    p.space.map(CODE + 4096, 4096, R | X);
    p.space.write(CODE + 4096, Uint8Array.of(2, 0, 0, 0x0f, 0x05));
    p.cpu.mmu.invalidate(p.space, CODE + 4096, 4096);
    expect(again()).toBe(0x201);
    // The bytes change in place.
    p.cpu.code.dropPage(p.space.physical(CODE + 4096));
    p.space.write(CODE + 4096, Uint8Array.of(3, 0, 0, 0x0f, 0x05));
    expect(again()).toBe(0x301);
    p.space.pages.delete(CODE + 4096);
    p.cpu.mmu.invalidate(p.space, CODE + 4096, 4096);
    p.cpu.state.rip = CODE + 4090;
    expect(p.cpu.run(BUDGET)).toBe(Exit.Fault);
    expect(p.cpu.fault).toEqual({ vector: Vector.PF, address: CODE + 4096, access: 4 });
    expect(p.cpu.state.rip).toBe(CODE + 4094);
  });

  test('two spaces run the same physical page at different addresses', () => {
    const p = start('lea rax, [rip]\ncall 1f\n1: pop rbx\nsyscall');
    const other = new BareSpace(p.cpu);
    other.pages.set(0x700000, p.space.pages.get(CODE)!);
    other.map(STACK_TOP - 0x1000, 0x1000, R | W);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    const decoded = p.cpu.counters.blocksDecoded;
    const context = p.cpu.newContext();
    p.cpu.load(context, other);
    p.cpu.state.rip = 0x700000;
    p.cpu.state.set(Reg.rsp, STACK_TOP - 64);
    expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
    expect([get(p, 'rax'), get(p, 'rbx')]).toEqual([0x700007, 0x70000c]);
    expect(p.cpu.counters.blocksDecoded).toBe(decoded);
  });

  test('more spaces than tables', () => {
    const p = start(`mov eax, [${DATA}]\nsyscall`);
    const spaces = Array.from({ length: 20 }, (_, k) => {
      const space = new BareSpace(p.cpu);
      space.pages.set(CODE, p.space.pages.get(CODE)!);
      space.map(DATA, 4096, R | W);
      space.write(DATA, Uint8Array.of(k + 1, 0, 0, 0));
      return space;
    });
    const seen = [...spaces, ...spaces].map((space) => {
      p.cpu.load(p.cpu.newContext(), space);
      p.cpu.state.rip = CODE;
      expect(p.cpu.run(BUDGET)).toBe(Exit.Syscall);
      return get(p, 'rax');
    });
    expect(seen).toEqual([...spaces, ...spaces].map((_, k) => (k % 20) + 1));
  });

  test('contexts are saved and loaded', () => {
    const p = start('inc rax\nsyscall');
    const a = p.cpu.newContext(), b = p.cpu.newContext();
    for (const [context, value] of [[a, 10], [b, 20]] as const) {
      p.cpu.load(context, p.space);
      p.cpu.state.rip = CODE;
      p.cpu.state.set(Reg.rax, value);
    }
    p.cpu.load(a, p.space);
    p.cpu.run(BUDGET);
    expect(get(p, 'rax')).toBe(11);
    p.cpu.load(b, p.space);
    p.cpu.run(BUDGET);
    expect(get(p, 'rax')).toBe(21);
    p.cpu.load(a, p.space);
    expect(get(p, 'rax')).toBe(11);
    expect(p.cpu.state.rflags & 0x202).toBe(0x202);
  });
});
