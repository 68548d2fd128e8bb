/**
 * VEX encodings (level v3: AVX, AVX2, FMA, F16C, BMI1, BMI2; SDM volume 2, tables ). The AVX forms of SSE instructions
 * follow from the SSE rows: same map, prefix and opcode, whole vectors in place of 16 bytes, and for most a further source in VEX.vvvv.
 */
import { hex2, type RowSource } from './row.ts';
import { sse } from './sse.ts';

/** SSE instructions whose VEX form takes no further source. */
const TWO_OPERAND = new RegExp(
  '^(mov(up[sd]|ap[sd]|dqa|dqu|d|q|ddup|s[lh]dup|nt(ps|pd|dq|dqa)|msk(ps|pd))|lddqu|pshuf(d|hw|lw)|cvt.*(2si|2dq|2ps|2pd)|(sqrt|rsqrt|rcp)p[sd]|pabs.|' +
  'pmov.*|ptest|phminposuw|roundp[sd]|u?comis[sd]|pextr.|extractps|pcmp.str.|aesimc|aeskeygenassist|maskmovdqu)$',
);
/** Those with another encoding, or none. */
const ABSENT = /^(pblendvb|blendvp[sd]|sha.*)$/;
/** Shifts by an immediate write VEX.vvvv. */
const shifted = (operands: string): string => operands.replace('Udq', 'Hx,Ux');

const WIDENING: Readonly<Record<string, string>> = { q: 'xh', d: 'xe', w: 'xf' };
const NARROWING = /^cvt(pd2ps|pd2dq|tpd2dq)$/;

function operandsOf(name: string, operands: string): string {
  const wide = (codes: string): string => codes.replaceAll('dq', 'x');
  if (/^[UN]dq,Ib$/.test(operands)) return shifted(operands);
  if (NARROWING.test(name)) return 'Vdq,Wx';
  if (/^(pmov[sz]x..|cvtps2pd|cvtdq2pd)$/.test(name)) return `Vx,W${WIDENING[operands.split(',W')[1]!]!}`;
  if (TWO_OPERAND.test(name) || /^M/.test(operands)) return wide(operands);
  if (/^movs[sd]$/.test(name)) return operands;
  const [target, ...sources] = operands.split(',');
  // Shift counts stay 16 bytes.
  const rest = /^ps(ll|rl|ra)/.test(name) ? sources.join(',') : wide(sources.join(','));
  return `${wide(target!)},${target === 'Vdq' ? 'Hx' : 'Hdq'},${rest}`;
}

/** Those that have no 32-byte form. */
const SHORT = /^(mov(d|q|[lh]p[sd]|hlps|lhps)|pinsr.|pextr.|insertps|extractps|maskmovdqu|phminposuw|pcmp.str.|dppd|aesimc|aeskeygenassist)$/;

const feature = (name: string, operands: string): string =>
  /^(p(?!clmul|cmp.str|test)|mpsadbw)/.test(name) && operands.includes('x') ? 'avx2' : 'avx';

const fromSse: RowSource[] = sse.flatMap(([name, encoding, operands = '', attributes = '']): RowSource[] => {
  if (/[PQN]q/.test(operands) || name === 'emms' || ABSENT.test(name)) return [];
  const flags = attributes.split(' ').filter((a) => a[1] === ':').join(' ');
  const length = SHORT.test(name) ? 'L0 ' : '';
  const row = (codes: string): RowSource => [`v${name}`, `VEX ${encoding}`, codes, `${flags} ${length}${feature(name, codes)}`.trim()];
  if (/^movs[sd]$/.test(name)) {
    const [to, from] = operands.split(',');
    const memory = operands.replace('W', 'M');
    return [row(memory), row(to![0] === 'V' ? `${to!},H${to![1]!},U${from![1]!}` : `U${to![1]!},H${to![1]!},${from!}`)];
  }
  return [row(operandsOf(name, operands))];
});

const FMA_KINDS = ['fmaddsub', 'fmsubadd', 'fmadd', 'fmadd', 'fmsub', 'fmsub', 'fnmadd', 'fnmadd', 'fnmsub', 'fnmsub'] as const;
const fma: RowSource[] = ['132', '213', '231'].flatMap((order, j) => FMA_KINDS.flatMap((name, i): RowSource[] => {
  const scalar = i >= 2 && i % 2 === 1;
  const encoding = `VEX 66 0F 38 ${hex2(0x96 + 16 * j + i)}`;
  return scalar
    ? [[`v${name}${order}ss`, encoding, 'Vd,Hd,Wd', 'fma'], [`v${name}${order}sd`, `${encoding} W1`, 'Vq,Hq,Wq', 'fma']]
    : [[`v${name}${order}ps`, encoding, 'Vx,Hx,Wx', 'fma'], [`v${name}${order}pd`, `${encoding} W1`, 'Vx,Hx,Wx', 'fma']];
}));

