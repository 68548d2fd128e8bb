/** The x87 escape opcodes D8–DF (SDM volume 2, tables ). FPU arithmetic works on 80-bit registers. */
import { hex2, type RowSource } from './row.ts';

const BASIC = ['fadd', 'fmul', 'fcom', 'fcomp', 'fsub', 'fsubr', 'fdiv', 'fdivr'] as const;
const COMPARE = 'w:oszapc x87';

const arithmetic: RowSource[] = BASIC.flatMap((name, i): RowSource[] => {
  const ext = `/${i}m`;
  const integer = `fi${name.slice(1)}`;
  const st = hex2(0xc0 + i * 8);
  return [
    [name, `D8 ${ext}`, 'Md', 'x87'],
    [name, `DC ${ext}`, 'Mq', 'x87'],
    [integer, `DA ${ext}`, 'Md', 'x87'],
    [integer, `DE ${ext}`, 'Mw', 'x87'],
    [name, `D8 ${st}+i`, 'ST0,STi', 'x87'],
  ];
});

/** DC and DE with a register destination exchange the reversed forms, as the hardware does. */
const toRegister: RowSource[] = (
  [['fadd', 0xc0], ['fmul', 0xc8], ['fsubr', 0xe0], ['fsub', 0xe8], ['fdivr', 0xf0], ['fdiv', 0xf8]] as const
).flatMap(([name, modrm]): RowSource[] => [
  [name, `DC ${hex2(modrm)}+i`, 'STi,ST0', 'x87'],
  [`${name}p`, `DE ${hex2(modrm)}+i`, 'STi,ST0', 'x87'],
]);

const constants: RowSource[] = (
  ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz'] as const
).map((name, i): RowSource => [name, `D9 ${hex2(0xe8 + i)}`, '', 'x87']);

const functions: RowSource[] = (
  [
    'f2xm1', 'fyl2x', 'fptan', 'fpatan', 'fxtract', 'fprem1', 'fdecstp', 'fincstp', 'fprem', 'fyl2xp1', 'fsqrt', 'fsincos', 'frndint', 'fscale', 'fsin', 'fcos',
  ] as const
).map((name, i): RowSource => [name, `D9 ${hex2(0xf0 + i)}`, '', 'x87']);

const conditional: RowSource[] = (
  [['b', 0, 'c'], ['e', 1, 'z'], ['be', 2, 'cz'], ['u', 3, 'p']] as const
).flatMap(([cc, i, flags]): RowSource[] => [
  [`fcmov${cc}`, `DA ${hex2(0xc0 + i * 8)}+i`, 'ST0,STi', `r:${flags} x87`],
  [`fcmovn${cc}`, `DB ${hex2(0xc0 + i * 8)}+i`, 'ST0,STi', `r:${flags} x87`],
]);

export const x87: readonly RowSource[] = [
  ...arithmetic, ...toRegister, ...constants, ...functions, ...conditional,
  // Undocumented twins that processors accept.
  ['fcom', 'DC D0+i', 'ST0,STi', 'x87'],
  ['fcomp', 'DC D8+i', 'ST0,STi', 'x87'],
  ['fcomp', 'DE D0+i', 'ST0,STi', 'x87'],
  ['fxch', 'DD C8+i', 'ST0,STi', 'x87'],
  ['fxch', 'DF C8+i', 'ST0,STi', 'x87'],
  ['fstp', 'DF D0+i', 'STi', 'x87'],
  ['fstp', 'DF D8+i', 'STi', 'x87'],
  ['fld', 'D9 /0m', 'Md', 'x87'],
  ['fst', 'D9 /2m', 'Md', 'x87'],
  ['fstp', 'D9 /3m', 'Md', 'x87'],
  ['fldenv', 'D9 /4m', 'M', 'x87'],
  ['fldcw', 'D9 /5m', 'Mw', 'x87'],
  ['fnstenv', 'D9 /6m', 'M', 'x87'],
  ['fnstcw', 'D9 /7m', 'Mw', 'x87'],
  ['fld', 'D9 C0+i', 'STi', 'x87'],
  ['fxch', 'D9 C8+i', 'ST0,STi', 'x87'],
  ['fnop', 'D9 D0', '', 'x87'],
  ['fchs', 'D9 E0', '', 'x87'],
  ['fabs', 'D9 E1', '', 'x87'],
  ['ftst', 'D9 E4', '', 'x87'],
  ['fxam', 'D9 E5', '', 'x87'],
  ['fucompp', 'DA E9', '', 'x87'],
  ['fild', 'DB /0m', 'Md', 'x87'],
  ['fisttp', 'DB /1m', 'Md', 'x87'],
  ['fist', 'DB /2m', 'Md', 'x87'],
  ['fistp', 'DB /3m', 'Md', 'x87'],
  ['fld', 'DB /5m', 'Mt', 'x87'],
  ['fstp', 'DB /7m', 'Mt', 'x87'],
  ['fnclex', 'DB E2', '', 'x87'],
  ['fninit', 'DB E3', '', 'x87'],
  // 287 leftovers that do nothing since the 387.
  ['fnop', 'DB E0', '', 'x87'],
  ['fnop', 'DB E1', '', 'x87'],
  ['fnop', 'DB E4', '', 'x87'],
  ['fucomi', 'DB E8+i', 'ST0,STi', COMPARE],
  ['fcomi', 'DB F0+i', 'ST0,STi', COMPARE],
  ['fld', 'DD /0m', 'Mq', 'x87'],
  ['fisttp', 'DD /1m', 'Mq', 'x87'],
  ['fst', 'DD /2m', 'Mq', 'x87'],
  ['fstp', 'DD /3m', 'Mq', 'x87'],
  ['frstor', 'DD /4m', 'M', 'x87'],
  ['fnsave', 'DD /6m', 'M', 'x87'],
  ['fnstsw', 'DD /7m', 'Mw', 'x87'],
  ['ffree', 'DD C0+i', 'STi', 'x87'],
  ['fst', 'DD D0+i', 'STi', 'x87'],
  ['fstp', 'DD D8+i', 'STi', 'x87'],
  ['fucom', 'DD E0+i', 'ST0,STi', 'x87'],
  ['fucomp', 'DD E8+i', 'ST0,STi', 'x87'],
  ['fcompp', 'DE D9', '', 'x87'],
  ['fild', 'DF /0m', 'Mw', 'x87'],
  ['fisttp', 'DF /1m', 'Mw', 'x87'],
  ['fist', 'DF /2m', 'Mw', 'x87'],
  ['fistp', 'DF /3m', 'Mw', 'x87'],
  ['fbld', 'DF /4m', 'Mt', 'x87'],
  ['fild', 'DF /5m', 'Mq', 'x87'],
  ['fbstp', 'DF /6m', 'Mt', 'x87'],
  ['fistp', 'DF /7m', 'Mq', 'x87'],
  ['ffreep', 'DF C0+i', 'STi', 'x87'],
  ['fnstsw', 'DF E0', 'AX', 'x87'],
  ['fucomip', 'DF E8+i', 'ST0,STi', COMPARE],
  ['fcomip', 'DF F0+i', 'ST0,STi', COMPARE],
];