/** AMD's four-operand forms, for the length only: no level announces them. */
const fma4: RowSource[] = (
  [['fmaddsub', 0x5c, 2], ['fmsubadd', 0x5e, 2], ['fmadd', 0x68, 4], ['fmsub', 0x6c, 4], ['fnmadd', 0x78, 4], ['fnmsub', 0x7c, 4]] as const
).flatMap(([name, op, n]) => ['ps', 'pd', 'ss', 'sd'].slice(0, n).map((type, i): RowSource => [`v${name}${type}`, `VEX 66 0F 3A ${hex2(op + i)}`, 'Vx,Hx,Wx,Lx', 'fma4']));

const pair = (d: string, q: string, opcode: string, operands: string, attributes: string): RowSource[] => [
  [d, `VEX 66 0F 38 ${opcode}`, operands, attributes],
  [q, `VEX 66 0F 38 ${opcode} W1`, operands, attributes],
];

const avx: RowSource[] = [
  ['vzeroupper', 'VEX NP 0F 77', '', 'avx'],
  ['vzeroall', 'VEX NP 0F 77 L1', '', 'avx'],
  ['vldmxcsr', 'VEX NP 0F AE /2m', 'Md', 'L0 avx'],
  ['vstmxcsr', 'VEX NP 0F AE /3m', 'Md', 'L0 avx'],
  ['vpermilps', 'VEX 66 0F 38 0C', 'Vx,Hx,Wx', 'avx'],
  ['vpermilpd', 'VEX 66 0F 38 0D', 'Vx,Hx,Wx', 'avx'],
  ['vtestps', 'VEX 66 0F 38 0E', 'Vx,Wx', 'w:oszapc avx'],
  ['vtestpd', 'VEX 66 0F 38 0F', 'Vx,Wx', 'w:oszapc avx'],
  ['vcvtph2ps', 'VEX 66 0F 38 13', 'Vx,Wxh', 'f16c'],
  ['vpermps', 'VEX 66 0F 38 16', 'Vx,Hx,Wx', 'avx2'],
  ['vbroadcastss', 'VEX 66 0F 38 18', 'Vx,Wd', 'avx'],
  ['vbroadcastsd', 'VEX 66 0F 38 19', 'Vqq,Wq', 'avx'],
  ['vbroadcastf128', 'VEX 66 0F 38 1A', 'Vqq,Mdq', 'avx'],
  ['vmaskmovps', 'VEX 66 0F 38 2C', 'Vx,Hx,Mx', 'avx'],
  ['vmaskmovpd', 'VEX 66 0F 38 2D', 'Vx,Hx,Mx', 'avx'],
  ['vmaskmovps', 'VEX 66 0F 38 2E', 'Mx,Hx,Vx', 'avx'],
  ['vmaskmovpd', 'VEX 66 0F 38 2F', 'Mx,Hx,Vx', 'avx'],
  ['vpermd', 'VEX 66 0F 38 36', 'Vx,Hx,Wx', 'avx2'],
  ...pair('vpsrlvd', 'vpsrlvq', '45', 'Vx,Hx,Wx', 'avx2'),
  ['vpsravd', 'VEX 66 0F 38 46', 'Vx,Hx,Wx', 'avx2'],
  ...pair('vpsllvd', 'vpsllvq', '47', 'Vx,Hx,Wx', 'avx2'),
  ...['vpdpbusd', 'vpdpbusds', 'vpdpwssd', 'vpdpwssds'].map((name, i): RowSource => [name, `VEX 66 0F 38 ${hex2(0x50 + i)}`, 'Vx,Hx,Wx', 'avx-vnni']),
  ['vpbroadcastd', 'VEX 66 0F 38 58', 'Vx,Wd', 'avx2'],
  ['vpbroadcastq', 'VEX 66 0F 38 59', 'Vx,Wq', 'avx2'],
  ['vbroadcasti128', 'VEX 66 0F 38 5A', 'Vqq,Mdq', 'avx2'],
  ['vpbroadcastb', 'VEX 66 0F 38 78', 'Vx,Wb', 'avx2'],
  ['vpbroadcastw', 'VEX 66 0F 38 79', 'Vx,Ww', 'avx2'],
  ...pair('vpmaskmovd', 'vpmaskmovq', '8C', 'Vx,Hx,Mx', 'avx2'),
  ...pair('vpmaskmovd', 'vpmaskmovq', '8E', 'Mx,Hx,Vx', 'avx2'),
  ...pair('vpgatherdd', 'vpgatherdq', '90', 'Vx,M,Hx', 'vsib avx2'),
  ...pair('vpgatherqd', 'vpgatherqq', '91', 'Vx,M,Hx', 'vsib avx2'),
  ...pair('vgatherdps', 'vgatherdpd', '92', 'Vx,M,Hx', 'vsib avx2'),
  ...pair('vgatherqps', 'vgatherqpd', '93', 'Vx,M,Hx', 'vsib avx2'),
  ['vpermq', 'VEX 66 0F 3A 00', 'Vqq,Wqq,Ib', 'avx2'],
  ['vpermpd', 'VEX 66 0F 3A 01', 'Vqq,Wqq,Ib', 'avx2'],
  ['vpblendd', 'VEX 66 0F 3A 02', 'Vx,Hx,Wx,Ib', 'avx2'],
  ['vpermilps', 'VEX 66 0F 3A 04', 'Vx,Wx,Ib', 'avx'],
  ['vpermilpd', 'VEX 66 0F 3A 05', 'Vx,Wx,Ib', 'avx'],
  ['vperm2f128', 'VEX 66 0F 3A 06', 'Vqq,Hqq,Wqq,Ib', 'avx'],
  ['vinsertf128', 'VEX 66 0F 3A 18', 'Vqq,Hqq,Wdq,Ib', 'avx'],
  ['vextractf128', 'VEX 66 0F 3A 19', 'Wdq,Vqq,Ib', 'avx'],
  ['vcvtps2ph', 'VEX 66 0F 3A 1D', 'Wxh,Vx,Ib', 'f16c'],
  ['vinserti128', 'VEX 66 0F 3A 38', 'Vqq,Hqq,Wdq,Ib', 'avx2'],
  ['vextracti128', 'VEX 66 0F 3A 39', 'Wdq,Vqq,Ib', 'avx2'],
  ['vperm2i128', 'VEX 66 0F 3A 46', 'Vqq,Hqq,Wqq,Ib', 'avx2'],
  ['vblendvps', 'VEX 66 0F 3A 4A', 'Vx,Hx,Wx,Lx', 'avx'],
  ['vblendvpd', 'VEX 66 0F 3A 4B', 'Vx,Hx,Wx,Lx', 'avx'],
  ['vpblendvb', 'VEX 66 0F 3A 4C', 'Vx,Hx,Wx,Lx', 'avx'],
];

const bmi: RowSource[] = [
  ['andn', 'VEX NP 0F 38 F2', 'Gy,By,Ey', 'w:oszapc u:ap L0 bmi1'],
  ['blsr', 'VEX NP 0F 38 F3 /1', 'By,Ey', 'w:oszapc u:ap L0 bmi1'],
  ['blsmsk', 'VEX NP 0F 38 F3 /2', 'By,Ey', 'w:oszapc u:ap L0 bmi1'],
  ['blsi', 'VEX NP 0F 38 F3 /3', 'By,Ey', 'w:oszapc u:ap L0 bmi1'],
  ['bzhi', 'VEX NP 0F 38 F5', 'Gy,Ey,By', 'w:oszapc u:ap L0 bmi2'],
  ['pext', 'VEX F3 0F 38 F5', 'Gy,By,Ey', 'L0 bmi2'],
  ['pdep', 'VEX F2 0F 38 F5', 'Gy,By,Ey', 'L0 bmi2'],
  ['mulx', 'VEX F2 0F 38 F6', 'Gy,By,Ey', 'L0 bmi2'],
  ['bextr', 'VEX NP 0F 38 F7', 'Gy,Ey,By', 'w:oszapc u:sap L0 bmi1'],
  ['shlx', 'VEX 66 0F 38 F7', 'Gy,Ey,By', 'L0 bmi2'],
  ['sarx', 'VEX F3 0F 38 F7', 'Gy,Ey,By', 'L0 bmi2'],
  ['shrx', 'VEX F2 0F 38 F7', 'Gy,Ey,By', 'L0 bmi2'],
  ['rorx', 'VEX F2 0F 3A F0', 'Gy,Ey,Ib', 'L0 bmi2'],
];

export const vex: readonly RowSource[] = [...fromSse, ...avx, ...fma, ...fma4, ...bmi];
